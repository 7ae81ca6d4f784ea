// What a lecturer needs beside the film itself: stops with a question, calls, the ledger that adds
// up, names that are words, limits that change, two films side by side. What is expected is worked
// out from the document.

"use strict";

const assert = require("assert").strict;
const {openFile} = require("./browser.js");

const open = (shop, name) => openFile(shop.browser, shop.page(shop.document(name).file));

/** Plays at once to the next halt: its moment, and what the sentence says. */
function playToHalt(from) {
    const {clock} = window.tcplab;
    clock.seek(from);
    clock.setSpeed(9);
    clock.play();
    return new Promise((resolve) => {
        const look = () => clock.playing ? requestAnimationFrame(look) : resolve({
            t: clock.t_ms, what: clock.halted && clock.halted.what,
            sentence: document.getElementById("sentence").textContent});
        requestAnimationFrame(look);
    });
}

async function marks(shop) {
    const {content} = shop.document("rst-on-overflow");
    const {stops, knobs} = content.runs[0];
    const mark = stops.find(({what}) => what === "mark");
    assert(mark && mark.sentence.includes(`${knobs.prefill} wait`) &&
           mark.sentence.includes(`${knobs.clients} clients`), JSON.stringify(stops));
    const page = await open(shop, "rst-on-overflow");
    const halted = await page.evaluate(playToHalt, mark.t_ms - 30);
    assert.equal(halted.what, "mark");
    assert(halted.t <= mark.t_ms && halted.t > mark.t_ms - 6, `${halted.t}, ${mark.t_ms}`);
    assert(halted.sentence.includes(mark.sentence), halted.sentence);
    await page.evaluate(() => window.tcplab.clock.seek(0));
    await page.click("#jump-mark-1");
    const jumped = await page.evaluate(() => [window.tcplab.clock.t_ms,
                                              document.getElementById("sentence").textContent]);
    assert.deepEqual(jumped, [halted.t, halted.sentence], "the button goes there, too");
    const next = await page.evaluate(playToHalt, halted.t);
    assert(next.t > halted.t + 1, "it goes on from a halt");
    assert.deepEqual(page.complaints, []);
    return mark.sentence;
}

/** The words of the calls and how clearly they are seen. */
function callsNow(t) {
    window.tcplab.clock.seek(t);
    return [...document.querySelectorAll("#stage .call")].filter((e) =>
        e.textContent && Number(e.getAttribute("opacity")) > 0).map((e) => e.textContent).join(" ");
}

async function calls(shop) {
    const {content} = shop.document("close-by-client");
    const all = content.runs[0].setup.calls.filter(({call}) => !/sockopt/.test(call));
    const page = await open(shop, "close-by-client");
    let seen = 0;
    for (const {t_ms, side, call} of all) {
        const short = call.replace(/^connect.*/, "connect()");
        const later = all.some((other) => other !== call && other.side === side &&
            other.t_ms > t_ms && other.t_ms <= t_ms + 0.01);
        const words = await page.evaluate(callsNow, t_ms + 0.001);
        assert(later || words.includes(short), `${short} at ${t_ms} ms: ${words}`);
        seen++;
    }
    const {t_ms} = all.find(({call}) => call.startsWith("connect"));
    const {pace, next} = await page.evaluate(() => ({pace: window.tcplab.clock.pace}));
    const faded = await page.evaluate(callsNow, t_ms - 0.01);
    assert(!faded.includes("connect"), "not before its time");
    const after = await page.evaluate(callsNow, t_ms + 2000 / pace);
    assert(!after.includes("connect"), `it fades: ${after}`);
    assert.deepEqual(page.complaints, []);
    return `${seen} calls`;
}

/** Tokens in the ledger on the stage, by the row that they stand in. Runs in the page. */
function tallyNow() {
    const tally = document.querySelector("#stage .tally");
    const rows = [...tally.querySelectorAll(".ledger-part")].map((part) => ({
        name: /row-(\w+)/.exec(part.getAttribute("class"))[1], box: part.getBoundingClientRect(),
        tokens: []}));
    for (const token of tally.querySelectorAll(".token")) {
        const {top, bottom} = token.getBoundingClientRect(), middle = (top + bottom) / 2;
        rows.find(({box}) => middle > box.top && middle < box.bottom)?.tokens
            .push(Number(token.dataset.token));
    }
    return {seen: tally.getAttribute("visibility"),
            rows: Object.fromEntries(rows.map(({name, tokens}) => [name, tokens])),
            sum: tally.querySelector(".tally-sum").textContent};
}

async function tally(shop) {
    const {content, file} = shop.document("rst-on-overflow");
    const run = content.runs[0], expected = {};
    for (const {id, row} of run.connections)
        expected[row] = [...(expected[row] || []), id];
    const page = await openFile(shop.browser, shop.page(file), {still: true});
    await page.evaluate(() => window.tcplab.clock.seek(window.tcplab.film.end_ms));
    assert.equal((await page.evaluate(tallyNow)).seen, "hidden", "covered");
    await page.evaluate(() => document.body.dispatchEvent(
        new KeyboardEvent("keydown", {key: "R", bubbles: true})));
    const now = await page.evaluate(tallyNow);
    assert.equal(now.seen, "visible");
    assert.deepEqual(now.rows, expected);
    const {attempted, ...rows} = run.ledger;
    const parts = Object.values(rows).filter((n) => n > 0);
    assert(now.sum.startsWith(`${parts.join(" + ")} = ${attempted} `), now.sum);
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0, "reduced motion");
    await page.evaluate(() => window.tcplab.clock.step(-1));
    assert.equal((await page.evaluate(tallyNow)).seen, "hidden", "before the end");

    const moving = await openFile(shop.browser, shop.page(file));
    const flying = await moving.evaluate(() => {
        window.tcplab.clock.seek(window.tcplab.film.end_ms);
        document.body.getBoundingClientRect();
        document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "R", bubbles: true}));
        document.body.getBoundingClientRect();
        return document.getAnimations().length;
    });
    assert.equal(flying, run.connections.length, "each token flies");
    assert.deepEqual([...page.complaints, ...moving.complaints], []);
    return now.sum;
}

async function names(shop) {
    const {content} = shop.document("third-ack-dropped");
    const page = await open(shop, "third-ack-dropped");
    const knobs = await page.$eval("#knobs", (e) => e.textContent);
    assert(knobs.includes("prefill limit") && knobs.includes("clients 4"), knobs);
    const shown = await page.evaluate(() => [...document.querySelectorAll("#checks [data-check]")]
        .map((e) => [e.dataset.check, e.querySelector(".check-name").firstChild.textContent,
                     e.querySelector(".check-raw")?.textContent.trim()]));
    assert.deepEqual(shown.map(([raw]) => raw), content.runs[0].checks.map(({name}) => name));
    for (const [raw, words, small] of shown) {
        const known = /\b[A-Z]+(_[A-Z0-9]+)+\b|half_open|syn_sent|timed_out/g;
        assert(!/[_.]/.test(words.replace(known, "")), `${raw}: ${words}`);
        assert.equal(small, raw, "the raw name beside it");
    }
    const overflows = content.runs[0].checks.find(({name}) => name.endsWith("ListenOverflows"));
    assert(overflows.counts, "the document says what the counter counts");
    assert(shown.some(([raw, words]) => raw === overflows.name &&
        words.includes(overflows.counts)));
    assert.equal(await page.$eval(".answer-name", (e) => /[a-z]\.[a-z]/.test(e.textContent)),
        false);
    return `${shown.length} names`;
}

async function limits(shop) {
    const {content} = shop.document("backlog-change");
    const {timeline} = content.runs[0];
    const page = await open(shop, "backlog-change");
    const found = new Set();
    for (const {t_ms, limit, server} of timeline) {
        if (!server.LISTEN)
            continue;
        const seen = await page.evaluate((t) => {
            window.tcplab.clock.seek(t);
            const slots = document.querySelector("#stage [data-slots]");
            return slots ? [Number(slots.dataset.slots), slots.textContent] : null;
        }, t_ms);
        if (!seen) /* so many that they are a bar */
            continue;
        assert.equal(seen[0], limit + 1, `${t_ms} ms`);
        assert(seen[1].includes(`limit ${limit}`), seen[1]);
        found.add(limit);
    }
    assert(found.size > 1, `limits ${[...found]}`);
    return `limits ${[...found].join(", ")}`;
}

async function pair(shop) {
    const [one, other] = [shop.document("rst-on-overflow"),
                          shop.document("rst-on-overflow", "--set", "backlog=4", "--set",
                                        "prefill=2")];
    const page = await openFile(shop.browser, shop.page(one.file, other.file));
    const runs = [one.content.runs[0], other.content.runs[0]];
    const heads = await page.$$eval(".pair-knobs", (all) => all.map((e) => e.textContent));
    assert.deepEqual(heads, runs.map(({knobs}) => `backlog ${knobs.backlog}  prefill ` +
                                                  `${knobs.prefill}`));
    for (const part of [0.4, 0.7, 1]) {
        const t = part * Math.max(...runs.map(({stock_ms}) => stock_ms));
        const seen = await page.evaluate((at) => {
            window.tcplab.clock.seek(at);
            return [...document.querySelectorAll(".pair-half")].map((half) =>
                [...half.querySelectorAll("[data-side=client][data-state]")].map((row) =>
                    row.dataset.state));
        }, t);
        runs.forEach((run, i) => assert.deepEqual(seen[i], run.connections.map((c) =>
            (c.states.client.findLast((change) => change.at_ms <= t) || {state: "NONE"}).state),
                                                  `film ${i} at ${t} ms`));
    }
    const sizes = await page.evaluate(() => [...document.querySelectorAll("#stage text")]
        .map((e) => [parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a,
                     e.textContent]));
    assert.deepEqual(sizes.filter(([size, words]) => size < 21.9 && words), [], "text of 22 px");
    const curves = await page.$$eval(".pair-queue .curve-queue", (all) => all.length);
    assert.equal(curves, 2);
    await page.setViewport({width: 1920, height: 1080});
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() =>
        requestAnimationFrame(done))));
    for (const key of [" ", "ArrowRight", "n", "r", "R", "l", "t", "k", "End", "Home"])
        await page.keyboard.press(key);
    await page.evaluate(() => { location.hash = "runs"; });
    await page.waitForSelector("#index a");
    await page.click("#index a");
    await page.waitForFunction(() => document.querySelector(".beside") &&
        !document.querySelector(".pair"));
    await page.click(".beside");
    await page.waitForSelector(".pair-half");
    assert.deepEqual(page.complaints, []);
    return heads.join(" | ");
}

module.exports = [
    ["a mark of the experiment halts the film", marks],
    ["calls beside the programs", calls],
    ["tokens fly into the ledger", tally],
    ["checks have names of words", names],
    ["slots follow the limit", limits],
    ["two films side by side", pair],
];
