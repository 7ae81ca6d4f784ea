// What changed over time: states of each host stacked, the queue against its limit, counters. The
// axis is that of the slider, with its folds; one cursor for all.

import {htmlElement, saveSvg, setAttribute, svgElement} from "./draw.js";
import {resultsCover} from "./results.js";
import {stageSpan} from "./stage.js";
import {text} from "./strings.js";

const CURVES_WIDTH = 1140;
const CURVES_LEFT = 200;
const CURVES_RIGHT = 1090;
const CURVES_STATES = 130; /* heights */
const CURVES_QUEUE = 110;
const CURVES_COUNTER = 44;
const CURVES_GAP = 34;
const CURVES_COUNTERS = 10; /* so many: those that moved most */
const CURVES_ZOOM = 2;

const CURVE_STATES = ["SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSING",
                      "TIME_WAIT", "CLOSE_WAIT", "LAST_ACK", "CLOSE"];

/** [{t_ms, value}] as a line of steps, or the upper side of an area. */
export function curvesSteps(points, x, y, end) {
    let path = "", last = null;
    for (const point of points) {
        const px = x(point.t_ms).toFixed(1), py = y(point.value).toFixed(1);
        path += last === null ? `M${px} ${py}` : `H${px}V${py}`;
        last = py;
    }
    return last === null ? "" : `${path}H${x(end).toFixed(1)}`;
}

function curvesSpans(film) {
    return film.timeline.map((entry, i) => ({
        entry, from: entry.t_ms, to: i + 1 < film.timeline.length ? film.timeline[i + 1].t_ms
            : Math.max(film.end_ms, entry.t_ms)}));
}

/** The states of one host: for each the area between what is below it and itself. */
function curvesStates(film, side) {
    const present = CURVE_STATES.filter((state) =>
        film.timeline.some((entry) => entry[side] && entry[side][state]));
    const most = film.timeline.reduce((sum, entry) => Math.max(sum, present.reduce((all, state) =>
        all + ((entry[side] && entry[side][state]) || 0), 0)), 1);
    return {present, most};
}

function curvesCounters(film) {
    const values = new Map();
    for (const entry of film.run.counters_over_time || [])
        for (const [name, moved] of Object.entries(entry.moved)) {
            const key = `${entry.side} ${name}`;
            const list = values.get(key) || [{t_ms: film.beginning_ms, value: 0}];
            list.push({t_ms: entry.t_ms, value: list[list.length - 1].value + moved});
            values.set(key, list);
        }
    return [...values.entries()].map(([name, points]) => ({
        name, points, last: points[points.length - 1].value,
        most: Math.max(...points.map((p) => Math.abs(p.value)), 1)}));
}

function curvesAxis(svg, top, bottom, most) {
    for (const [y, value] of [[bottom, 0], [top, most]]) {
        svgElement("line", {x1: CURVES_LEFT, x2: CURVES_RIGHT, y1: y, y2: y, class: "curve-axis"},
            svg);
        svgElement("text", {x: CURVES_LEFT - 8, y: y + 5, class: "curve-number"}, svg, value);
    }
}

export function createCurves(root, film, clock, context) {
    const cover = resultsCover(root, context.uncoverAll);
    const head = htmlElement("p", {class: "curves-head"}, root);
    const frame = htmlElement("div", {class: "wide"}, root);
    const zoom = {from: 0, to: clock.length};
    let svg, cursor, drag = null;

    const button = (id, label, action) => {
        const element = htmlElement("button", {type: "button", id}, head, label);
        element.onclick = action;
        return element;
    };
    button("zoom-in", text("zoom_in"), () => zoomBy(1 / CURVES_ZOOM));
    button("zoom-out", text("zoom_out"), () => zoomBy(CURVES_ZOOM));
    button("zoom-all", text("zoom_all"), () => zoomTo(0, clock.length));
    button("save-curves", text("save_svg"), () => saveSvg(svg, `${film.run.experiment}-curves`));

    function x(t) {
        const part = (clock.positionOf(t) - zoom.from) / (zoom.to - zoom.from);
        return CURVES_LEFT + part * (CURVES_RIGHT - CURVES_LEFT);
    }

    function zoomTo(from, to) {
        const least = clock.length / 500, span = Math.min(clock.length, Math.max(least, to - from));
        zoom.from = Math.max(0, Math.min(from, clock.length - span));
        zoom.to = zoom.from + span;
        build();
        draw(clock.t_ms);
    }

    /** About the cursor. */
    function zoomBy(factor) {
        const span = (zoom.to - zoom.from) * factor, at = clock.positionOf(clock.t_ms);
        zoomTo(at - span / 2, at + span / 2);
    }

    function stack(side, top) {
        const {present, most} = curvesStates(film, side), bottom = top + CURVES_STATES;
        const height = (value) => bottom - value / most * CURVES_STATES;
        const spans = curvesSpans(film);
        svgElement("text", {x: 10, y: top + 18, class: "curve-title"}, svg,
                   text("curve_states", {side: text(side)}));
        const base = spans.map(() => 0);
        present.forEach((state, k) => {
            const upper = spans.map(({entry}, i) => base[i] +
                ((entry[side] && entry[side][state]) || 0));
            const area = svgElement("path",
                {d: outline(spans, base, upper, height), class: `curve-area state-${state}`,
                                             "data-state": state}, plot);
            svgElement("title", {}, area, state);
            svgElement("rect", {x: 10, y: top + 28 + 19 * k, width: 13, height: 13,
                                class: `curve-key state-${state}`}, svg);
            svgElement("text", {x: 30, y: top + 40 + 19 * k, class: "curve-state"}, svg, state);
            label(spans, base, upper, state, height);
            upper.forEach((value, i) => { base[i] = value; });
        });
        curvesAxis(svg, top, bottom, most);
        return Math.max(bottom, top + 28 + 19 * present.length) + CURVES_GAP;
    }

    /** Pieces without a gap: along the upper side, and back along the lower one. */
    function outline(spans, base, upper, height) {
        let path = "", back = "";
        spans.forEach(({from, to}, i) => {
            if (upper[i] === base[i])
                return;
            const begins = !i || upper[i - 1] === base[i - 1];
            const ends = i + 1 === spans.length || upper[i + 1] === base[i + 1];
            const left = x(from).toFixed(1), right = x(to).toFixed(1);
            path += begins ? `M${left} ${height(base[i]).toFixed(1)}` : "";
            path += `V${height(upper[i]).toFixed(1)}H${right}`;
            back = `V${height(base[i]).toFixed(1)}H${left}` + back;
            if (ends) {
                path += back + "z";
                back = "";
            }
        });
        return path;
    }

    /** The state's name in the widest piece of its area, where it has room. */
    function label(spans, base, upper, state, height) {
        let best = null;
        spans.forEach(({from, to}, i) => {
            const left = Math.max(CURVES_LEFT, x(from)), right = Math.min(CURVES_RIGHT, x(to));
            if (upper[i] > base[i] && (!best || right - left > best.width))
                best = {width: right - left, middle: (left + right) / 2, i};
        });
        if (!best || best.width < 9 * state.length + 8)
            return;
        const y = (height(base[best.i]) + height(upper[best.i])) / 2;
        if (height(base[best.i]) - height(upper[best.i]) >= 16)
            svgElement("text", {x: best.middle, y: y + 5, class: "curve-label"}, plot, state);
    }

    function queue(top) {
        const limits = film.timeline.map((e) => ({t_ms: e.t_ms, value: e.limit || 0}));
        const most = Math.max(1, ...film.timeline.map((e) =>
            Math.max(e.queue || 0, e.limit || 0))) + 1;
        const bottom = top + CURVES_QUEUE;
        const height = (value) => bottom - value / most * CURVES_QUEUE;
        svgElement("text", {x: 10, y: top + 18, class: "curve-title"}, svg, text("curve_queue"));
        const line = curvesSteps(film.timeline.map((e) => ({t_ms: e.t_ms, value: e.queue || 0})),
                                 x, height, film.end_ms);
        if (line)
            svgElement("path", {d: `${line}V${bottom}H${x(film.timeline[0].t_ms).toFixed(1)}z`,
                                class: "curve-queue"}, plot);
        svgElement("path", {d: curvesSteps(limits, x, height, film.end_ms), class: "curve-limit"},
            plot);
        if (film.limit)
            svgElement("text", {x: CURVES_RIGHT, y: height(film.limit) - 5,
                class: "curve-limit-text"},
                       svg, text("limit", {n: film.limit}));
        curvesAxis(svg, top, bottom, most);
        return bottom + CURVES_GAP;
    }

    function counter(c, top) {
        const bottom = top + CURVES_COUNTER;
        const height = (value) => bottom - value / c.most * (CURVES_COUNTER - 6);
        const [side, name] = c.name.split(" ");
        svgElement("text", {x: 10, y: bottom - 20, class: "curve-state"}, svg, text(side));
        svgElement("text", {x: 10, y: bottom - 3, class: "curve-counter"}, svg,
            name.replace(/^.*\./, ""));
        svgElement("path", {d: curvesSteps(c.points, x, height, film.end_ms), class: "curve-line"},
            plot);
        svgElement("line", {x1: CURVES_LEFT, x2: CURVES_RIGHT, y1: bottom, y2: bottom,
                            class: "curve-axis"}, svg);
        svgElement("text", {x: CURVES_RIGHT + 6, y: height(c.last) + 5, class: "curve-last"}, svg,
            c.last);
        return bottom + 14;
    }

    function ticks(y) {
        let last = -Infinity;
        for (let i = 0; i <= 60; i++) {
            const t = clock.timeOf(zoom.from + (zoom.to - zoom.from) * i / 60), at = x(t);
            if (at - last < 90 || at < CURVES_LEFT)
                continue;
            last = at;
            svgElement("line", {x1: at, x2: at, y1: y, y2: y + 6, class: "curve-axis"}, svg);
            svgElement("text", {x: at, y: y + 22, class: "curve-tick"}, svg,
                       t > 0 ? stageSpan(Number(t.toPrecision(3))) : "0");
        }
        return y + 30;
    }

    let plot;
    function build() {
        frame.replaceChildren();
        svg = svgElement("svg", {class: "picture curves-picture", role: "img",
                                 "aria-label": text("curves_said")}, frame);
        const clip = svgElement("clipPath", {id: "curves-clip"}, svgElement("defs", {}, svg));
        const box = svgElement("rect", {x: CURVES_LEFT, y: 0, width: CURVES_RIGHT - CURVES_LEFT},
            clip);
        plot = svgElement("g", {"clip-path": "url(#curves-clip)"}, svg);
        let y = 14;
        y = stack("client", y);
        y = stack("server", y);
        if (film.limit || film.timeline.some((e) => e.queue))
            y = queue(y);
        const moved = curvesCounters(film);
        if (moved.length)
            svgElement("text", {x: 10, y: y + 4, class: "curve-title"}, svg,
                text("curve_counters"));
        for (const c of moved.slice(0, CURVES_COUNTERS))
            y = counter(c, y + (c === moved[0] ? 8 : 0));
        for (const fold of clock.folds)
            svgElement("rect", {x: x(fold.from_ms), y: 0,
                width: Math.max(1, x(fold.to_ms) - x(fold.from_ms)),
                                height: y, class: "curve-fold"}, plot);
        y = ticks(y + 4);
        box.setAttribute("height", y);
        cursor = svgElement("line", {y1: 0, y2: y - 26, class: "curve-cursor"}, plot);
        svg.setAttribute("viewBox", `0 0 ${CURVES_WIDTH} ${y}`);
        svg.onpointerdown = (event) => begin(event);
        svg.onpointermove = (event) => move(event);
        svg.onpointerup = (event) => end(event);
    }

    /** The position of the film under the pointer. */
    function positionAt(event) {
        const box = svg.getBoundingClientRect();
        const px = (event.clientX - box.left) / box.width * CURVES_WIDTH;
        const part = Math.min(1, Math.max(0, (px - CURVES_LEFT) / (CURVES_RIGHT - CURVES_LEFT)));
        return zoom.from + part * (zoom.to - zoom.from);
    }

    /* A click seeks; a drag zooms into what it spans. */
    function begin(event) {
        drag = {from: positionAt(event), to: positionAt(event)};
        svg.setPointerCapture(event.pointerId);
    }
    function move(event) {
        if (drag)
            drag.to = positionAt(event);
    }
    function end(event) {
        if (!drag)
            return;
        const from = Math.min(drag.from, positionAt(event));
        const to = Math.max(drag.from, positionAt(event));
        drag = null;
        if (to - from > (zoom.to - zoom.from) / 40) {
            zoomTo(from, to);
        } else {
            clock.pause();
            clock.seek(clock.timeOf(from));
        }
    }

    function draw(t) {
        const shown = context.uncovered();
        cover.hidden = shown;
        frame.hidden = !shown;
        head.hidden = !shown || !film.timeline.length;
        if (!svg)
            return;
        const at = x(t).toFixed(1);
        setAttribute(cursor, "x1", at);
        setAttribute(cursor, "x2", at);
    }

    if (!film.timeline.length) {
        htmlElement("p", {class: "note"}, frame, text("curves_nothing"));
    } else {
        build();
    }
    return {draw};
}
