// Where a load breaks: what was predicted, and each trial in its order.

import {htmlElement, svgElement} from "./draw.js";
import {MEASURE_LEFT, MEASURE_RIGHT, measureHead, measurePicture, measureRange,
        measureTable} from "./measure.js";
import {text} from "./strings.js";

const KNEE_TOP = 70;
const KNEE_ROW = 24;

/** 1, 2 and 5 of each power of ten in the range, and 0, as long as there is room. */
function kneeTicks(from, to, x) {
    const ticks = [from];
    for (let power = 1; power <= to; power *= 10)
        for (const n of [1, 2, 5])
            if (n * power > from && n * power <= to && x(n * power) - x(ticks.at(-1)) > 60)
                ticks.push(n * power);
    return ticks;
}

function kneeMark(svg, answer, x, y) {
    if (answer === "good")
        svgElement("circle", {cx: x, cy: y, r: 7, class: "knee-good"}, svg);
    else if (answer === "bad")
        svgElement("path", {d: `M${x - 7} ${y - 7}l14 14m0 -14l-14 14`, class: "knee-bad"}, svg);
    else
        svgElement("path", {d: `M${x} ${y - 8}l8 8l-8 8l-8 -8z`, class: "knee-limited"}, svg);
}

function kneePicture(svg, received, words, seen) {
    const [from, to] = received.range, {trials} = received;
    const scale = (value) => Math.log(1 + value);
    const x = (value) => MEASURE_LEFT + (scale(Math.min(to, Math.max(from, value))) - scale(from)) /
        (scale(to) - scale(from) || 1) * (MEASURE_RIGHT - MEASURE_LEFT - 110);
    const bottom = KNEE_TOP + KNEE_ROW * trials.length + 14;
    if (received.predicted) {
        const [lo, hi] = received.predicted, left = x(lo ?? from), right = x(hi ?? to);
        svgElement("rect", {x: left - 4, y: KNEE_TOP - 16, width: right - left + 8, rx: 3,
                            height: bottom - KNEE_TOP + 16, class: "measure-predicted"}, svg);
        svgElement("text", {x: left - 4, y: KNEE_TOP - 26, class: "measure-tick measure-left"}, svg,
                   text("knee_predicted", {range: measureRange(received.predicted, words)}));
    }
    for (const [key, label] of [["last_good", "knee_last_good"], ["first_bad", "knee_first_bad"]]) {
        const value = received[key];
        if (typeof value !== "number")
            continue;
        const left = value === Math.min(received.last_good ?? value, received.first_bad ?? value);
        svgElement("line", {x1: x(value), x2: x(value), y1: KNEE_TOP - 16, y2: bottom + 34,
                            class: `knee-end ${key}`}, svg);
        svgElement("text", {x: x(value) + (left ? -6 : 6), y: bottom + 52,
                            class: `measure-tick ${left ? "measure-right" : "measure-left"}`}, svg,
                   text(label, {value: words(value)}));
    }
    trials.forEach((trial, i) => {
        const y = KNEE_TOP + KNEE_ROW * i + 6;
        svgElement("text", {x: MEASURE_LEFT - 24, y: y + 5, class: "measure-number"}, svg,
                   text("seconds", {n: +trial.seconds.toPrecision(3)}));
        svgElement("text", {x: MEASURE_RIGHT, y: y + 5, class: "measure-number"}, svg,
                   seen(trial.value));
        kneeMark(svg, trial.answer, x(trial.at), y);
    });
    svgElement("line", {x1: MEASURE_LEFT, x2: MEASURE_RIGHT - 110, y1: bottom, y2: bottom,
                        class: "curve-axis"}, svg);
    for (const value of kneeTicks(from, to, x)) {
        svgElement("line", {x1: x(value), x2: x(value), y1: bottom, y2: bottom + 6,
                            class: "curve-axis"}, svg);
        svgElement("text", {x: x(value), y: bottom + 24, class: "measure-tick"}, svg, words(value));
    }
    let at = MEASURE_LEFT;
    for (const answer of ["good", "bad", "limited"]) {
        kneeMark(svg, answer, at, 16);
        svgElement("text", {x: at + 16, y: 21, class: "measure-tick measure-left"}, svg,
                   text(`knee_${answer}`));
        at += 130;
    }
    return bottom + 66;
}

export function createKnee(root, received) {
    const words = (value) => `${Number(value.toPrecision(6))}${received.unit || ""}`;
    const percent = (received.until || "").includes("%");
    const seen = (value) => typeof value !== "number" ? text("no_value")
        : percent ? text("percent", {n: +value.toPrecision(3)}) : String(+value.toPrecision(6));
    const prediction = received.prediction || {};
    measureHead(root, received, text("knee_title", {key: received.key, until: received.until}),
                text("knee_trials", {n: received.trials.length}));
    const list = htmlElement("dl", {class: "pairs"}, root);
    const pair = (label, content, kind) => {
        if (!content)
            return;
        htmlElement("dt", {}, list, text(label));
        htmlElement("dd", {class: kind}, list, content);
    };
    const ends = ["last_good", "first_bad"].filter((key) => typeof received[key] === "number")
        .map((key) => text(`knee_${key}`, {value: words(received[key])}));
    pair("knee_before", received.predicted ? text(
        prediction.smallest_good ? "knee_smallest" : "knee_highest",
        {key: received.key, range: measureRange(received.predicted, words)})
        : prediction.why_none);
    pair("knee_measured", ends.join(", ") || text("no_value"));
    pair("verdict", text(received.verdict || ""), `verdict is-${received.verdict}`);
    pair("reason", received.reason);
    pair("rule", prediction.sentence);
    pair("source", prediction.source);
    measurePicture(root, "knee", text("knee_picture"), text("knee_said", {
        n: received.trials.length, key: received.key,
        range: measureRange(received.predicted, words), ends: ends.join(", ")}),
                   (svg) => kneePicture(svg, received, words, seen));
    measureTable(root, [received.key, text("knee_column_trials"), text("knee_column_connections"),
                        text("seen"), text("knee_column_answer")],
                 (received.answers || []).map((one) => [
                     words(one.at), text(one.long ? "knee_long" : "knee_short", {n: one.trials}),
                     Number(one.connections).toLocaleString("en-US"), seen(one.value),
                     text(`knee_${one.answer}`)]), 1);
}
