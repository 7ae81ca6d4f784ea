// Film time. A wait is folded, and the fold is a piece of the film like any other.

import {lastAt} from "./film.js";

const CLOCK_TRANSIT_MS = 2000; /* of film: one way over the wire, at speed 1 */
const CLOCK_PACE = 40; /* ms of film for one of the run, where a transit takes 50 ms or more */
const CLOCK_PACE_MOST = 10000;
/* Of film: a longer one goes faster, but not faster than CLOCK_PACE. */
const CLOCK_LENGTH_MS = 90000;
const CLOCK_FOLD_MS = 1200; /* of film: a folded wait */
const CLOCK_WAIT_MS = 500; /* of the run: waits that are longer are folded, */
const CLOCK_WAIT_TRANSITS = 3; /* and those that are longer than so many transits */
const CLOCK_MARGIN_MS = 900; /* of film: the ends of a wait stay unfolded */

/** [from, to] of all that moves, in order, those that overlap joined. */
function clockBusy(film) {
    const spans = film.segments.map((s) => [s.t_ms, s.end_ms]);
    for (const event of film.events)
        spans.push([event.t_ms, event.t_ms]);
    spans.push([film.beginning_ms, film.beginning_ms], [film.end_ms, film.end_ms]);
    if (!film.has_states)
        for (const entry of film.timeline)
            spans.push([entry.t_ms, entry.t_ms]);
    spans.sort((a, b) => a[0] - b[0]);
    const joined = [];
    for (const [from, to] of spans) {
        const last = joined[joined.length - 1];
        if (last && from <= last[1])
            last[1] = Math.max(last[1], to);
        else
            joined.push([from, to]);
    }
    return joined;
}

/** Pieces {from_ms, to_ms, at, length, fold}: at and length in ms of film. */
function clockPieces(film, pace) {
    const wait = Math.min(CLOCK_WAIT_MS, CLOCK_WAIT_TRANSITS * film.transit_ms);
    const margin = Math.min(wait / 3, CLOCK_MARGIN_MS / pace);
    const pieces = [];
    let t = film.beginning_ms, at = 0;
    const add = (to, fold) => {
        const length = fold ? CLOCK_FOLD_MS : (to - t) * pace;
        if (to > t || !pieces.length)
            pieces.push({from_ms: t, to_ms: to, at, length, fold});
        at += to > t ? length : 0;
        t = Math.max(t, to);
    };
    let before = film.beginning_ms;
    for (const [from, to] of clockBusy(film)) {
        if (from - before > wait) {
            add(before + margin, false);
            add(from - margin, true);
        }
        add(to, false);
        before = to;
    }
    return pieces;
}

function clockLength(pieces) {
    const last = pieces[pieces.length - 1];
    return last.at + last.length;
}

function clockPace(film) {
    let pace = Math.min(CLOCK_PACE_MOST, CLOCK_TRANSIT_MS / film.transit_ms);
    while (pace > CLOCK_PACE && clockLength(clockPieces(film, pace)) > CLOCK_LENGTH_MS)
        pace /= 1.5;
    return Math.max(CLOCK_PACE, pace);
}

/** A clock for a film. setFilm() gives it the same run's longer film, while it happens. */
export function createClock(first) {
    const listeners = [];
    let film, pieces, started = null, position = 0, asked = 0;

    const clock = {
        t_ms: 0, playing: false, stepped: false, speed: 1, halt_at_stops: true, halted: null,
        pace: 1, length: 0, folds: [],

        setFilm(next) {
            film = next;
            clock.pace = clockPace(film);
            pieces = clockPieces(film, clock.pace);
            clock.length = clockLength(pieces);
            clock.folds = pieces.filter((piece) => piece.fold);
            clock.seek(Math.min(clock.t_ms, film.end_ms));
        },

        onChange(listener) {
            listeners.push(listener);
        },

        /** ms of film at a moment of the run. */
        positionOf(t) {
            const piece = pieces[Math.max(0, lastAt(pieces, t, "from_ms"))];
            const length = piece.to_ms - piece.from_ms;
            const part = length > 0 ? (t - piece.from_ms) / length : 0;
            return piece.at + Math.min(1, Math.max(0, part)) * piece.length;
        },

        /** The moment of the run at so many ms of film. */
        timeOf(at) {
            const piece = pieces[Math.max(0, lastAt(pieces, at, "at"))];
            const part = piece.length > 0 ? (at - piece.at) / piece.length : 0;
            return piece.from_ms + Math.min(1, Math.max(0, part)) * (piece.to_ms - piece.from_ms);
        },

        /** The folded wait at t; null where nothing is folded. */
        foldAt(t) {
            return clock.folds.find((f) => t > f.from_ms && t < f.to_ms) || null;
        },

        seek(t) {
            move(t, false);
        },

        play() {
            if (clock.playing)
                return;
            if (clock.t_ms >= film.end_ms)
                clock.seek(film.beginning_ms);
            clock.playing = true;
            clock.halted = null;
            started = null;
            cancelAnimationFrame(asked); /* one that an earlier play() has asked for */
            asked = requestAnimationFrame(frame);
            tell();
        },

        pause() {
            clock.playing = false;
            started = null;
            tell();
        },

        toggle() {
            if (clock.playing)
                clock.pause();
            else
                clock.play();
        },

        setSpeed(speed) {
            clock.speed = speed;
            tell();
        },

        /** To the next (+1) or previous (-1) moment at which something happens; of one connection
         *  only, where one is given; each event by itself, where alone. */
        step(direction, connection = null, alone = false) {
            clock.pause();
            const moments = connection !== null
                ? film.events.filter((e) => e.connection === connection).map((e) => e.t_ms)
                : alone ? film.events.map((e) => e.t_ms) : film.steps;
            const next = direction > 0 ? moments.find((t) => t > clock.t_ms)
                : moments.findLast((t) => t < clock.t_ms);
            move(next !== undefined ? next : direction > 0 ? film.end_ms : film.beginning_ms, true);
        },

        /** Halts there, and the sentence asks what comes. */
        haltAt(stop) {
            move(clock.haltOf(stop), true, stop);
        },

        /** Where the film halts before a stop, so that what comes can be asked. */
        haltOf(stop) {
            return Math.max(film.beginning_ms, stop.t_ms - Math.min(film.transit_ms * 0.06, 5));
        },
    };

    /** stepped: the pictures may show how things get there. */
    function move(t, stepped, halted = null) {
        clock.t_ms = Math.min(film.end_ms, Math.max(film.beginning_ms, t));
        position = clock.positionOf(clock.t_ms);
        started = null;
        clock.halted = halted;
        clock.stepped = stepped;
        tell();
    }

    function tell() {
        for (const listener of listeners)
            listener(clock.t_ms);
    }

    function stopBetween(from, to) {
        return clock.halt_at_stops && film.halts.find((stop) => {
            const at = clock.haltOf(stop);
            return at > from && at <= to;
        });
    }

    function frame(now) {
        if (!clock.playing)
            return;
        if (started === null)
            started = now;
        const before = clock.t_ms, passed = (now - started) * clock.speed;
        position = Math.min(clock.length, position + passed);
        started = now;
        if (passed > 0) /* else rounding may put it before the halt where it stands */
            clock.t_ms = position >= clock.length ? film.end_ms : clock.timeOf(position);
        const stop = stopBetween(before, clock.t_ms);
        if (stop)
            clock.haltAt(stop);
        if (stop || clock.t_ms >= film.end_ms)
            clock.playing = false;
        tell();
        if (clock.playing)
            asked = requestAnimationFrame(frame);
    }

    clock.setFilm(first);
    return clock;
}
