// The ladder of one connection: both ends' times, states and calls, and each segment between them.

import {colourOf, htmlElement, saveSvg, setAttribute, setText, svgElement} from "./draw.js";
import {lastAt} from "./film.js";
import {stageSpan} from "./stage.js";
import {hasText, text} from "./strings.js";

const LADDER_WIDTH = 1140;
const LADDER_CLIENT = 330; /* x of the two lines */
const LADDER_SERVER = 810;
const LADDER_TOP = 64;
const LADDER_NEAR = 24; /* pixels between two events, at least */
const LADDER_FAR = 84; /* and at most: the rest is folded */
const LADDER_TRANSIT = 56; /* of one way over the wire */
const LADDER_FOLD_MS = 100; /* a longer pause than that is told in words */
const LADDER_FIRST = 40; /* segments: of more, the first and the last ones */
const LADDER_LAST = 20;
const LADDER_LINE = 19; /* pixels from one text of a column to the next */

const FATE_WORDS = ["lost", "fault", "cut", "in_transit"];

/** Of a document of an older version there is the one connection that its text shows. */
function ladderOfPackets(run) {
    const packets = run.packets || {segments: []};
    return {
        id: 1, client: packets.connection || "", row: null, states: {client: [], server: []},
        segments: (packets.segments || []).map((s) => ({
            ...s, gone: FATE_WORDS.includes(s.fate), again: s.again || false})),
        calls: packets.calls || [], omitted: packets.omitted || 0,
    };
}

/** Whether a call was made by a socket of that connection, or by its listener. */
function ladderCallIsOf(call, connection) {
    const server = call.side === "server";
    if (call.result === "no error" || call.call.startsWith("setsockopt"))
        return false;
    return call[server ? "peer" : "local"] === connection.client ||
        (server && !call.peer && call.call.startsWith("listen"));
}

function ladderOf(film, id) {
    const connection = film.byId.get(id);
    if (!connection)
        return ladderOfPackets(film.run);
    const calls = ((film.run.setup && film.run.setup.calls) || [])
        .filter((call) => ladderCallIsOf(call, connection));
    const all = film.segments.filter((s) => s.connection === id);
    const few = all.length <= LADDER_FIRST + LADDER_LAST;
    const segments = few ? all : [...all.slice(0, LADDER_FIRST), ...all.slice(-LADDER_LAST)];
    all.forEach((s, i) => { s.number = i + 1; });
    return {...connection, segments, calls, omitted: all.length - segments.length,
            omitted_after: few ? -1 : LADDER_FIRST};
}

/** Where moments stand: near ones apart, long pauses short. {y(t), folds, bottom}. */
function ladderScale(ladder, transit) {
    const moments = [];
    for (const s of ladder.segments) {
        moments.push(s.t_ms);
        if (s.arrived_ms !== null)
            moments.push(s.arrived_ms);
    }
    for (const side of ["client", "server"])
        for (const change of ladder.states[side])
            moments.push(change.at_ms);
    for (const call of ladder.calls)
        moments.push(call.t_ms);
    moments.sort((a, b) => a - b);
    const points = [], folds = [];
    let y = LADDER_TOP;
    for (const t of moments) {
        const before = points[points.length - 1];
        const span = before ? t - before.t : 0;
        if (before && span < transit / 200)
            continue;
        const wanted = span / transit * LADDER_TRANSIT;
        y += before ? Math.min(LADDER_FAR, Math.max(LADDER_NEAR, wanted)) : 0;
        if (before && wanted > LADDER_FAR && span >= LADDER_FOLD_MS)
            folds.push({from: before.y, to: y, span, until: t});
        points.push({t, y});
    }
    return {
        folds, bottom: y,
        y(t) {
            const i = Math.max(0, lastAt(points, t, "t"));
            const here = points[i], next = points[i + 1];
            if (!here)
                return LADDER_TOP;
            if (!next || t <= here.t)
                return here.y;
            return here.y + (t - here.t) / (next.t - here.t) * (next.y - here.y);
        },
    };
}

function ladderTime(t) {
    return Math.abs(t) >= 10000 ? text("seconds", {n: (t / 1000).toFixed(2)})
        : t.toFixed(Math.abs(t) < 1000 ? 2 : 1);
}

/** "SYN-ACK  seq 0  ack 1". */
function ladderLabel(segment) {
    const words = [segment.name, text("ladder_seq", {n: segment.sequence})];
    if (segment.acknowledged)
        words.push(text("ladder_ack", {n: segment.acknowledged}));
    if (segment.payload_bytes)
        words.push(text("ladder_bytes", {n: segment.payload_bytes}));
    if (segment.window === 0 && !segment.name.startsWith("RST"))
        words.push(text("ladder_window_0"));
    if (segment.again)
        words.push(text("ladder_again"));
    if (segment.copy)
        words.push(text("ladder_copy"));
    return words.join("  ");
}

/** What it made the kernel count, and the rule that the run checked by that counter. */
function ladderRules(film, segment) {
    const rules = [];
    for (const side of ["server", "client"])
        for (const name of Object.keys((segment.counters && segment.counters[side]) || {})) {
            const check = (film.run.checks || []).find((c) => c.name === `${side}.${name}`);
            rules.push(text("ladder_counted", {side: text(side), name}) +
                       (check && check.rule ? " " + check.rule : ""));
        }
    return rules;
}

function ladderTitle(film, segment) {
    const lines = [text("card_title", {
        name: segment.name, sequence: segment.sequence,
        acknowledged: segment.acknowledged || 0,
        window: segment.window ?? "?", bytes: segment.payload_bytes || 0})];
    lines.push(text("ladder_sent", {t: ladderTime(segment.t_ms)}));
    if (segment.arrived_ms !== null)
        lines.push(text("ladder_arrived", {t: ladderTime(segment.arrived_ms)}));
    const why = ladderWhy(segment);
    if (why)
        lines.push(why);
    return lines.concat(ladderRules(film, segment)).join("\n");
}

/** Why it was not taken; null: it was. */
function ladderWhy(segment) {
    if (segment.then === "dropped")
        return text("ladder_dropped");
    return FATE_WORDS.includes(segment.fate) ? text("fate_" + segment.fate) : null;
}

/** Texts of one column that do not stand on each other. */
function ladderColumn(svg, x, anchor) {
    let last = -Infinity;
    return (y, content, kind) => {
        last = Math.max(y + 5, last + LADDER_LINE);
        return svgElement("text", {x, y: last, "text-anchor": anchor, class: kind}, svg, content);
    };
}

function ladderArrow(svg, film, segment, scale, number, at) {
    const right = segment.direction === "to_server";
    const from = right ? LADDER_CLIENT : LADDER_SERVER, to = right ? LADDER_SERVER : LADDER_CLIENT;
    const why = ladderWhy(segment), lost = why && segment.then !== "dropped";
    const y0 = scale.y(segment.t_ms);
    const y1 = segment.arrived_ms !== null ? scale.y(segment.arrived_ms) : y0 + LADDER_TRANSIT;
    const part = lost ? 0.62 : 1;
    const x1 = from + (to - from) * part, end = y0 + (y1 - y0) * part;
    const kind = ["ladder-segment", lost || why ? "ladder-bad" : "",
                  segment.name.startsWith("RST") ? "ladder-rst" : "",
                  segment.again ? "ladder-again" : ""].filter(Boolean).join(" ");
    const group = svgElement("g", {class: kind, "data-segment": number,
                                   "data-fate": segment.then || segment.fate}, svg);
    svgElement("title", {}, group, ladderTitle(film, segment));
    svgElement("line", {x1: from, y1: y0, x2: x1, y2: end, class: "ladder-arrow"}, group);
    const angle = Math.atan2(y1 - y0, to - from);
    if (lost || why) {
        const d = 7;
        const cross = `l${2 * d} ${2 * d} m0 ${-2 * d} l${-2 * d} ${2 * d}`;
        svgElement("path", {d: `M${x1 - d} ${end - d} ${cross}`,
                            class: "ladder-cross"}, group);
        svgElement("text", {x: lost ? x1 + (right ? 14 : -14) : x1 + (right ? -14 : 14),
                            y: end + (lost ? 5 : 22),
                            "text-anchor": right === Boolean(lost) ? "start" : "end",
                            class: "ladder-why"}, group, why);
    } else {
        const back = (a) => `${x1 - 13 * Math.cos(a)} ${end - 13 * Math.sin(a)}`;
        svgElement("path", {d: `M${x1} ${end} L${back(angle - 0.32)} L${back(angle + 0.32)} z`,
                            class: "ladder-head"}, group);
    }
    const label = `(${number})  ${ladderLabel(segment)}`;
    const lx = from + (x1 - from) * at, ly = y0 + (end - y0) * at;
    const turn = (right ? angle : angle + Math.PI) * 180 / Math.PI;
    svgElement("text", {x: lx, y: ly - 6, "text-anchor": "middle", class: "ladder-label",
                        transform: `rotate(${turn.toFixed(2)} ${lx} ${ly})`}, group, label);
    return group;
}

/** How far from the sender each label stands: in the middle, where arrows that meet at an end are
 *  apart; beside it where the arrow before is near. */
function ladderParts(segments, scale) {
    const parts = [];
    segments.forEach((s, i) => {
        const before = segments[i - 1];
        const near = before && before.direction === s.direction &&
            scale.y(s.t_ms) - scale.y(before.t_ms) < 2 * LADDER_NEAR;
        parts.push(!near ? 0.5 : parts[i - 1] === 0.5 ? 0.25 : parts[i - 1] === 0.25 ? 0.75 : 0.5);
    });
    return parts;
}

/** The states of one end beside its line: a piece of the line for each, and its name. */
function ladderStates(svg, ladder, side, scale, column, later) {
    const x = side === "client" ? LADDER_CLIENT : LADDER_SERVER;
    const changes = ladder.states[side];
    changes.forEach((change, i) => {
        const from = scale.y(change.at_ms);
        const to = i + 1 < changes.length ? scale.y(changes[i + 1].at_ms) : scale.bottom + 26;
        if (change.state !== "NONE")
            later(change.at_ms, svgElement("line", {
                x1: x, x2: x, y1: from, y2: to, class: `ladder-state state-${change.state}`}, svg));
        later(change.at_ms, svgElement("line", {x1: x - 7, x2: x + 7, y1: from, y2: from,
                                                class: "ladder-tick"}, svg));
    });
    const words = changes.map((change) => ({
        t: change.at_ms, kind: "ladder-name",
        content: (change.state === "NONE" ? text("nothing") : change.state) +
            (change.place === "accept_queue" ? text("ladder_queued")
                : change.place === "program" && side === "server" && change.state === "ESTABLISHED"
                ? text("ladder_accepted") : "")}));
    for (const call of ladder.calls)
        if (call.side === side)
            words.push({t: call.t_ms, kind: "ladder-call",
                        content: call.call + (call.result && call.result !== "ok"
                            ? ` = ${call.result}` : "")});
    words.sort((a, b) => a.t - b.t);
    for (const word of words)
        later(word.t, column(scale.y(word.t), word.content, word.kind));
}

function ladderFold(parent, fold) {
    const svg = svgElement("g", {}, parent), middle = (fold.from + fold.to) / 2;
    for (const x of [LADDER_CLIENT, LADDER_SERVER]) {
        svgElement("rect", {x: x - 8, y: middle - 9, width: 16, height: 18, class: "ladder-gap"},
            svg);
        svgElement("path", {d: `M${x} ${middle - 9} l-6 4.5 l12 9 l-6 4.5`, class: "ladder-zigzag"},
                   svg);
    }
    svgElement("text", {x: (LADDER_CLIENT + LADDER_SERVER) / 2, y: middle + 5,
                        class: "ladder-pause"}, svg, text("passes", {span: stageSpan(fold.span)}));
    return svg;
}

function ladderDraw(film, ladder, root) {
    const scale = ladderScale(ladder, film.transit_ms);
    const bottom = scale.bottom + 60;
    const svg = svgElement("svg", {
        viewBox: `0 0 ${LADDER_WIDTH} ${bottom}`, class: "picture ladder-picture", role: "img",
        "aria-label": text("ladder_said", {id: ladder.id})}, root);
    for (const [side, x] of [["client", LADDER_CLIENT], ["server", LADDER_SERVER]]) {
        svgElement("text", {x, y: 28, class: "ladder-host"}, svg, text(side));
        svgElement("line", {x1: x, x2: x, y1: 44, y2: bottom - 24, class: "ladder-line"}, svg);
    }
    const times = {client: ladderColumn(svg, LADDER_CLIENT - 14, "end"),
                   server: ladderColumn(svg, LADDER_SERVER + 14, "start")};
    const parts = []; /* {t, element}: what the film has not come to, before t */
    const later = (t, element) => parts.push({t, element});
    const names = {client: ladderColumn(svg, LADDER_CLIENT - 104, "end"),
                   server: ladderColumn(svg, LADDER_SERVER + 104, "start")};
    for (const side of ["client", "server"]) {
        ladderStates(svg, ladder, side, scale, names[side], later);
        const ends = ladder.segments.map((s) =>
            (s.direction === "to_server") === (side === "client") ? s.t_ms
                : ladderWhy(s) && s.then !== "dropped" ? null : s.arrived_ms);
        for (const t of ends.filter((end) => end !== null).sort((a, b) => a - b))
            later(t, times[side](scale.y(t), ladderTime(t), "ladder-time"));
    }
    for (const fold of scale.folds)
        later(fold.until, ladderFold(svg, fold));
    const where = ladderParts(ladder.segments, scale);
    ladder.segments.forEach((s, i) =>
        later(s.t_ms, ladderArrow(svg, film, s, scale, s.number || i + 1, where[i])));
    if (ladder.omitted)
        later(film.end_ms, svgElement("text", {
            x: (LADDER_CLIENT + LADDER_SERVER) / 2, y: bottom - 8, class: "ladder-pause"}, svg,
                                      text("ladder_omitted", {n: ladder.omitted})));
    const cursor = svgElement("line", {x1: LADDER_CLIENT - 20, x2: LADDER_SERVER + 20,
                                       class: "ladder-cursor"}, svg);
    return {svg, scale, parts, cursor};
}

export function createLadder(root, film, clock, context) {
    let picture, shown = null, uncovered = null;
    const head = htmlElement("p", {class: "ladder-head-line"}, root);
    const label = htmlElement("label", {}, head, text("ladder_which") + " ");
    const choice = htmlElement("select", {id: "ladder-choice"}, label);
    const options = film.connections.map((c) => htmlElement("option", {value: c.id}, choice));
    const save = htmlElement("button", {type: "button", id: "save-ladder"}, head, text("save_svg"));
    const caption = htmlElement("p", {class: "note ladder-caption"}, root);
    const frame = htmlElement("div", {class: "wide"}, root);
    label.hidden = film.connections.length < 2;
    choice.onchange = () => context.setFollow(Number(choice.value));
    save.onclick = () => saveSvg(picture.svg, `${film.run.experiment}-ladder-${shown}`);

    function show(id) {
        const ladder = ladderOf(film, id);
        shown = id;
        choice.value = id;
        frame.replaceChildren();
        const captioned = id === film.shown && film.run.packets && film.run.packets.caption;
        setText(caption, captioned || "");
        caption.hidden = !captioned;
        if (!ladder.segments.length && !ladder.states.client.length &&
            !ladder.states.server.length) {
            htmlElement("p", {class: "note"}, frame, text("ladder_nothing"));
            save.disabled = true;
            picture = null;
            return;
        }
        save.disabled = false;
        picture = ladderDraw(film, ladder, frame);
        picture.svg.classList.add(colourOf(ladder.id));
    }

    /** While results are covered the ladder has what the film has come to, and no row's name. */
    function cover() {
        uncovered = context.uncovered();
        root.classList.toggle("ladder-covered", !uncovered);
        film.connections.forEach(({id, client, row}, i) => setText(options[i],
            text(uncovered && row ? "ladder_option_row" : "ladder_option",
                 {id, client, row: hasText("row_" + row) ? text("row_" + row) : row})));
    }

    return {
        draw(t) {
            const wanted = context.follow ?? film.shown;
            if (context.uncovered() !== uncovered)
                cover();
            if (wanted !== shown || (!picture && !frame.childElementCount))
                show(wanted);
            if (!picture)
                return;
            const y = picture.scale.y(t).toFixed(1);
            setAttribute(picture.cursor, "y1", y);
            setAttribute(picture.cursor, "y2", y);
            for (const {t: from, element} of picture.parts)
                element.classList.toggle("ladder-to-come", from > t + 1e-6);
        },
    };
}
