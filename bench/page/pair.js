// Two films of one experiment side by side, with other knobs and one clock: of each the stage and
// the accept queue.

import {curvesSteps} from "./curves.js";
import {htmlElement, setAttribute, svgElement} from "./draw.js";
import {filmSteps} from "./film.js";
import {createStage} from "./stage.js";
import {text} from "./strings.js";

const PAIR_QUEUE = 84; /* units: the height of the queue's curve */

/** What a clock needs to know of two films. */
export function pairFilm(one, other) {
    const sorted = (key, by = "t_ms") => [...one[key], ...other[key]].sort((a, b) => a[by] - b[by]);
    const events = sorted("events"), transit = Math.max(one.transit_ms, other.transit_ms);
    return {
        run: one.run, segments: sorted("segments"), events, stops: [], halts: sorted("halts"),
        timeline: sorted("timeline"), has_states: one.has_states && other.has_states,
        transit_ms: transit, beginning_ms: 0, end_ms: Math.max(one.end_ms, other.end_ms),
        steps: filmSteps(events, transit), connections: [],
    };
}

/** Knobs whose values differ: "backlog 4", "backlog 16"; of each run one list of words. */
export function pairKnobs(one, other, words) {
    const differs = (name) => JSON.stringify((one.knobs || {})[name]) !==
        JSON.stringify((other.knobs || {})[name]);
    const own = (run) => words(Object.fromEntries(Object.entries(run.knobs || {})
        .filter(([name]) => differs(name))));
    return [own(one), own(other)];
}

/** The accept queue over time, against its limit. */
function createPairQueue(root, film, clock) {
    const unit = parseFloat(getComputedStyle(root).fontSize) / 22 || 1;
    const width = Math.round(root.clientWidth / unit), left = 10, right = width - 10;
    const svg = svgElement("svg", {viewBox: `0 0 ${width} ${PAIR_QUEUE}`, role: "img",
                                   class: "picture pair-queue",
                                   "aria-label": text("pair_queue_said")}, root);
    const most = film.slots + 0.5, bottom = PAIR_QUEUE - 4;
    const x = (t) => left + clock.positionOf(t) / clock.length * (right - left);
    const y = (value) => bottom - value / most * (PAIR_QUEUE - 8);
    const end = clock.timeOf(clock.length);
    const line = curvesSteps(film.timeline.map((e) => ({t_ms: e.t_ms, value: e.queue || 0})), x, y,
                             end);
    if (line)
        svgElement("path", {d: `${line}V${bottom}H${x(film.timeline[0].t_ms).toFixed(1)}z`,
                            class: "curve-queue"}, svg);
    if (film.limit) {
        svgElement("path", {d: curvesSteps(film.timeline.map((e) => ({
            t_ms: e.t_ms, value: film.limitAt(e.t_ms).limit})), x, y, end), class: "curve-limit"},
                   svg);
        svgElement("text", {x: left + 4, y: Math.max(22, y(film.limit) + 22), class: "pair-text"},
                   svg, text("gauge_limit", {limit: film.limit}));
    }
    const cursor = svgElement("line", {y1: 0, y2: PAIR_QUEUE, class: "curve-cursor"}, svg);
    return {
        draw(t) {
            setAttribute(cursor, "x1", x(t).toFixed(1));
            setAttribute(cursor, "x2", x(t).toFixed(1));
        },
    };
}

/** films, and for each the words about its knobs; contextOf() makes a context for each. */
export function createPair(root, films, clock, words, contextOf) {
    const halves = films.map((film, i) => {
        const half = htmlElement("div", {class: "pair-half", "data-half": i}, root);
        const head = htmlElement("p", {class: "pair-head"}, half);
        htmlElement("span", {class: "pair-knobs"}, head,
                    words[i].join("  ") || text("pair_same_knobs"));
        const counts = htmlElement("span", {class: "pair-counts"}, head);
        const place = htmlElement("div", {class: "pair-stage"}, half);
        const queue = htmlElement("div", {class: "pair-curve"}, half);
        return {film, place, queue, context: {...contextOf(), half: i, counts,
                                              legend: htmlElement("span")}};
    });
    /* when both have their places, so that their sizes are known */
    const pictures = halves.map((half) => createStage(half.place, half.film, clock, half.context));
    let queues = [];
    const all = (action) => pictures.forEach(action);
    const pair = {
        draw(t) {
            all((stage) => stage.draw(t));
            queues.forEach((queue) => queue.draw(t));
        },
        setNumbers: (on) => all((stage) => stage.setNumbers(on)),
        rebuild() {
            all((stage) => stage.rebuild());
            halves.forEach((half) => half.queue.replaceChildren());
            queues = halves.map((half) => createPairQueue(half.queue, half.film, clock));
        },
    };
    pair.rebuild();
    return pair;
}
