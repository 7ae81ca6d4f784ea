// What a page shows before its results are uncovered: no number that was observed or predicted, no
// word about what became of a connection. The numbers are made ones that occur nowhere else.

"use strict";

const assert = require("assert").strict;
const {openFile} = require("./browser.js");

const NAMES = ["rst-on-overflow", "accept-queue-full", "close-by-client", "time-wait-reuse",
               "zero-window"];
const FIRST = 771000; /* the first made number */
const WORDS = ["Kxseen", "Kxkernel", "Kxcaption", "Kxshows"];
const OUTCOMES = /\b(RST|ESTABLISHED|TIME_WAIT|reset|accepted|ghost|agrees|differs|wait in the)\b/;

/** A copy of the document in which each number and each sentence of a result is a made one; what
 *  each of them was. */
function marked(content) {
    const copy = JSON.parse(JSON.stringify(content)), run = copy.runs[0], made = new Map();
    const number = (what) => {
        made.set(String(FIRST + made.size), what);
        return FIRST + made.size - 1;
    };
    for (const check of run.checks) {
        if (check.unit === "errno")
            continue;
        check.observed = number(`${check.name} observed`);
        check.predicted = [number(`${check.name} predicted`), null];
    }
    for (const row of Object.keys(run.ledger))
        run.ledger[row] = row !== "attempted" && run.ledger[row] ? number(`ledger.${row}`) : 0;
    for (const {moved} of run.counters_over_time)
        for (const name of Object.keys(moved))
            moved[name] = number(`counter ${name}`);
    for (const entry of run.timeline.filter(({t_ms}) => t_ms > 0))
        for (const states of [entry.server, entry.client])
            for (const state of Object.keys(states))
                if (state !== "LISTEN")
                    states[state] = number(`${state} at ${entry.t_ms} ms`);
    [run.seen, run.kernel] = WORDS;
    run.verdict = "agree";
    if (run.packets)
        run.packets.caption = WORDS[2];
    for (const step of run.by_hand)
        step.shows = WORDS[3];
    return {copy, made};
}

/** What can be read, heard or pointed at on the page: [the section it is in, its words]. Runs in
 *  the page. */
function seen() {
    const found = [];
    for (const element of document.querySelectorAll("#page *")) {
        const shown = element.matches("option, title") ? element.closest("select, g, svg")
            : element;
        if (!shown.checkVisibility({visibilityProperty: true, opacityProperty: true}))
            continue;
        const own = [...element.childNodes].filter((node) => node.nodeType === 3)
            .map((node) => node.data);
        const words = [...own, ...["title", "aria-label", "aria-valuetext", "alt", "placeholder"]
            .map((name) => element.getAttribute(name) || ""), element.value || ""].join(" ").trim();
        if (words)
            found.push([element.closest("section[id], footer[id], #answers")?.id || "", words]);
    }
    return found;
}

async function covered(shop) {
    let numbers = 0;
    for (const name of NAMES) {
        const {copy, made} = marked(shop.document(name).content);
        const file = shop.page(shop.save(`covered-${name}.json`, JSON.stringify(copy)));
        const page = await openFile(shop.browser, file);
        const all = (list) => list.map(([, words]) => words).join("\n")
            .replace(/(\d),(?=\d)/g, "$1");
        const before = await page.evaluate(seen), words = all(before);
        const shown = [...made.keys(), ...WORDS].filter((value) => words.includes(value));
        assert.deepEqual(shown.map((value) => made.get(value) || value), [], `${name}, covered`);
        const told = before.filter(([part, said]) => OUTCOMES.test(said) &&
            ["ladder", "curves", "ledger", "foot"].includes(part));
        assert.deepEqual(told, [], `${name}, covered`);
        for (const key of ["l", "t", "k", "n", "Tab", "ArrowRight", "Home", "Escape"])
            await page.keyboard.press(key);
        await page.keyboard.press("R");
        await page.evaluate(() => window.tcplab.clock.seek(window.tcplab.film.end_ms));
        const after = all(await page.evaluate(seen));
        const asked = copy.runs[0].checks.filter(({unit}) => unit !== "errno");
        const missing = [...asked.map(({observed}) => String(observed)), ...WORDS.filter((word) =>
            word !== WORDS[2] || copy.runs[0].packets)].filter((value) => !after.includes(value));
        assert.deepEqual(missing.map((value) => made.get(value) || value), [],
            `${name}, uncovered`);
        assert(!/\{\w+\}/.test(words + after), `${name}: a placeholder that nobody filled in`);
        assert(after.includes("agrees with the rule"), `${name}: the verdict is in the foot`);
        assert.deepEqual(page.complaints, []);
        numbers += made.size;
    }
    return `${numbers} numbers of ${NAMES.length} runs`;
}

module.exports = [["covered results", covered]];
