// Documents that somebody else wrote: their words are shown as words, and nothing of them runs.

"use strict";

const assert = require("assert").strict;
const fs = require("fs");
const path = require("path");
const {openFile} = require("./browser.js");

const DATA = path.join(__dirname, "../data");
const WORDS = [
    "</script><script>window.hacked = 1</script>",
    "<!--<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "\"><svg onload=window.hacked=1><a href=\"",
    "' onmouseover='window.hacked = 1' x='",
    "\u2028window.hacked = 1;\u2029//",
    "javascript:window.hacked = 1",
    "</style></title></textarea><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "{t} ${window.hacked = 1} {{constructor}}",
    "\\\"};window.hacked = 1;({\"",
    "\u202eevil\u0001\ud83d\ude00",
];

/** The document with other words where a string stands whose key is asked for. */
function withWords(value, words, wanted, key = "") {
    if (typeof value === "string")
        return wanted(key) ? words : value;
    if (Array.isArray(value))
        return value.map((item) => withWords(item, words, wanted, key));
    if (value && typeof value === "object")
        return Object.fromEntries(Object.entries(value).map(([name, item]) =>
            [name, withWords(item, words, wanted, name)]));
    return value;
}

/** The page that the program makes, with that document in the place of its own. */
function pageWith(shop, name, content) {
    const page = fs.readFileSync(shop.page(shop.document("rst-on-overflow").file), "utf8");
    const text = typeof content === "string" ? content
        : JSON.stringify(content).replace(/</g, "\\u003c");
    const mark = /(<script type="application\/json" id="document">)[^<]*/;
    assert(mark.test(page));
    return shop.save(name, page.replace(mark, (whole, tag) => tag + text));
}

/** All that a reader would touch. Runs in the page. */
function useAll() {
    const press = (key) => document.body.dispatchEvent(
        new KeyboardEvent("keydown", {key, bubbles: true}));
    press("R");
    for (const link of document.querySelectorAll("#index a"))
        link.click();
    document.querySelectorAll("details").forEach((element) => { element.open = true; });
    const {clock, film, context} = window.tcplab;
    for (let i = 0; i <= 10; i++)
        clock.seek(film.end_ms * i / 10);
    context.setFollow(film.connections.length ? film.connections[0].id : null);
    document.querySelectorAll("#film *, #below *").forEach((element) =>
        element.dispatchEvent(new MouseEvent("mouseover", {bubbles: true})));
}

/** Script and addresses that the page did not bring itself. Runs in the page. */
function strangers() {
    const found = window.hacked ? ["a script of the document ran"] : [];
    for (const element of document.querySelectorAll("iframe, img, object, embed, base"))
        found.push(element.outerHTML);
    if (document.scripts.length !== 2)
        found.push(`${document.scripts.length} scripts`);
    for (const element of document.querySelectorAll("*"))
        for (const {name, value} of element.attributes)
            if (name.startsWith("on") || (name === "href" && !/^(#|data:|blob:)/.test(value)))
                found.push(`${element.tagName} ${name}=${value}`);
    return found;
}

/** Made by the program itself: what it embeds does not end the element it stands in. */
async function words(shop) {
    const {content} = shop.document("rst-on-overflow");
    const free = (key) =>
        ["question", "rule", "reason", "caption", "cpu", "governor"].includes(key);
    for (const [i, evil] of WORDS.entries()) {
        const changed = withWords(content, evil, free);
        changed.runs[0].knobs[evil] = evil;
        const file = shop.page(shop.save(`hostile-${i}.json`, JSON.stringify(changed)));
        const page = await openFile(shop.browser, file);
        assert.equal(await page.$eval("#question", (e) => e.textContent), evil);
        await page.evaluate(useAll);
        assert.deepEqual(await page.evaluate(strangers), [], evil);
        assert.deepEqual(page.complaints, [], evil);
        await page.close();
    }
    return `${WORDS.length} texts`;
}

/** Every string but the schema, and names of keys: errors are allowed, a foreign script is not. */
async function everywhere(shop) {
    const {content} = shop.document("rst-on-overflow");
    for (const [i, evil] of WORDS.entries()) {
        const changed = withWords(content, evil, (key) => key !== "schema");
        changed.runs.push(JSON.parse(JSON.stringify(content.runs[0]), (key, value) =>
            key === "counters" ? {server: {[evil]: 1}} : value));
        const page = await openFile(shop.browser, pageWith(shop, `everywhere-${i}.html`, changed));
        await page.evaluate(useAll).catch(() => {});
        assert.deepEqual(await page.evaluate(strangers), [], evil);
        const alien = page.complaints.filter((what) => /dialog|request/.test(what));
        assert.deepEqual(alien, [], evil);
        await page.close();
    }
}

async function older(shop) {
    const file = shop.page(path.join(DATA, "run-rst-on-overflow.json"));
    const page = await openFile(shop.browser, file);
    await page.evaluate(useAll);
    const seen = await page.evaluate(() => {
        window.tcplab.clock.seek(window.tcplab.film.end_ms);
        return {stage: document.querySelector("#stage svg").textContent,
                arrows: document.querySelectorAll("#ladder .ladder-segment").length,
                rows: document.querySelectorAll("#ledger tr").length};
    });
    assert(seen.stage.includes("older document"), seen.stage);
    assert(seen.arrows >= 4 && seen.rows >= 2, JSON.stringify(seen));
    assert.deepEqual(page.complaints, []);
}

async function damaged(shop) {
    const {content} = shop.document("rst-on-overflow");
    const whole = JSON.stringify(content).replace(/</g, "\\u003c");
    for (const [i, text] of ["", "{", "null", "[]", "{\"runs\": []}", "{\"runs\": 7}",
                             whole.slice(0, whole.length / 2)].entries()) {
        const page = await openFile(shop.browser, pageWith(shop, `damaged-${i}.html`, text));
        const said = await page.$eval("#message", (e) => e.checkVisibility() && e.textContent);
        assert.match(String(said), /holds no run/, text.slice(0, 40));
        await page.close();
    }
}

module.exports = [
    ["hostile words are shown as words", words],
    ["hostile words everywhere", everywhere],
    ["a document of version 1", older],
    ["a damaged document", damaged],
];
