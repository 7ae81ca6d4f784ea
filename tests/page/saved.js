// What the page hands over as files: pictures that stand alone, and its document.

"use strict";

const assert = require("assert").strict;
const fs = require("fs");
const path = require("path");
const {openFile, saveBy} = require("./browser.js");

/** The picture that a button of the page saves: XML, no script, nothing from elsewhere. */
async function picture(shop, button, dark) {
    const page = await openFile(shop.browser, shop.page(shop.document("rst-on-overflow").file),
                                {dark});
    await page.evaluate(() => window.tcplab.clock.seek(window.tcplab.film.end_ms / 3));
    const file = await saveBy(page, button, path.join(shop.folder, `${button}-${dark}`));
    const content = fs.readFileSync(file, "utf8");
    assert(file.endsWith(".svg") && content.length < 200000, `${file}: ${content.length} bytes`);
    assert(!/<script|\son\w+=|javascript:|url\(["']?[^#)"']|@import/i.test(content),
           "there is a script or an address in it");
    assert.deepEqual(page.complaints, []);

    const alone = await openFile(shop.browser, file, {dark});
    const seen = await alone.evaluate(() => ({
        root: document.documentElement.localName,
        errors: document.getElementsByTagName("parsererror").length,
        texts: document.querySelectorAll("text").length,
        ground: getComputedStyle(document.documentElement).backgroundColor,
        colours: new Set([...document.querySelectorAll("rect, path, line")].map((e) =>
            getComputedStyle(e).fill + getComputedStyle(e).stroke)).size,
    }));
    assert.deepEqual([seen.root, seen.errors], ["svg", 0], "well-formed XML");
    assert(seen.texts > 5 && seen.colours > 3, `${seen.texts} texts, ${seen.colours} colours`);
    assert.notEqual(seen.ground, "rgba(0, 0, 0, 0)", "it has a ground of its own");
    assert.deepEqual(alone.complaints, []);
    return `${content.length} bytes`;
}

async function savedDocument(shop) {
    const {file, content} = shop.document("rst-on-overflow");
    const page = await openFile(shop.browser, shop.page(file));
    const saved = await saveBy(page, "save-document", path.join(shop.folder, "saved-document"));
    assert.deepEqual(JSON.parse(fs.readFileSync(saved, "utf8")), content);
    assert.deepEqual(page.complaints, []);
}

module.exports = [
    ...["save-stage", "save-ladder", "save-curves"].flatMap((button) =>
        [["light", false], ["dark", true]].map(([name, dark]) =>
            [`${button}, ${name}`, (shop) => picture(shop, button, dark)])),
    ["save-document", savedDocument],
];
