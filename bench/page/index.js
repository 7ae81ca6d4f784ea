// Several runs: a list by part of a connection's life, with verdicts.

import {htmlElement} from "./draw.js";
import {runHash} from "./main.js";
import {text} from "./strings.js";

/** [[part, [index in the list]]] in the order of the document; other: for what is of no part. */
export function indexParts(list, other) {
    const parts = new Map();
    list.forEach((one, i) => {
        const part = one.part || other;
        parts.set(part, [...(parts.get(part) || []), i]);
    });
    return [...parts.entries()];
}

function indexTotals(runs) {
    const totals = {};
    for (const run of runs)
        totals[run.verdict] = (totals[run.verdict] || 0) + 1;
    return Object.entries(totals).map(([verdict, n]) =>
        text("index_total", {n, verdict: text(verdict)})).join(", ");
}

function indexKnobs(run) {
    return Object.entries(run.knobs || {}).map(([name, value]) => `${name}=${value}`).join(" ");
}

export function createIndex(root, received) {
    const runs = received.runs;
    htmlElement("h1", {}, root, text("index_title", {n: runs.length}));
    htmlElement("p", {class: "note"}, root, text("index_said", {
        totals: indexTotals(runs), kernel: received.kernel || "",
        version: received.version || ""}));
    for (const [part, indices] of indexParts(runs, text("index_runs"))) {
        htmlElement("h2", {}, root, part);
        const table = htmlElement("table", {class: "index-table"}, root);
        for (const i of indices) {
            const run = runs[i], row = htmlElement("tr", {}, table);
            const name = htmlElement("th", {scope: "row"}, row);
            htmlElement("a", {href: "#" + runHash(i), "data-run": i}, name, run.experiment +
                (run.repetition > 1 ? ` (${run.repetition})` : ""));
            htmlElement("td", {}, row, run.question || "");
            const verdict = htmlElement("td", {class: `verdict is-${run.verdict}`}, row,
                                        text(run.verdict || ""));
            verdict.title = run.reason || indexKnobs(run);
        }
    }
}
