// Sizes of the window, light and dark, paper, accessibility, reduced motion.

"use strict";

const assert = require("assert").strict;
const fs = require("fs");
const {moduleOf, openFile} = require("./browser.js");
const {MEASURED} = require("./measured.js");
const {textFaults} = require("./texts.js");

const SIZES = [{width: 1280, height: 720}, {width: 1920, height: 1080}, {width: 390, height: 844}];
const TEXT_LEAST = 22; /* pixels at 1280x720: legible from the back row */

/* of several verdicts, and one that no run decides */
const CLAIMS = ["three-way-handshake", "somaxconn-128", "closed-port-refuses", "tw-recycle"];

function pageOf(shop) {
    return shop.page(shop.document("rst-on-overflow").file);
}

function indexOf(shop) {
    return shop.page(shop.document("rst-on-overflow").file, shop.document("close-by-client").file,
                     shop.document("third-ack-dropped").file);
}

/** Elements of the first screen beyond the window's edge, and texts cut by the stage's. */
function beyondEdges() {
    const words = (e) => `${e.tagName}.${e.getAttribute("class") || e.id}: ${e.textContent.trim()}`;
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth)
        found.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.querySelectorAll("#film *")) {
        if (element.closest(".said, #track") ||
            !element.checkVisibility({visibilityProperty: true}))
            continue;
        const box = element.getBoundingClientRect();
        if (box.width && (box.left < -1 || box.right > innerWidth + 1))
            found.push(`${words(element)} from ${box.left} to ${box.right}`);
    }
    return found;
}

async function edges(shop, size, dark) {
    const {browser} = shop;
    const moments = [0, 0.3, 0.6, 1];
    for (const name of ["rst-on-overflow", "close-by-client"]) {
        const page = await openFile(browser, shop.page(shop.document(name).file),
                                    {viewport: size, dark});
        for (const part of moments) {
            await page.evaluate((at) => window.tcplab.clock.seek(window.tcplab.film.end_ms * at),
                part);
            assert.deepEqual(await page.evaluate(beyondEdges), [],
                `${name} at ${part} of the film`);
        }
        assert.deepEqual(page.complaints, []);
    }
    let page;
    for (const file of [indexOf(shop), shop.claims(...CLAIMS).page]) {
        page = await openFile(browser, file, {viewport: size, dark});
        assert.deepEqual(await page.evaluate(beyondEdges), [], file);
    }
    const ground = await page.evaluate(() =>
        getComputedStyle(document.documentElement).backgroundColor);
    const bright = ground.match(/\d+/g).reduce((sum, n) => sum + Number(n), 0) / 3;
    assert(dark ? bright < 60 : bright > 200, `the ground is ${ground}`);
}

/** [size, words] of what is written on the first screen, but for the foot, the scale of time, and
 *  the names of the controls. A token of three digits or more has smaller ones. Runs in the
 *  page. */
function textSizes() {
    const sizes = [];
    for (const element of document.querySelectorAll("#film *")) {
        const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        if (!own || element.closest("#foot, #track, #controls, title, option, .said") ||
            !element.checkVisibility({visibilityProperty: true}))
            continue;
        const matrix = element.getScreenCTM && element.getScreenCTM();
        const scale = matrix ? Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) : 1;
        sizes.push([parseFloat(getComputedStyle(element).fontSize) * scale,
                    `${element.getAttribute("class") || element.id}: ${element.textContent}`]);
    }
    return sizes;
}

async function sizesOfText(shop) {
    let least = Infinity;
    for (const name of ["rst-on-overflow", "third-ack-dropped", "close-by-client",
                        "syn-cookie-ghosts", "time-wait-reuse"]) {
        const page = await openFile(shop.browser, shop.page(shop.document(name).file));
        for (const part of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
            await page.evaluate((at) => window.tcplab.clock.seek(window.tcplab.film.end_ms * at),
                part);
            const sizes = await page.evaluate(textSizes);
            assert(sizes.length > 10);
            const small = sizes.filter(([size]) => size < TEXT_LEAST - 0.05);
            assert.deepEqual(small, [], `${name} at ${part} of the film`);
            least = Math.min(least, ...sizes.map(([size]) => size));
        }
    }
    return `${least.toFixed(1)} px or more`;
}

/* long sentences and counters; many connections, places and states; few; loopback; lost segments */
const FILMS = ["rst-on-overflow", "accept-queue-full", "third-ack-dropped", "queued-client-leaves",
               "close-wait-leak", "time-wait-assassination", "keepalive-reboot",
               "simultaneous-open", "close-by-client"];
/* Not reuseport-queues: SYNs that two full queues drop lie on each other in some of its runs. */

async function texts(shop, name) {
    const file = shop.page(shop.document(name).file);
    for (const viewport of SIZES) {
        const page = await openFile(shop.browser, file, {viewport, still: true});
        assert.deepEqual(await page.evaluate(textFaults, 10), [], `at ${viewport.width}`);
        await page.close();
    }
}

/** What is on paper at that moment; the page's own listener has been called before. Runs in the
 *  page. */
function noteOnPaper() {
    addEventListener("beforeprint", () => {
        window.onPaper = {
            t: window.tcplab.clock.t_ms, cards: document.querySelectorAll("#stage .card").length,
            covered: document.querySelectorAll("#page .covered, #page .cover:not([hidden])").length,
            rows: document.querySelectorAll(".ledger-rows tr").length,
            checks: [...document.querySelectorAll("#checks .verdict.is-agree")].length,
            curves: document.querySelectorAll("#curves .curve-area").length,
        };
    });
}

async function paper(shop, dark) {
    const {content, file: saved} = shop.document("rst-on-overflow");
    const [run] = content.runs, reset = run.stops.find(({what}) => what === "first_reset");
    const page = await openFile(shop.browser, shop.page(saved), {dark});
    await page.evaluate(noteOnPaper);
    const file = shop.file(`paper-${dark}.pdf`);
    await page.pdf({path: file, format: "A4", landscape: true, printBackground: true});
    const pdf = fs.readFileSync(file, "latin1");
    assert(pdf.startsWith("%PDF-"));
    const pages = (pdf.match(/\/Type\s*\/Page\b/g) || []).length;
    assert(pages >= 3 && pages <= 12, `${pages} pages`);
    const {t, cards, covered, rows, checks, curves} = await page.evaluate(() => window.onPaper);
    assert(t > reset.t_ms && t < reset.t_ms + run.knobs.delay_us / 1000, `the stage at ${t} ms`);
    assert(cards > 0 && curves > 0, `${cards} cards, ${curves} areas`);
    assert.equal(covered, 0);
    const {attempted, ...ledger} = run.ledger;
    assert.equal(rows, Object.values(ledger).filter((n) => n > 0).length + 1);
    assert.equal(checks, run.checks.filter(({verdict}) => verdict === "agree").length);
    const back = await page.evaluate(() => [
        window.tcplab.clock.t_ms, document.querySelectorAll(".cover:not([hidden])").length]);
    assert(back[0] === 0 && back[1] > 0, "the window has what it had");

    await page.emulateMediaType("print");
    const shown = await page.evaluate(() =>
        ["stage-picture", "ladder", "curves", "ledger", "controls"]
        .filter((id) => document.getElementById(id)?.checkVisibility()));
    assert.deepEqual(shown, ["stage-picture", "ladder", "curves", "ledger"], "what is on paper");
    const ground = await page.evaluate(() =>
        getComputedStyle(document.documentElement).backgroundColor);
    assert.equal(ground, "rgb(255, 255, 255)", "paper is white");
    assert.deepEqual(page.complaints, []);
    return `${pages} pages`;
}

async function accessible(shop, file, dark, prepare) {
    const page = await openFile(shop.browser, file, {dark});
    await page.addScriptTag({content: moduleOf(shop.build, "axe-core").source});
    await page.evaluate(prepare);
    const found = await page.evaluate(async () => {
        const {violations} = await window.axe.run(document, {resultTypes: ["violations"]});
        return violations.map(({id, impact, nodes}) =>
            ({id, impact, n: nodes.length, first: nodes[0].html.slice(0, 200),
              why: nodes[0].failureSummary}));
    });
    const grave = found.filter(({impact}) => ["serious", "critical"].includes(impact));
    assert.deepEqual(grave, []);
    return found.length ? `lesser ones: ${found.map(({id}) => id).join(" ")}` : "";
}

const middle = () => window.tcplab.clock.seek(window.tcplab.film.end_ms / 3);
const uncovered = () => {
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "R", bubbles: true}));
    window.tcplab.clock.seek(window.tcplab.film.end_ms);
};
const list = () => document.body.dispatchEvent(new KeyboardEvent("keydown",
    {key: "?", bubbles: true}));
const nothing = () => {};

/** Whether something on the stage glides after a step. Runs in the page. */
function glides() {
    const {clock, film} = window.tcplab;
    let most = 0;
    clock.seek(film.beginning_ms);
    while (clock.t_ms < film.end_ms) {
        clock.step(1);
        document.body.getBoundingClientRect();
        most = Math.max(most, document.getAnimations().length);
    }
    return most;
}

async function motion(shop) {
    const moving = await openFile(shop.browser, pageOf(shop));
    assert(await moving.evaluate(glides) > 0, "tokens glide where nobody objects");
    const still = await openFile(shop.browser, pageOf(shop), {still: true});
    assert.equal(await still.evaluate(glides), 0, "no transition");
}

const themes = [["light", false], ["dark", true]];

module.exports = [
    ...SIZES.flatMap((size) => themes.map(([name, dark]) =>
        [`edges at ${size.width}x${size.height}, ${name}`, (shop) => edges(shop, size, dark)])),
    ["sizes of text at 1280x720", sizesOfText],
    ...FILMS.map((name) => [`whole texts: ${name}`, (shop) => texts(shop, name)]),
    ...themes.map(([name, dark]) => [`paper, ${name}`, (shop) => paper(shop, dark)]),
    ...themes.flatMap(([name, dark]) => [
        [`axe: film, ${name}`, (shop) => accessible(shop, pageOf(shop), dark, middle)],
        [`axe: uncovered, ${name}`, (shop) => accessible(shop, pageOf(shop), dark, uncovered)],
        [`axe: keys, ${name}`, (shop) => accessible(shop, pageOf(shop), dark, list)],
        [`axe: index, ${name}`, (shop) => accessible(shop, indexOf(shop), dark, nothing)],
        [`axe: claims, ${name}`, (shop) => accessible(shop, shop.claims(...CLAIMS).page, dark,
                                                      nothing)],
        ...MEASURED.map((args, i) => [
            `axe: ${args[0]} ${i + 1}, ${name}`,
            (shop) => accessible(shop, shop.measured(...args).page, dark, nothing)]),
    ]),
    ["reduced motion", motion],
];
