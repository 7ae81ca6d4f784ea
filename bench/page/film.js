// The run as the pictures need it. Knows the document, no picture and no page.

/** Fates of segments that never arrive. */
const FATES_GONE = ["lost", "fault", "cut"];

/** States in which an end believes that it can send or receive. */
const STATES_CONNECTED = ["ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSE_WAIT", "CLOSING",
                          "LAST_ACK"];

export const STATE_NONE = "NONE";

/** Whether the two ends do not believe the same: one is connected, the other has nothing or has
 *  not got so far. What the other end will learn from a segment that every close has (TIME_WAIT
 *  beside LAST_ACK) is no disagreement. */
export function statesDisagree(client, server) {
    const c = STATES_CONNECTED.includes(client), s = STATES_CONNECTED.includes(server);
    if (client === STATE_NONE && server === STATE_NONE)
        return false;
    if (c && s)
        return false;
    if (client === "TIME_WAIT" || server === "TIME_WAIT")
        return !(["TIME_WAIT", "LAST_ACK", "CLOSING", STATE_NONE].includes(client) &&
                 ["TIME_WAIT", "LAST_ACK", "CLOSING", STATE_NONE].includes(server));
    return c || s || (client === STATE_NONE && server === "SYN_RECV");
}

function median(values) {
    const sorted = values.slice().sort((a, b) => a - b);
    return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
}

/** The last entry at or before t of a list in the order of its key; -1: none. */
export function lastAt(list, t, key) {
    let low = 0, high = list.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (list[middle][key] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

const FILM_LOOPBACK_MS = 0.2; /* nothing travels there: the scale of what is seen */

function filmTransit(run, segments) {
    if (run.setup && run.setup.link === "loopback")
        return FILM_LOOPBACK_MS;
    const delay = run.knobs && run.knobs.delay_us > 0 ? run.knobs.delay_us / 1000 : null;
    const seen = median(segments.filter((s) => s.arrived_ms !== null)
        .map((s) => s.arrived_ms - s.t_ms));
    return Math.max(seen || delay || 10, 0.05);
}

/** Segments that meet one of the other direction on their way, or one that does. */
function filmCrossings(segments) {
    const last = new Map(); /* of each connection, those that are on their way together */
    for (const s of segments) {
        let group = last.get(s.connection);
        if (!group || group.end_ms <= s.t_ms) {
            group = {end_ms: 0, crosses: false, direction: s.direction};
            last.set(s.connection, group);
        }
        group.end_ms = Math.max(group.end_ms, s.end_ms);
        group.crosses = group.crosses || group.direction !== s.direction;
        s.way = group;
    }
}

/** s.next: the next one of its connection and direction; s.follower: of either direction. */
function filmFollowers(segments) {
    const last = new Map();
    for (const s of segments) {
        s.next = s.follower = null;
        for (const [key, what] of [[s.connection + s.direction, "next"],
                                   [s.connection, "follower"]]) {
            if (last.has(key))
                last.get(key)[what] = s;
            last.set(key, s);
        }
    }
}

/** s.line: cards of one connection and direction that would lie on each other get lines of their
 *  own: they leave or arrive within a part of a transit, or one overtakes the other. s.lines: how
 *  many lines there are, {n}, the same one for all of such a group. */
export function filmLines({segments, transit_ms}, part) {
    const under = new Map(), near = part * transit_ms;
    for (const s of segments) {
        const key = s.connection + s.direction;
        const others = (under.get(key) || []).filter((o) => o.end_ms > s.t_ms - near);
        const close = s.instant ? [] : others.filter((o) =>
            s.t_ms - o.t_ms < near || o.end_ms > s.end_ms - near);
        s.line = 0;
        while (close.some((o) => o.line === s.line))
            s.line++;
        s.lines = close.length ? close[0].lines : {n: 1};
        s.lines.n = Math.max(s.lines.n, s.line + 1);
        under.set(key, [...others, s]);
    }
}

function filmSegments(run) {
    const segments = (run.segments || []).map((s, index) => ({...s, index}));
    segments.sort((a, b) => a.t_ms - b.t_ms || a.index - b.index);
    const transit = filmTransit(run, segments);
    for (const s of segments) {
        const moved = (s.counters && s.counters.server) || {};
        s.instant = s.arrived_ms !== null && s.arrived_ms <= s.t_ms;
        s.refused = s.then === "dropped" || "TcpExt.ListenDrops" in moved;
        /* where the wire loses a segment nobody sees: the film says halfway */
        s.dropped_ms = s.refused ? s.arrived_ms
            : FATES_GONE.includes(s.fate) ? s.t_ms + transit / 2 : null;
        s.end_ms = s.arrived_ms !== null ? s.arrived_ms
            : s.dropped_ms !== null ? s.dropped_ms : s.t_ms + transit;
    }
    filmFollowers(segments);
    filmCrossings(segments);
    return {segments, transit};
}

function filmConnections(run) {
    return (run.connections || []).map((c) => ({
        ...c,
        states: {client: (c.states && c.states.client) || [],
                 server: (c.states && c.states.server) || []},
    }));
}

/** What the programs have asked the kernel for, but for options and what was in order. */
function filmCalls(run, connections) {
    const ids = new Map(connections.map((c) => [c.client, c.id]));
    return ((run.setup && run.setup.calls) || [])
        .filter((call) => call.result !== "no error" && !call.call.startsWith("setsockopt"))
        .map((call) => ({...call, connection: ids.get(call[call.side === "server" ? "peer"
            : "local"]) ?? null}))
        .sort((a, b) => a.t_ms - b.t_ms);
}

/** [{t_ms, limit, listeners}]: of the accept queues together, each time that they change. The
 *  timeline adds up the limits; with the knob listeners each of them has the same one. */
function filmLimits(timeline, knobs) {
    const limits = [];
    for (const {t_ms, limit, server} of timeline) {
        const last = limits[limits.length - 1];
        const listeners = knobs.listeners > 1 && knobs.backlog > 0
            ? Math.max(1, Math.round(limit / knobs.backlog)) : 1;
        if (limit === undefined || limit === null || !(server && server.LISTEN))
            continue;
        if (!last || last.limit !== limit || last.listeners !== listeners)
            limits.push({t_ms, limit, listeners});
    }
    return limits;
}

/** Stops at which the film halts: of those that are one moment to the eye, the experiment's own or
 *  the first; and not where it ends anyway. */
function filmHalts(stops, near, end) {
    const halts = [];
    for (const stop of stops) {
        const last = halts[halts.length - 1];
        if (stop.what === "stock" && end - stop.t_ms < 4 * near)
            continue;
        if (!last || stop.t_ms - last.t_ms > near)
            halts.push(stop);
        else if (stop.what === "mark" && last.what !== "mark")
            halts[halts.length - 1] = stop;
    }
    return halts;
}

const EVENT_ORDER = {stop: 0, arrived: 1, dropped: 2, state: 3, call: 4, sent: 5};

function filmEvents(calls, connections, segments, stops) {
    const events = [];
    for (const s of segments) {
        events.push({t_ms: s.t_ms, kind: "sent", connection: s.connection, segment: s});
        if (s.dropped_ms !== null)
            events.push({t_ms: s.dropped_ms, kind: "dropped", connection: s.connection,
                segment: s});
        else if (s.arrived_ms !== null)
            events.push({t_ms: s.arrived_ms, kind: "arrived", connection: s.connection,
                         segment: s});
    }
    for (const c of connections)
        for (const side of ["client", "server"])
            c.states[side].forEach((change, i) => events.push(
                {t_ms: change.at_ms, kind: "state", connection: c.id, side, state: change.state,
                 place: change.place || null, before: i ? c.states[side][i - 1].state : STATE_NONE,
                 was: i ? c.states[side][i - 1].place || null : null}));
    for (const stop of stops)
        events.push({t_ms: stop.t_ms, kind: "stop", connection: null, what: stop.what});
    for (const call of calls)
        events.push({t_ms: call.t_ms, kind: "call", connection: call.connection, call});
    return events.sort((a, b) => a.t_ms - b.t_ms || EVENT_ORDER[a.kind] - EVENT_ORDER[b.kind]);
}

/** Moments to step to: what happens within a small part of a transit is one moment. */
export function filmSteps(events, transit) {
    const steps = [];
    const near = Math.max(transit / 40, 0.01);
    let first = -Infinity;
    for (const event of events) {
        if (event.t_ms - first <= near) {
            steps[steps.length - 1] = event.t_ms;
        } else {
            steps.push(event.t_ms);
            first = event.t_ms;
        }
    }
    return steps;
}

/** The counters' values since the beginning, after each moment at which some had moved. */
function filmCounters(moves) {
    const changes = [];
    let now = {server: {}, client: {}};
    for (const {t_ms, side, moved} of moves.slice().sort((a, b) => a.t_ms - b.t_ms)) {
        const values = {...now[side]};
        for (const [name, n] of Object.entries(moved))
            values[name] = (values[name] || 0) + n;
        now = {...now, [side]: values};
        changes.push({t_ms, counters: now});
    }
    return changes;
}

/** Connections that get a token of their own: of each program and each outcome some, those of the
 *  ladder in any case. */
function filmChosen(connections, most, shown) {
    if (connections.length <= most)
        return connections.slice();
    const groups = new Map();
    for (const c of connections) {
        const key = `${c.program}/${c.row}`;
        groups.set(key, [...(groups.get(key) || []), c]);
    }
    const chosen = new Set(connections.filter((c) => c.id === shown));
    for (let i = 0; chosen.size < most; i++)
        for (const group of groups.values())
            if (i < group.length && chosen.size < most)
                chosen.add(group[i]);
    return connections.filter((c) => chosen.has(c));
}

function filmCountStates(connections, side, t, film) {
    const states = {};
    for (const c of connections) {
        const {state} = film.stateAt(c, side, t);
        if (state !== STATE_NONE)
            states[state] = (states[state] || 0) + 1;
    }
    return states;
}

/** How many connections there were, where they are known by numbers alone. */
function filmMost(run, timeline) {
    return timeline.reduce((most, entry) => Math.max(most,
        Object.entries(entry.client || {}).reduce((sum, [state, n]) =>
            sum + (state.includes("minisocket") ? 0 : n), 0)),
        (run.ledger && run.ledger.attempted) || 0);
}

/** What no program holds any more, by numbers alone: after close() FIN_WAIT_2 is a minisocket. */
function filmOfKernel(states) {
    const of = {};
    for (const state of ["FIN_WAIT_1", "CLOSING", "LAST_ACK", "TIME_WAIT"])
        if (states[state])
            of[state] = states[state];
    if (states.FIN_WAIT_2_minisockets)
        of.FIN_WAIT_2 = states.FIN_WAIT_2_minisockets;
    return of;
}

/** Takes n connections out of states, those first that most often wait for accept(). */
function filmTake(states, n) {
    const taken = {};
    for (const state of ["ESTABLISHED", "CLOSE_WAIT", ...Object.keys(states)]) {
        const some = Math.min(states[state] || 0, n);
        if (some <= 0)
            continue;
        taken[state] = some;
        states[state] -= some;
        n -= some;
    }
    return taken;
}

/** The film of one run of a document. Its times are those of the document, in ms. */
export function createFilm(run) {
    const {segments, transit} = filmSegments(run);
    const connections = filmConnections(run);
    const timeline = run.timeline || [];
    const stops = (run.stops || []).slice().sort((a, b) => a.t_ms - b.t_ms);
    const byId = new Map(connections.map((c) => [c.id, c]));
    const calls = filmCalls(run, connections), limits = filmLimits(timeline, run.knobs || {});
    const events = filmEvents(calls, connections, segments, stops);
    const counters = filmCounters(run.counters_over_time || []);
    const packets = run.packets || null;
    const interesting = packets && connections.find((c) => c.client === packets.connection);
    const end = Math.max(run.stock_ms || 0, ...events.slice(-1).map((e) => e.t_ms),
                         ...timeline.slice(-1).map((e) => e.t_ms), 1);
    const furthest = []; /* the latest end among the segments up to each one */
    for (const s of segments)
        furthest.push(Math.max(s.end_ms, furthest.length ? furthest[furthest.length - 1] : 0));

    const film = {
        run, connections, segments, events, stops, timeline, byId, calls,
        halts: filmHalts(stops, transit / 4, end),
        transit_ms: transit,
        beginning_ms: 0,
        end_ms: end,
        shown: interesting ? interesting.id : connections.length ? connections[0].id : null,
        has_states: connections.length > 0,
        has_wire: (run.setup || run.knobs || {}).link !== "loopback",
        /* those that are known by numbers alone; all, in a document of an older version */
        left_out: connections.length ? (run.left_out && run.left_out.connections) || 0
            : filmMost(run, timeline),
        listens: timeline.some((entry) => entry.server && entry.server.LISTEN) ||
            connections.some((c) => c.states.server.some((change) =>
                change.place === "accept_queue")),
        has_kernel: (run.left_out?.connections || !connections.length) && timeline.some((entry) =>
            Object.keys(filmOfKernel(entry.server || {})).length),
        limit: timeline.reduce((most, entry) => Math.max(most, entry.limit || 0), 0),
        /* how many can wait at once, at most; a queue holds one more than its limit */
        slots: limits.reduce((most, {limit, listeners}) => Math.max(most, limit + listeners), 1),

        /** {state, place, since_ms}: NONE before the first change. */
        stateAt(connection, side, t) {
            const c = typeof connection === "object" ? connection : byId.get(connection);
            const changes = c ? c.states[side] : [];
            const i = lastAt(changes, t, "at_ms");
            return i < 0 ? {state: STATE_NONE, place: null, since_ms: -Infinity}
                : {state: changes[i].state, place: changes[i].place || null,
                   since_ms: changes[i].at_ms};
        },

        /** A connection with itself, or with nobody, has no other end. */
        disagreeAt(connection, t) {
            if (!segments.length && !connection.states.server.length)
                return false;
            return statesDisagree(film.stateAt(connection, "client", t).state,
                                  film.stateAt(connection, "server", t).state);
        },

        /** {limit, listeners}: what they are at t; before it is known, what they are first. */
        limitAt(t) {
            return limits[Math.max(0, lastAt(limits, t, "t_ms"))] ||
                {limit: film.limit, listeners: 1};
        },

        /** The calls after t - span, up to t. */
        callsIn(t, span) {
            const last = lastAt(calls, t, "t_ms");
            return calls.slice(0, last + 1).filter((call) => call.t_ms > t - span);
        },

        /** {queue, limit, syn}: what waits in the accept queue and in the SYN queue. */
        queueAt(t) {
            const i = lastAt(timeline, t, "t_ms");
            const entry = i < 0 ? {} : timeline[i];
            const {limit} = film.limitAt(t);
            if (film.left_out || !film.has_states)
                return {queue: entry.queue || 0, limit,
                        syn: (entry.server && entry.server.SYN_RECV) || 0};
            let queue = 0, syn = 0;
            for (const c of connections) {
                const {place} = film.stateAt(c, "server", t);
                queue += place === "accept_queue";
                syn += place === "syn_queue";
            }
            return {queue, limit, syn};
        },

        /** {STATE: connections} of one end, of all connections of the run. */
        statesAt(side, t) {
            if (!film.left_out && film.has_states)
                return filmCountStates(connections, side, t, film);
            const i = lastAt(timeline, t, "t_ms");
            const states = {...((i >= 0 && timeline[i][side]) || {})};
            delete states.LISTEN;
            for (const state of Object.keys(states))
                if (state.includes("minisocket"))
                    delete states[state];
            return states;
        },

        /** Who is where at the server, by numbers alone: {place: {STATE: connections}}. */
        placesAt(t) {
            const i = lastAt(timeline, t, "t_ms");
            const kernel = filmOfKernel((i >= 0 && timeline[i].server) || {});
            const states = film.statesAt("server", t);
            if (!film.listens)
                return {program: states};
            for (const [state, n] of Object.entries(kernel))
                states[state] -= n;
            const {queue} = film.queueAt(t);
            const places = {syn_queue: states.SYN_RECV ? {SYN_RECV: states.SYN_RECV} : {}};
            delete states.SYN_RECV;
            places.accept_queue = filmTake(states, queue);
            places.program = filmTake(states, Infinity);
            return {...places, kernel};
        },

        /** {server, client}: {NAME: value since the beginning}. */
        countersAt(t) {
            const i = lastAt(counters, t, "t_ms");
            return i < 0 ? {server: {}, client: {}} : counters[i].counters;
        },

        /** Those on the wire at t; dropped not longer ago than glow; and what passed without
         *  taking time (loopback), for a part of that. */
        segmentsAt(t, glow) {
            const found = [];
            for (let i = lastAt(segments, t, "t_ms"); i >= 0 && furthest[i] + glow >= t; i--) {
                const s = segments[i];
                const seen = s.dropped_ms !== null ? glow : s.instant ? glow * 0.4 : 0;
                if (t < s.end_ms || (seen && t - s.end_ms <= seen))
                    found.push(s);
            }
            return found.reverse();
        },

        /** Events after t - span, up to t. */
        eventsIn(t, span) {
            const found = [];
            for (let i = lastAt(events, t, "t_ms"); i >= 0 && events[i].t_ms > t - span; i--)
                found.push(events[i]);
            return found.reverse();
        },

        /** At most so many, in the order of their numbers. */
        chosen(most) {
            return filmChosen(connections, most, film.shown);
        },
    };
    film.steps = filmSteps(events, transit);
    return film;
}
