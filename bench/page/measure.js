// What the pages of a sweep and of a knee share: head, tables, and pictures that can be saved.

import {htmlElement, saveSvg, svgElement} from "./draw.js";
import {stageSpan} from "./stage.js";
import {text} from "./strings.js";

export const MEASURE_WIDTH = 1140;
export const MEASURE_LEFT = 120;
export const MEASURE_RIGHT = 1110;

/** A value as people read it; unit: of the document: "us", "s", "bytes", "count". */
export function measureText(unit, value) {
    if (typeof value !== "number")
        return text("no_value");
    if (unit === "us" && Math.abs(value) < 1000)
        return text("microseconds", {n: +value.toPrecision(3)});
    if (unit === "us" || unit === "s")
        return stageSpan(unit === "s" ? value * 1000 : value / 1000);
    const number = Number(value.toPrecision(4)).toLocaleString("en-US", {maximumFractionDigits: 3});
    return unit === "bytes" ? text("ladder_bytes", {n: number}) : number;
}

export function measurePercent(value) {
    return typeof value === "number" ? text("percent", {n: +value.toPrecision(3)})
        : text("no_value");
}

/** [lo, hi] of a document as words; an end that is null is open. */
export function measureRange(range, words) {
    if (!Array.isArray(range))
        return text("no_value");
    const [from, to] = range.map((end) => end === null ? null : words(end));
    return from === null ? text("predicted_to", {to: to ?? ""})
        : to === null ? text("predicted_from", {from})
            : from === to ? from : text("predicted_from_to", {from, to});
}

/** The title, what was measured, and the commands. */
export function measureHead(root, received, title, note) {
    document.title = title;
    htmlElement("h1", {}, root, title);
    htmlElement("p", {class: "note"}, root, text("measured_with", {
        note, version: received.version || "", kernel: received.kernel || ""}));
    const {server, client} = received.load || {};
    htmlElement("pre", {class: "commands"}, root, [server, client].filter(Boolean).join("\n"));
}

/** rows: lists of cells, each a text or {content, kind}; the first `names` of a row head it. */
export function measureTable(root, heads, rows, names) {
    const wide = htmlElement("div", {class: "wide", tabindex: 0, role: "group",
                                     "aria-label": text("measure_table")}, root);
    const table = htmlElement("table", {class: "measure-table"}, wide);
    const head = htmlElement("tr", {}, htmlElement("thead", {}, table));
    for (const name of heads) { /* a path may break behind its points */
        const cell = htmlElement("th", {scope: "col"}, head);
        for (const part of name.split(/(?<=[._])/))
            cell.append(part, htmlElement("wbr"));
    }
    const body = htmlElement("tbody", {}, table);
    for (const cells of rows) {
        const row = htmlElement("tr", {}, body);
        cells.forEach((cell, i) => htmlElement(i < names ? "th" : "td", {
            scope: i < names ? "row" : null, class: cell.kind}, row, cell.content ?? cell));
    }
}

/** A picture under a heading, with its button. draw(svg) returns its height. */
export function measurePicture(root, id, title, said, draw) {
    htmlElement("h2", {id}, root, title);
    const head = htmlElement("p", {class: "curves-head"}, root);
    const frame = htmlElement("div", {class: "wide", tabindex: 0, role: "group",
                                      "aria-label": title}, root);
    const svg = svgElement("svg", {class: "picture measure-picture", role: "img",
                                   "aria-label": said}, frame);
    svg.setAttribute("viewBox", `0 0 ${MEASURE_WIDTH} ${draw(svg)}`);
    const button = htmlElement("button", {type: "button", id: `save-${id}`}, head,
                               text("save_svg"));
    button.onclick = () => saveSvg(svg, `tcplab-${id}`);
}
