// A load at several values: of one key a curve for each metric, of two keys a map, and the table.

import {svgElement} from "./draw.js";
import {MEASURE_LEFT, MEASURE_RIGHT, MEASURE_WIDTH, measureHead, measurePercent, measurePicture,
        measureRange, measureTable, measureText} from "./measure.js";
import {text} from "./strings.js";

const SWEEP_CURVE = 120; /* heights */
const SWEEP_GAP = 96;
const SWEEP_CELL = 46;

/** What is shown of each point: the drops, if there are any or the rule says how many, and the
 *  metrics that are not 0 everywhere. */
function sweepSeries(received) {
    const {points} = received, metrics = points[0]?.metrics || [];
    const all = metrics.map(({metric, unit}, i) => ({
        name: metric, words: (value) => measureText(unit, value), predicted: null,
        values: points.map((point) => point.metrics[i].median),
        intervals: points.map((point) => point.metrics[i].interval)}));
    const drops = {name: text("sweep_drops"), words: measurePercent,
                   values: points.map((point) => point.drops_percent),
                   intervals: points.map(() => null),
                   predicted: points.map((point) => point.predicted_drops_percent)};
    return [drops, ...all].filter(({values, predicted}) =>
        values.some((value) => value > 0) || (predicted && predicted.some((range) => range)));
}

function sweepMost({values, intervals, predicted}) {
    const seen = values.map((value, i) => Math.max(value ?? 0, intervals[i]?.[1] ?? 0));
    const most = Math.max(...seen);
    /* a prediction far above all that was seen is cut */
    return Math.max(most, ...(predicted || []).map((p) => Math.min(p?.[1] ?? 0, 2 * most))) || 1;
}

function sweepCurve(svg, top, series, labels) {
    const bottom = top + SWEEP_CURVE, most = sweepMost(series), n = labels.length;
    const x = (i) => MEASURE_LEFT + (i + 0.5) / n * (MEASURE_RIGHT - MEASURE_LEFT);
    const y = (value) => bottom - Math.min(value, most) / most * SWEEP_CURVE;
    svgElement("text", {x: 10, y: top - 34, class: "measure-title"}, svg, series.name);
    for (const value of [0, most]) {
        svgElement("line", {x1: MEASURE_LEFT, x2: MEASURE_RIGHT, y1: y(value), y2: y(value),
                            class: "curve-axis"}, svg);
        svgElement("text", {x: MEASURE_LEFT - 10, y: y(value) + 5, class: "measure-number"}, svg,
                   value ? series.words(value) : "0");
    }
    (series.predicted || []).forEach((range, i) => {
        if (range)
            svgElement("rect", {x: x(i) - 34, width: 68, y: y(range[1]) - 2, rx: 2,
                                height: y(range[0]) - y(range[1]) + 4, class: "measure-predicted"},
                       svg);
    });
    const there = labels.map((label, i) => i).filter((i) => typeof series.values[i] === "number");
    svgElement("path", {class: "curve-line", d: there.map((i, k) =>
        `${k ? "L" : "M"}${x(i).toFixed(1)} ${y(series.values[i]).toFixed(1)}`).join("")}, svg);
    for (const i of there) {
        const interval = series.intervals[i], value = series.values[i];
        if (interval)
            svgElement("path", {class: "measure-interval",
                                d: `M${x(i) - 7} ${y(interval[0])}h14m-7 0` +
                                    `V${y(interval[1])}m-7 0h14`}, svg);
        svgElement("circle", {cx: x(i), cy: y(value), r: 5, class: "measure-point"}, svg);
        svgElement("text", {x: x(i), y: y(Math.max(value, interval?.[1] ?? 0)) - 11,
                            class: "measure-value"}, svg, series.words(value));
    }
    labels.forEach((label, i) => svgElement("text", {x: x(i), y: bottom + 20,
                                                     class: "measure-tick"}, svg, label));
    return bottom + SWEEP_GAP;
}

function sweepMap(svg, top, series, [rows, columns], names) {
    const most = Math.max(...series.values.map((value) => value ?? 0)) || 1;
    const width = Math.min(240, (MEASURE_RIGHT - MEASURE_LEFT) / columns.length);
    svgElement("text", {x: 10, y: top - 34, class: "measure-title"}, svg, series.name);
    svgElement("text", {x: 10, y: top - 8, class: "measure-tick measure-left"}, svg,
               text("sweep_down_across", names));
    const begin = top + 22;
    columns.forEach((label, j) => svgElement("text", {
        x: MEASURE_LEFT + (j + 0.5) * width, y: begin - 8, class: "measure-tick"}, svg, label));
    rows.forEach((label, i) => {
        const y = begin + i * SWEEP_CELL;
        svgElement("text", {x: MEASURE_LEFT - 10, y: y + SWEEP_CELL / 2 + 5,
                            class: "measure-number"}, svg, label);
        columns.forEach((column, j) => {
            const at = i * columns.length + j, value = series.values[at];
            const range = series.predicted?.[at], middle = MEASURE_LEFT + (j + 0.5) * width;
            const cell = svgElement("rect", {
                x: MEASURE_LEFT + j * width + 1, y: y + 1, width: width - 2, rx: 4,
                height: SWEEP_CELL - 2, class: "measure-cell",
                "fill-opacity": (0.04 + 0.46 * (value ?? 0) / most).toFixed(3)}, svg);
            svgElement("title", {}, cell, `${names.down}=${label} ${names.across}=${column}`);
            svgElement("text", {x: middle, y: y + (range ? 20 : 28), class: "measure-value"}, svg,
                       series.words(value));
            if (range)
                svgElement("text", {x: middle, y: y + 38, class: "measure-small"}, svg,
                           text("rule_of", {range: measureRange(range, measurePercent)}));
        });
    });
    return begin + rows.length * SWEEP_CELL + SWEEP_GAP;
}

export function createSweep(root, received) {
    const keys = received.vary.map(({key}) => key), values = received.vary.map((one) => one.values);
    const series = sweepSeries(received);
    measureHead(root, received, text("sweep_title", {keys: keys.join(", ")}), text("sweep_runs", {
        done: received.runs, all: received.runs_in_all}));
    if (series.length)
        measurePicture(root, "sweep", text("sweep_pictures"),
                       text("sweep_said", {keys: keys.join(", ")}), (svg) => {
            let y = 54;
            for (const one of series)
                y = keys.length === 2
                    ? sweepMap(svg, y, one, values, {down: keys[0], across: keys[1]})
                    : sweepCurve(svg, y, one, values[0]);
            if (keys.length === 1 && series[0].predicted) {
                svgElement("rect", {x: MEASURE_WIDTH - 250, y: 4, width: 26, height: 14, rx: 2,
                                    class: "measure-predicted"}, svg);
                svgElement("text", {x: MEASURE_WIDTH - 216, y: 17,
                                    class: "measure-tick measure-left"}, svg,
                           text("sweep_legend"));
            }
            return y - 60;
        });
    const rows = received.points.map((point, i) => [
        ...keys.map((key) => point.at[key] ?? ""),
        ...series.map((one) => one.words(one.values[i])),
        measureRange(point.predicted_drops_percent, measurePercent)]);
    measureTable(root, [...keys, ...series.map(({name}) => name), text("sweep_predicted")], rows,
                 keys.length);
    const failed = received.points.flatMap((point) => (point.thresholds || [])
        .filter((threshold) => threshold.failed).map((threshold) => text("sweep_failed", {
            what: threshold.fail_if,
            at: keys.map((key) => `${key}=${point.at[key]}`).join(" ")})));
    measureTable(root, [text("sweep_thresholds")], failed.map((words) => [words]), 0);
    if (!failed.length)
        root.lastElementChild.remove();
}
