// Puts the parts together: the document, the pictures, the keyboard, several runs, the live feed.

import {createClaims} from "./claims.js";
import {createClock} from "./clock.js";
import {createCurves} from "./curves.js";
import {htmlElement, setAttribute, setText, svgElement} from "./draw.js";
import {createFilm} from "./film.js";
import {createIndex} from "./index.js";
import {createKnee} from "./knee.js";
import {createLadder} from "./ladder.js";
import {createPair, pairFilm, pairKnobs} from "./pair.js";
import {createResults, knobWords} from "./results.js";
import {sentenceAt} from "./sentence.js";
import {createStage, stageSpan} from "./stage.js";
import {hasText, text} from "./strings.js";
import {createSweep} from "./sweep.js";

const page = {document: null, memory: new Map(), run: null, film: null, clock: null, growing: [],
              lasting: [], waiting: null};

const find = (id) => document.getElementById(id);

// --- what is followed ---

function createContext() {
    const listeners = [];
    const context = {
        follow: null, legend: find("legend"), counts: find("counts"),
        onFollow: (listener) => listeners.push(listener),
        setFollow(id) {
            if (context.follow === id)
                return;
            context.follow = id;
            find("film").classList.toggle("following", id !== null);
            for (const listener of listeners)
                listener(id);
        },
    };
    return context;
}

// --- the bar of time ---

function createTrack(film, clock) {
    const input = find("time"), track = find("track");
    let svg, played, width;

    function x(t) {
        return 9 + clock.positionOf(t) / clock.length * (width - 18);
    }

    /** A round number of ms: so that labels stand no closer than they are wide. */
    function tickStep() {
        for (let power = 0.01; power < 1e7; power *= 10)
            for (const n of [1, 2, 5])
                if (n * power * clock.pace / clock.length * width > 76)
                    return n * power;
        return film.end_ms;
    }

    function drawTicks() {
        const step = tickStep();
        let last = -Infinity;
        for (let i = 0; i * step <= film.end_ms; i++) {
            const t = i * step, fold = clock.foldAt(t);
            if (fold)
                i = Math.floor(fold.to_ms / step);
            if (fold || x(t) - last < 70 || x(t) > width - 36)
                continue;
            last = x(t);
            svgElement("line", {x1: last, x2: last, y1: 18, y2: 26, class: "tick"}, svg);
            svgElement("text", {x: Math.max(last, 9), y: 52, class: "tick-text"}, svg,
                       i ? trackTime(t, step) : "0");
        }
    }

    let folded = -Infinity;
    function drawFold(fold) {
        if (x(fold.from_ms) < folded + 12) /* many waits look like one */
            return;
        folded = x(fold.to_ms);
        const from = x(fold.from_ms), to = x(fold.to_ms), middle = (from + to) / 2;
        svgElement("rect", {x: from, y: 14, width: Math.max(6, to - from), height: 16,
                            class: "track-fold"}, svg);
        svgElement("path", {d: `M${from} 22 H${middle - 9} l4 -8 l6 16 l6 -16 l4 8 H${to}`,
                            class: "track-zigzag"}, svg);
        svgElement("title", {}, svg, text("passes", {span: stageSpan(fold.to_ms - fold.from_ms)}));
    }

    function build() {
        if (svg)
            svg.remove();
        const unit = track.clientHeight / 56 || 1;
        width = Math.max(300, Math.round(track.clientWidth / unit));
        svg = svgElement("svg", {viewBox: `0 0 ${width} 56`, "aria-hidden": "true",
                                 class: "track-picture"});
        track.prepend(svg);
        svgElement("line", {x1: 9, x2: width - 9, y1: 22, y2: 22, class: "track-line"}, svg);
        played = svgElement("line", {x1: 9, x2: 9, y1: 22, y2: 22, class: "track-played"}, svg);
        drawTicks();
        folded = -Infinity;
        clock.folds.forEach(drawFold);
        let last = {sent: -Infinity, dropped: -Infinity};
        for (const event of film.events) {
            const dropped = event.kind === "dropped", at = x(event.t_ms);
            if ((event.kind !== "sent" && !dropped) || at - last[event.kind] < 2)
                continue;
            svgElement("line", {x1: at, x2: at, y1: 27, y2: dropped ? 38 : 32,
                                class: dropped ? "mark-dropped" : "mark-sent"}, svg);
            last[event.kind] = at;
        }
        for (const stop of film.halts) {
            const at = x(stop.t_ms);
            svgElement("path", {d: `M${at} 15 l-7 -12 h14 z`, class: "mark-stop",
                                "data-stop": stop.what}, svg);
        }
        input.max = Math.round(clock.length);
    }

    input.oninput = () => {
        clock.pause();
        clock.seek(clock.timeOf(Number(input.value)));
    };
    input.setAttribute("aria-label", text("time"));
    build();
    return {
        build,
        draw(t) {
            input.value = Math.round(clock.positionOf(t));
            setAttribute(input, "aria-valuetext", text("time_now", {t: t.toFixed(1)}));
            setAttribute(played, "x2", x(t).toFixed(1));
        },
    };
}

/** With as many digits as tell one tick from the next. */
function trackTime(t, step) {
    const inSeconds = t >= 1000, unit = inSeconds ? step / 1000 : step;
    const digits = Math.max(0, -Math.floor(Math.log10(unit) + 1e-9));
    return text(inSeconds ? "seconds" : "milliseconds",
                {n: +(inSeconds ? t / 1000 : t).toFixed(digits)});
}

const controlsPlay = "M6 1 L20 10 L6 19 z";
const controlsPause = "M5 2 h5 v16 h-5 z M14 2 h5 v16 h-5 z";

function createControls(film, clock) {
    const root = find("controls");
    root.replaceChildren();
    const button = (id, label, sign, action, parent = root) => {
        const element = htmlElement("button", {id, type: "button", "aria-label": label,
                                               title: label}, parent, sign);
        element.onclick = action;
        return element;
    };
    /** As if it was played up to there. */
    const halt = (stop) => {
        clock.pause();
        clock.haltAt(stop);
    };
    const icon = (element, path) => svgElement("path", {d: path}, svgElement("svg", {
        viewBox: "0 0 24 20", class: "icon", "aria-hidden": "true"}, element));
    icon(button("back", text("back"), "", () => clock.step(-1)),
        "M20 2 L8 10 L20 18 z M4 2 h3 v16 h-3 z");
    const play = icon(button("play", text("play"), "", () => clock.toggle()), controlsPlay);
    icon(button("forward", text("forward"), "", () => clock.step(1)),
        "M4 2 L16 10 L4 18 z M17 2 h3 v16 h-3 z");
    const now = htmlElement("output", {id: "now", for: "time"}, root);
    const label = htmlElement("label", {class: "speed"}, root, text("speed") + " ");
    const speed = htmlElement("select", {id: "speed"}, label);
    for (let n = 1; n <= 9; n++)
        htmlElement("option", {value: n}, speed, text("speed_of", {speed: n}));
    speed.onchange = () => clock.setSpeed(Number(speed.value));
    const halts = htmlElement("label", {class: "halt"}, root);
    const box = htmlElement("input", {type: "checkbox", id: "halt", checked: true}, halts);
    halts.append(" " + text("stops"));
    box.onchange = () => { clock.halt_at_stops = box.checked; };
    const room = htmlElement("span", {class: "pace"}, root); /* shows it whole, or not at all */
    htmlElement("span", {id: "pace"}, room,
        text("pace", {span: stageSpan(Math.round(clock.pace))}));
    const jumps = htmlElement("span", {class: "jumps"}, root);
    film.stops.filter(({what}) => what === "mark").forEach((stop, i) =>
        button(`jump-mark-${i + 1}`, text("jump_mark_title", {sentence: stop.sentence}),
               "\u25be" + text("jump_mark", {n: i + 1}), () => halt(stop), jumps));
    for (const stop of film.stops)
        if (stop.what !== "mark" && hasText("jump_" + stop.what))
            button("jump-" + stop.what, text("jump_title", {what: text("jump_" + stop.what)}),
                   "\u21e5 " + text("jump_" + stop.what), () => {
                       clock.pause();
                       clock.seek(stop.t_ms);
                   }, jumps);
    button("help", text("help"), "?", toggleKeys, jumps);
    return {
        draw(t) {
            setAttribute(play, "d", clock.playing ? controlsPause : controlsPlay);
            setAttribute(find("play"), "aria-label", text(clock.playing ? "pause" : "play"));
            setText(now, t < 10000 ? text("time_now", {t: t.toFixed(film.transit_ms < 5 ? 2 : 1)})
                : text("time_now_long", {t: (t / 1000).toFixed(3)}));
            if (Number(speed.value) !== clock.speed)
                speed.value = clock.speed;
        },
    };
}

// --- a run ---

function section(parent, id, title) {
    const element = htmlElement("section", {id, "aria-label": title}, parent);
    htmlElement("h2", {}, element, title);
    return htmlElement("div", {class: "section-body"}, element);
}

function drawHead(run) {
    setText(find("question"), run.question || run.experiment);
    find("question").classList.toggle("long", (run.question || "").length > 58);
    find("knobs").replaceChildren();
    for (const words of knobWords(run.knobs, true))
        find("knobs").append(htmlElement("span", {}, null, words), " ");
    document.title = text("title", {experiment: run.experiment, question: run.question || ""});
}

function drawFoot(run) {
    const foot = find("foot");
    foot.replaceChildren();
    const kernel = page.document.kernel || (run.surroundings && run.surroundings.kernel) || "";
    const {claims} = page.document;
    if (page.document.runs.length > 1 || claims)
        htmlElement("a", {href: claims ? "#" : "#runs"}, foot,
                    text(claims ? "back_to_claims" : "back_to_runs"));
    for (const {index, words} of othersOf(run).slice(0, 3))
        htmlElement("a", {href: `#${runHash(page.document.runs.indexOf(run))}+${runHash(index)}`,
                          class: "beside"}, foot, text("beside", {knobs: words}));
    htmlElement("span", {id: "foot-run"}, foot, text("foot_run", {
        experiment: run.experiment, kernel, verdict: run.verdict && page.results?.uncovered()
            ? text("verdict_" + run.verdict) : ""}));
    htmlElement("span", {class: "foot-more"}, foot, text("more"));
    htmlElement("span", {class: "foot-keys"}, foot, text("foot_keys"));
}

/** The other runs of its experiment that have other knobs. */
function othersOf(run) {
    const {runs} = page.document;
    return runs.map((other, index) => ({index,
                                        words: pairKnobs(run, other, knobWords)[1].join(" ")}))
        .filter(({index, words}) => words && runs[index].experiment === run.experiment);
}

function createSentence(film, clock, results) {
    const element = find("sentence");
    let fitted = null;

    /** As large as it can be on one line; else smaller, on two. Measured if something
     *  changed. */
    function fit(said) {
        const beside = `${said}|${find("counts").textContent}|${find("legend").className}`;
        if (beside === fitted)
            return;
        fitted = beside;
        for (const size of ["", "long", "longer"]) {
            element.className = size;
            if (element.scrollWidth <= element.clientWidth)
                break;
        }
    }

    return {
        draw(t) {
            const waits = page.waiting && !film.run.verdict && t >= film.end_ms;
            const said = waits ? text("waits_for", {what: page.waiting})
                : sentenceAt(film, clock, t, results.uncovered());
            setText(element, said);
            fit(said);
            setAttribute(element, "aria-live", clock.playing ? "off" : "polite");
        },
    };
}

/** The pictures that grow with the run: made anew with each of its films. */
function drawFilm(run) {
    const {clock, context, results} = page;
    const film = page.film = createFilm(run);
    clock.setFilm(film);
    find("stage").replaceChildren();
    find("track").querySelector("svg")?.remove();
    page.curvesRoot.replaceChildren();
    page.stage = createStage(find("stage"), film, clock, context);
    page.track = createTrack(film, clock);
    page.growing = [page.stage, page.track, createControls(film, clock),
                    createCurves(page.curvesRoot, film, clock, context),
                    createSentence(film, clock, results)];
    window.tcplab = {film, clock, context, document: page.document};
}

function openRun(index) {
    const run = page.document.runs[index];
    page.index = index;
    if (!page.memory.has(index))
        page.memory.set(index, {});
    find("index").hidden = true;
    find("film").hidden = find("below").hidden = false;
    find("below").replaceChildren();
    find("film").classList.remove("pair");
    setText(find("legend"), text("disagree"));
    drawHead(run);
    const film = createFilm(run), clock = createClock(film), context = createContext();
    const below = find("below");
    const ladder = createLadder(section(below, "ladder", text("section_ladder")), film, clock,
                                context);
    const curvesRoot = section(below, "curves", text("section_curves"));
    const results = createResults(find("answers"), below, film, page.document,
                                  page.memory.get(index), () => {
                                      drawFoot(run);
                                      redraw();
                                  });
    results.addSave(text("save_stage"), "save-stage", () => page.stage.save());
    context.uncovered = results.uncovered;
    context.uncoverAll = results.uncoverAll;
    Object.assign(page, {run, clock, context, curvesRoot, results, lasting: [ladder]});
    drawFoot(run);
    drawFilm(run);
    if (!run.verdict) /* it goes on: what is seen is the newest moment */
        clock.seek(film.end_ms);
    clock.onChange(redraw);
    context.onFollow(redraw);
    redraw();
}

/** Two runs of one experiment beside each other. */
function openPair(first, second) {
    const runs = [page.document.runs[first], page.document.runs[second]];
    const films = runs.map(createFilm), film = pairFilm(...films), clock = createClock(film);
    find("index").hidden = find("below").hidden = true;
    find("film").hidden = false;
    find("film").classList.add("pair");
    find("below").replaceChildren();
    find("stage").replaceChildren();
    find("track").querySelector("svg")?.remove();
    page.results = null;
    drawHead(runs[0]);
    find("knobs").replaceChildren();
    drawFoot(runs[0]);
    const stage = createPair(find("stage"), films, clock, pairKnobs(...runs, knobWords),
                             createContext);
    Object.assign(page, {run: runs[0], film, clock, context: createContext(), stage,
                         track: createTrack(film, clock), lasting: []});
    page.growing = [stage, page.track, createControls(film, clock)];
    window.tcplab = {film, films, clock, context: page.context, document: page.document};
    clock.onChange(redraw);
    redraw();
}

/** The run goes on: who looked at its end sees the new end. */
function growRun() {
    const {clock, film} = page;
    const atEnd = clock.t_ms >= film.end_ms - 0.001;
    drawFilm(page.run);
    if (atEnd)
        clock.seek(page.film.end_ms);
    redraw();
}

function redraw() {
    for (const picture of [...page.growing, ...page.lasting])
        picture.draw(page.clock.t_ms);
}

// --- several runs ---

function openIndex() {
    find("film").hidden = find("below").hidden = true;
    page.clock?.pause();
    const root = find("index");
    root.hidden = false;
    root.replaceChildren();
    const {claims} = page.document;
    document.title = claims ? text("claims_title", {n: claims.length}) : text("runs");
    (claims ? createClaims : createIndex)(root, page.document);
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

/** "rst-on-overflow", and "rst-on-overflow-2" for the second one of that name. */
export function runHash(index) {
    const runs = page.document.runs, name = runs[index].experiment;
    const before = runs.slice(0, index).filter((run) => run.experiment === name).length;
    return encodeURIComponent(before ? `${name}-${before + 1}` : name);
}

function route() {
    const runs = page.document.runs;
    const wanted = location.hash.slice(1);
    const numberOf = (hash) => runs.findIndex((run, i) => runHash(i) === hash);
    const two = wanted.split("+").map(numberOf);
    const index = two[0];
    scrollTo(0, 0);
    if (two.length === 2 && !two.includes(-1))
        openPair(...two);
    else if (!wanted && runs.length === 2 && othersOf(runs[0]).length && !page.document.claims)
        openPair(0, 1);
    else if (index < 0 && (runs.length !== 1 || page.document.claims))
        openIndex();
    else
        openRun(Math.max(0, index));
}

// --- the keyboard ---

function toggleBelow(id) {
    const element = find(id);
    if (!element)
        return;
    const box = element.getBoundingClientRect();
    const seen = box.top < innerHeight * 0.7 && box.bottom > 0 && scrollY > 0;
    if (seen)
        scrollTo({top: 0});
    else
        element.scrollIntoView();
}

function toggleKeys() {
    const dialog = find("keys");
    if (dialog.open)
        dialog.close();
    else
        dialog.showModal();
}

function drawKeys() {
    const dialog = find("keys");
    htmlElement("h2", {id: "keys-title"}, dialog, text("keys_title"));
    dialog.setAttribute("aria-labelledby", "keys-title");
    const list = htmlElement("dl", {}, dialog);
    for (const [key, name] of [["space"], ["arrows"], ["shift_arrows"], ["pages"], ["home"],
                               ["digits"], ["tab"], ["escape"], ["r", "r"], ["R", "R"], ["l", "l"],
                               ["t", "t"], ["k", "k"], ["n", "n"], ["d", "d"], ["b", "b"],
                               ["f", "f"], ["help", "?"]]) {
        const row = htmlElement("div", {}, list);
        htmlElement("dt", {}, row, name || text("key_names_" + key));
        htmlElement("dd", {}, row, text("key_" + key));
    }
    const close = htmlElement("button", {type: "button"}, dialog, text("keys_close"));
    close.onclick = () => dialog.close();
}

function toggleTheme() {
    const dark = document.documentElement.dataset.theme
        ? document.documentElement.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
}

function toggleFullScreen() {
    if (document.fullscreenElement)
        document.exitFullscreen();
    else
        document.documentElement.requestFullscreen().catch(() => {});
}

const pageKeys = {
    " ": () => page.clock.toggle(),
    ArrowRight: (event) => event.shiftKey ? page.clock.step(1, page.context.follow, true)
        : page.clock.step(1),
    ArrowLeft: (event) => event.shiftKey ? page.clock.step(-1, page.context.follow, true)
        : page.clock.step(-1),
    PageDown: () => page.clock.step(1),
    PageUp: () => page.clock.step(-1),
    Home: () => page.clock.seek(page.film.beginning_ms),
    End: () => page.clock.seek(page.film.end_ms),
    r: () => page.results?.uncoverOne(),
    R: () => page.results?.uncoverAll(),
    l: () => toggleBelow("ladder"),
    t: () => toggleBelow("curves"),
    k: () => toggleBelow("ledger"),
    n: () => {
        page.numbers = !page.numbers;
        page.stage.setNumbers(page.numbers);
    },
    f: toggleFullScreen,
};

const anyKeys = {
    b: () => { find("black").hidden = !find("black").hidden; },
    d: toggleTheme,
    "?": toggleKeys,
};

function isTyping(target) {
    return target.matches("input:not([type=range]):not([type=checkbox]), textarea, select");
}

function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey)
        return;
    if (event.key === "Escape" && !find("keys").open) {
        find("black").hidden = true;
        page.context?.setFollow(null);
        document.activeElement?.blur();
        return;
    }
    if (isTyping(event.target) || (find("keys").open && event.key !== "?"))
        return;
    if (event.key === " " && event.target.matches("button, summary, [type=checkbox], a"))
        return;
    const onFilm = !find("film").hidden;
    const digit = onFilm && event.key >= "1" && event.key <= "9" && event.key.length === 1;
    const action = digit ? () => page.clock.setSpeed(Number(event.key))
        : anyKeys[event.key] || (onFilm && pageKeys[event.key]);
    if (!action)
        return;
    event.preventDefault();
    action(event);
}

// --- the beginning ---

function say(key) {
    const message = find("message");
    message.hidden = key === null;
    setText(message, key === null ? "" : text(key));
}

/** A sweep or a knee is a page by itself; false: the document is another one. */
function takeMeasured(received) {
    const schema = String(received?.schema ?? "");
    const create = schema.startsWith("tcplab.sweep/") ? createSweep
        : schema.startsWith("tcplab.knee/") ? createKnee : null;
    if (!create)
        return false;
    find("index").hidden = false;
    create(find("index"), received);
    return true;
}

function take(received) {
    if (takeMeasured(received))
        return;
    const runs = Array.isArray(received?.runs) ? received.runs : [];
    const claims = Array.isArray(received?.claims)
        ? received.claims.filter((claim) => claim && typeof claim === "object") : null;
    if (!runs.length && !claims) {
        say(isLive() ? "waiting" : "damaged");
        return;
    }
    say(null);
    page.document = received;
    page.document.runs = runs;
    if (claims)
        page.document.claims = claims;
    else
        delete page.document.claims;
    route();
}

function isLive() {
    return document.body.hasAttribute("data-live");
}

async function ask() {
    take(await (await fetch("document.json")).json());
}

/** A run is over: asks for it, unless the document had it; who types is not disturbed. */
async function takeRun({run}) {
    if (!page.document)
        return ask();
    if (!page.document.runs[run] || page.document.runs[run].verdict)
        return;
    page.document.runs[run] = await (await fetch(`run-${run}.json`)).json();
    if (isTyping(document.activeElement))
        document.activeElement.addEventListener("blur", () => reopen(run), {once: true});
    else
        reopen(run);
}

/** Shows what has become of that run, where it is to be seen. */
function reopen(run) {
    if (!find("index").hidden)
        openIndex();
    else if (page.index === run)
        openRun(run);
}

/** The newest moment of a run's timeline came. */
function takeMoment({run, live}) {
    const its = page.document?.runs[run];
    const last = its && its.timeline && its.timeline.at(-1);
    if (!its || its.verdict || (last && last.t_ms >= live.t_ms))
        return;
    its.timeline = [...(its.timeline || []), live];
    if (its !== page.run || page.grows)
        return;
    page.grows = true;
    requestAnimationFrame(() => {
        page.grows = false;
        if (its === page.run)
            growRun();
    });
}

/** What the server of run --live tells: see bench/live/feed.h. */
function listen() {
    const events = new EventSource("events");
    const on = (name, action) => events.addEventListener(name, (event) =>
        action(JSON.parse(event.data)));
    on("live", takeMoment);
    on("waiting", ({run, waiting}) => {
        page.waiting = page.document?.runs[run] === page.run ? waiting : null;
        if (page.clock && !find("film").hidden)
            redraw();
    });
    on("document", takeRun);
    on("end", () => events.close());
}

/** The window has another size. */
function rebuild() {
    if (!page.stage || find("film").hidden)
        return;
    page.stage.rebuild();
    page.track.build();
    redraw();
}

// --- paper ---

const PAPER_STOPS = ["first_reset", "first_drop", "first_retransmission", "first_fault",
                     "first_third_ack", "mark", "stock"];

/** A little after the stop at which most happens. */
function mostInteresting({film, clock}) {
    const what = PAPER_STOPS.find((name) => film.stops.some((stop) => stop.what === name));
    const stop = film.stops.find((one) => one.what === what);
    if (!stop)
        return film.end_ms;
    const after = Math.min(film.end_ms, stop.t_ms + 0.4 * film.transit_ms);
    return clock.foldAt(after) ? stop.t_ms : after;
}

/** Paper has all results, and where the film has not been played its most interesting moment. The
 *  window gets back what it had. */
const paper = {
    before() {
        if (find("film").hidden || paper.kept)
            return;
        const {clock, film, results} = page;
        clock.pause();
        paper.kept = {t_ms: clock.t_ms, halted: clock.halted};
        results?.showAll(true);
        if (clock.t_ms <= film.beginning_ms)
            clock.seek(mostInteresting(page));
    },
    after() {
        const {kept} = paper;
        if (!kept)
            return;
        paper.kept = null;
        page.results?.showAll(false);
        if (kept.halted)
            page.clock.haltAt(kept.halted);
        else
            page.clock.seek(kept.t_ms);
    },
};

function begin() {
    drawKeys();
    addEventListener("beforeprint", paper.before);
    addEventListener("afterprint", paper.after);
    addEventListener("keydown", onKey);
    addEventListener("hashchange", () => page.document && route());
    find("black").onclick = () => { find("black").hidden = true; };
    new ResizeObserver(rebuild).observe(find("stage"));
    if (isLive()) {
        ask().then(listen);
        return;
    }
    try {
        take(JSON.parse(find("document").textContent));
    } catch (error) {
        say("damaged");
        throw error;
    }
}

begin();
