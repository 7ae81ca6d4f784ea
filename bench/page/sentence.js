// One sentence below the stage: what happens at this moment.

import {STAGE_GLOW_MS, stageSpan} from "./stage.js";
import {hasText, text} from "./strings.js";

const SENTENCE_SPAN_MS = 700; /* of film, for which something has just happened */

/** Of a document that does not hold them all, a number would be wrong. */
function sentenceWhat(events, whole) {
    const names = new Map();
    for (const {segment} of events) {
        const name = segment.again ? text("say_again", {name: segment.name}) : segment.name;
        names.set(name, (names.get(name) || 0) + 1);
    }
    return [...names].slice(0, 2).map(([name, n]) =>
        n === 1 ? name : whole ? text("say_what", {n, name}) : text("say_some", {name})).join(", ");
}

function sentenceWho(events) {
    const ids = [...new Set(events.map((e) => e.connection))];
    return ids.length === 1 ? text("say_who_one", {id: ids[0]})
        : text("say_who_many", {n: ids.length});
}

function sentenceSegments(events, kind, whole) {
    const last = events.findLast((e) => e.kind === kind);
    const alike = events.filter((e) => e.kind === kind &&
        e.segment.direction === last.segment.direction);
    const what = sentenceWhat(alike, whole);
    const toServer = last.segment.direction === "to_server";
    if (kind === "dropped")
        return text(last.segment.refused ? "say_dropped_listener" : "say_dropped_wire",
                    {what});
    if (kind === "sent")
        return text("say_sent", {what, side: text(toServer ? "client" : "server")});
    return text(alike.length > 1 ? "say_arrived_many" : "say_arrived",
                {what, side: text(toServer ? "server" : "client")});
}

function sentenceState(events) {
    const last = events.findLast((e) => e.kind === "state");
    const alike = events.filter((e) => e.kind === "state" && e.side === last.side &&
        e.state === last.state && e.place === last.place);
    if (last.place === "program" && last.was === "accept_queue")
        return text("say_accepted", {who: sentenceWho(alike).toLowerCase()});
    return text(last.state === "NONE" ? "say_state_none" : "say_state",
                {who: sentenceWho(alike), side: text(last.side), state: last.state});
}

function sentenceCall({side, call, result}) {
    return text(result === "ok" ? "say_call" : "say_call_failed",
                {side: text(side), call, error: result});
}

/** What happens at t; uncovered: whether all results are. */
export function sentenceAt(film, clock, t, uncovered) {
    if (clock.halted && clock.halted.what === "mark")
        return text("halted_mark", {sentence: clock.halted.sentence || ""});
    if (clock.halted && hasText("stop_" + clock.halted.what))
        return text("halted", {next: text("stop_" + clock.halted.what)});
    const fold = clock.foldAt(t);
    if (fold)
        return text("say_fold", {span: stageSpan(fold.to_ms - fold.from_ms)});
    const events = film.eventsIn(t, SENTENCE_SPAN_MS / clock.pace);
    const segments = events.filter((e) => e.segment);
    for (const kind of ["dropped", "sent", "arrived"])
        if (segments.some((e) => e.kind === kind))
            return sentenceSegments(segments, kind, !film.left_out);
    if (events.some((e) => e.kind === "state"))
        return sentenceState(events);
    const calls = events.filter((e) => e.kind === "call");
    if (calls.length)
        return sentenceCall(calls[calls.length - 1].call);
    /* what was dropped lies there for longer */
    const dropped = film.eventsIn(t, STAGE_GLOW_MS / clock.pace).filter((e) =>
        e.kind === "dropped");
    if (dropped.length && t < film.end_ms)
        return sentenceSegments(dropped, "dropped", !film.left_out);
    if (t >= film.end_ms)
        return text(uncovered ? "say_end_uncovered" : "say_end");
    if (!film.eventsIn(t, Infinity).length)
        return text("say_beginning");
    return film.segmentsAt(t, 0).length ? sentenceUnderWay(film, t) : text("say_quiet");
}

function sentenceUnderWay(film, t) {
    const events = film.segmentsAt(t, 0).map((segment) => ({segment}));
    return text(events.length > 1 ? "say_under_way_many" : "say_under_way",
        {what: sentenceWhat(events, !film.left_out)});
}
