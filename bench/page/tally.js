// The ledger on the stage: when the film is over and the results are uncovered, each token goes to
// its row, and the rows are added up.

import {setAttribute, svgElement, textWidth} from "./draw.js";
import {text} from "./strings.js";

const TALLY_SCALE = 0.84; /* of a token's size */
const TALLY_PITCH = 34;
const TALLY_HEAD = 34; /* of a row: its number and name */

/** film, and the connections that have a token. */
export function createTally(film, chosen) {
    const {attempted, ...ledger} = film.run.ledger || {};
    const rows = Object.entries(ledger).filter(([, n]) => n > 0);
    let group, tokens;

    function place(token, at) {
        const where = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px) scale(${at.scale})`;
        if (token.where !== where)
            token.element.style.transform = where;
        token.where = where;
    }

    /** Of n in that row: those that have a token, as far as there is room, and how many more. */
    function drawRow([name, n], {x, width}, y, height, drawToken, from) {
        svgElement("rect", {x, y: y + 4, width: 12, height: height - 10, rx: 3,
                            class: `ledger-part row-${name}`}, group);
        svgElement("text", {x: x + 24, y: y + 25, class: "tally-name"}, group,
                   text("tally_row", {n: n.toLocaleString("en"), row: name}));
        const own = chosen.filter((c) => c.row === name);
        const room = Math.floor((width - 40) / TALLY_PITCH);
        const shown = own.slice(0, own.length === n && n <= room ? n : Math.max(0, room - 3));
        shown.forEach((connection, i) => {
            const element = drawToken(group, connection);
            tokens.push({element, from: from(connection.id), to: {
                x: x + 24 + TALLY_PITCH * (i + 0.5), y: y + TALLY_HEAD + TALLY_PITCH / 2,
                scale: TALLY_SCALE}});
        });
        if (shown.length < n)
            svgElement("text", {x: x + 30 + TALLY_PITCH * shown.length,
                                y: y + TALLY_HEAD + TALLY_PITCH / 2 + 8, class: "tally-more"},
                       group, text("tally_more", {n: (n - shown.length).toLocaleString("en")}));
    }

    return {
        /** box: where it may stand; drawToken(parent, connection), from(id): {x, y, scale}. */
        build(parent, box, drawToken, from) {
            group = svgElement("g", {class: "tally", visibility: "hidden"}, parent);
            tokens = [];
            const most = TALLY_HEAD + TALLY_PITCH + 6;
            const height = Math.min(most, (box.height - 46) / Math.max(1, rows.length));
            const x = box.x + 14, top = box.y + (box.height - height * rows.length - 46) / 2;
            svgElement("rect", {x: box.x, y: top - 6, width: box.width, rx: 12,
                                height: height * rows.length + 52, class: "tally-ground"}, group);
            rows.forEach((row, i) => drawRow(row, {x, width: box.width - 28}, top + i * height,
                                             height, drawToken, from));
            const sum = text(rows.length > 1 ? "tally_sum" : "tally_all", {
                sum: rows.map(([, n]) => n.toLocaleString("en")).join(" + "),
                attempted: (attempted || 0).toLocaleString("en")});
            const room = box.width - 50, wide = textWidth(sum, 22) * 1.1 > room;
            svgElement("text", {x: x + 24, y: top + rows.length * height + 30, class: "tally-sum",
                                textLength: wide ? room : null, lengthAdjust: "spacingAndGlyphs"},
                       group, sum);
            tokens.forEach((token) => place(token, token.from));
        },

        draw(shown) {
            const on = shown && rows.length > 0;
            setAttribute(group, "visibility", on ? "visible" : "hidden");
            for (const token of tokens)
                place(token, on ? token.to : token.from);
        },
    };
}
