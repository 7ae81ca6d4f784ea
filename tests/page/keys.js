// Each key of the list that `?` shows does what the list says; and the list has no other key.

"use strict";

const assert = require("assert").strict;
const {openFile} = require("./browser.js");

async function press(page, key, ...modifiers) {
    for (const modifier of modifiers)
        await page.keyboard.down(modifier);
    await page.keyboard.press(key);
    for (const modifier of modifiers)
        await page.keyboard.up(modifier);
}

/** What a key can change. Runs in the page. */
function situation() {
    const {clock, film, context} = window.tcplab;
    const find = (id) => document.getElementById(id);
    const far = (id) => Math.abs(find(id).getBoundingClientRect().top);
    return {
        t: clock.t_ms, end: film.end_ms, playing: clock.playing, speed: clock.speed,
        follow: context.follow, dialog: find("keys").open, black: !find("black").hidden,
        ground: getComputedStyle(document.documentElement).backgroundColor,
        full: document.fullscreenElement !== null, top: scrollY === 0,
        at: ["ladder", "curves", "ledger"].filter((id) => scrollY > 0 && far(id) < innerHeight / 2)
            .sort((a, b) => far(a) - far(b)),
        covered: document.querySelectorAll("#answers .covered").length,
        cards: [...document.querySelectorAll("#stage .card-text")].map((e) => e.textContent),
        below: find("below").innerText.includes("Covered."),
        ladder: find("ladder-choice").value,
    };
}

const now = (page) => page.evaluate(situation);

const seek = (page, t) => page.evaluate((at) => window.tcplab.clock.seek(at), t);

/** The moments before and after t at which something happens, of a connection or of all. */
function neighbours(page, t, connection) {
    return page.evaluate((at, id) => {
        const {film} = window.tcplab;
        const moments = id ? film.events.filter((e) => e.connection === id).map((e) => e.t_ms)
            : film.steps;
        return [moments.findLast((m) => m < at), moments.find((m) => m > at)];
    }, t, connection);
}

async function stepsWith(page, middle, back, forward) {
    await seek(page, middle);
    const [before, after] = await neighbours(page, middle, null);
    await forward();
    assert.equal((await now(page)).t, after, "to the next event");
    await seek(page, middle);
    await back();
    assert.equal((await now(page)).t, before, "to the previous event");
}

/** There and, by the same key, back to the top. */
async function jumpsTo(page, key, section) {
    await page.evaluate(() => scrollTo(0, 0));
    await press(page, key);
    assert.deepEqual((await now(page)).at.slice(0, 1), [section]);
    await press(page, key);
    assert((await now(page)).top, "back to the film");
}

const keys = {
    async space(page) {
        await seek(page, 0);
        await press(page, "Space");
        assert((await now(page)).playing, "plays");
        await page.waitForFunction(() => window.tcplab.clock.t_ms > 0);
        await press(page, "Space");
        const {t, playing} = await now(page);
        assert(!playing, "pauses");
        await page.evaluate(() => new Promise(requestAnimationFrame));
        assert.equal((await now(page)).t, t, "and stands still");
    },

    "← →": (page, middle) => stepsWith(page, middle, () => press(page, "ArrowLeft"),
                                       () => press(page, "ArrowRight")),

    async "shift ← →"(page, middle, connection) {
        await page.evaluate((id) => window.tcplab.context.setFollow(id), connection);
        await seek(page, middle);
        const [before, after] = await neighbours(page, middle, connection);
        await press(page, "ArrowRight", "Shift");
        assert.equal((await now(page)).t, after);
        await seek(page, middle);
        await press(page, "ArrowLeft", "Shift");
        assert.equal((await now(page)).t, before);
    },

    "PageUp PageDown": (page, middle) => stepsWith(page, middle, () => press(page, "PageUp"),
                                                   () => press(page, "PageDown")),

    async "Home End"(page) {
        await press(page, "End");
        const {t, end} = await now(page);
        assert.equal(t, end);
        await press(page, "Home");
        assert.equal((await now(page)).t, 0);
    },

    async "1 ... 9"(page) {
        for (const digit of ["9", "4", "1"]) {
            await press(page, digit);
            assert.equal((await now(page)).speed, Number(digit));
        }
    },

    async Tab(page, middle) {
        await seek(page, middle);
        await page.evaluate(() => document.activeElement.blur());
        await press(page, "Tab");
        const {follow, ladder} = await now(page);
        assert.equal(typeof follow, "number", "follows one");
        assert.equal(ladder, String(follow), "its ladder is shown");
        await press(page, "Tab");
        assert.notEqual((await now(page)).follow, follow, "follows the next one");
    },

    async Escape(page) {
        await page.evaluate(() => window.tcplab.context.setFollow(3));
        await press(page, "Escape");
        assert.equal((await now(page)).follow, null);
    },

    async r(page) {
        const before = await now(page);
        assert(before.covered > 0 && before.below, "all is covered at first");
        await press(page, "r");
        const after = await now(page);
        assert.equal(after.covered, 0, "the answer in the strip is uncovered");
        assert(after.below, "the others are not");
        await press(page, "r");
        assert((await now(page)).covered > 0, "the next question comes without its answer");
        await press(page, "r");
        assert.equal((await now(page)).covered, 0, "then its answer");
    },

    async R(page) {
        await press(page, "R", "Shift");
        const after = await now(page);
        assert(after.covered === 0 && !after.below, "nothing is covered any more");
    },

    l: (page) => jumpsTo(page, "l", "ladder"),
    t: (page) => jumpsTo(page, "t", "curves"),
    k: (page) => jumpsTo(page, "k", "ledger"),

    async n(page, middle) {
        await seek(page, middle);
        const names = (await now(page)).cards;
        assert(names.length > 0 && !names.join().includes("=1"), `names: ${names}`);
        await press(page, "n");
        const numbers = (await now(page)).cards;
        assert(numbers.length === names.length && numbers.every((label) => label.includes("=1")),
               `numbers: ${numbers}`);
        await press(page, "n");
        assert.deepEqual((await now(page)).cards, names);
    },

    async d(page) {
        const light = (await now(page)).ground;
        await press(page, "d");
        assert.notEqual((await now(page)).ground, light);
        await press(page, "d");
        assert.equal((await now(page)).ground, light);
    },

    async b(page) {
        await press(page, "b");
        assert((await now(page)).black);
        const covers = await page.evaluate(() =>
            document.elementFromPoint(innerWidth / 2, innerHeight / 2).id);
        assert.equal(covers, "black");
        await press(page, "b");
        assert(!(await now(page)).black);
    },

    async f(page) {
        await press(page, "f");
        await page.waitForFunction(() => document.fullscreenElement !== null, {timeout: 5000});
        await press(page, "f");
        await page.waitForFunction(() => document.fullscreenElement === null, {timeout: 5000});
    },

    async "?"(page) {
        await press(page, "?");
        assert((await now(page)).dialog);
        await press(page, "?");
        assert(!(await now(page)).dialog);
        await press(page, "?");
        await press(page, "Escape");
        assert(!(await now(page)).dialog, "Escape closes it, too");
    },
};

/** A page; a moment at which a segment is on the wire, and the connection it belongs to. */
async function open(shop) {
    const {file, content} = shop.document("rst-on-overflow");
    const acks = content.runs[0].segments.filter((s) => s.name === "ACK" && s.arrived_ms !== null);
    const ack = acks[acks.length - 1];
    return {page: await openFile(shop.browser, shop.page(file)), connection: ack.connection,
            middle: (ack.t_ms + ack.arrived_ms) / 2};
}

async function listed(shop) {
    const {page} = await open(shop);
    await press(page, "?");
    const list = await page.$$eval("#keys dt", (all) => all.map((dt) => dt.textContent));
    assert.deepEqual(list.sort(), Object.keys(keys).sort());
    return `${list.length} entries`;
}

module.exports = [
    ["keys: the list has those that are tested", listed],
    ...Object.entries(keys).map(([name, check]) => [`key ${name}`, async (shop) => {
        const {page, middle, connection} = await open(shop);
        await check(page, middle, connection);
        assert.deepEqual(page.complaints, []);
    }]),
];
