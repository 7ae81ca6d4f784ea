// The stage: client, wire, server. Where a connection stands, what each end believes, and what is
// on its way between them. Every picture depends on the moment alone.

import {colourOf, fitText, hatchPattern, htmlElement, removeAttribute, saveSvg, setAttribute,
        setText, svgElement, textWidth} from "./draw.js";
import {filmLines, STATE_NONE} from "./film.js";
import {text} from "./strings.js";
import {createTally} from "./tally.js";

const STAGE_TOKENS = 16; /* more are one stack below those that have room then */
const STAGE_STACKED = 11;
export const STAGE_GLOW_MS = 1800; /* of film: how long what was dropped can be seen */
const STAGE_TEXT = 22;
const STAGE_MONO = 13.5; /* pixels: a letter of a call, at most */
const STAGE_CALL = 60; /* at the bottom of the client: a call and its error */
const STAGE_PLACES = ["syn_queue", "accept_queue", "program", "kernel"];

/** Where everything stands, for a stage of that size in units of its own. */
function stageLayout(width, height, pair) {
    const narrow = width < 900;
    const margin = narrow ? 8 : 16;
    const gate = narrow ? 0 : 92; /* in the server: what its listener drops lies here */
    const client = {x: margin, width: pair ? 172 : narrow ? 196 : 278};
    const server = {width: (pair ? 236 : narrow ? 262 : 408) + gate};
    server.x = width - margin - server.width;
    const places = {x: server.x + gate, width: server.width - gate};
    return {
        width, height, narrow, client, server, places, gate, top: 46, bottom: height - 6,
        wire: {x: client.x + client.width + 8,
               width: server.x - client.x - client.width - 16},
        pitch: 41, slot: 36, columns: Math.floor((places.width - 24) / 41),
    };
}

/** "ESTABLISHED", or how many in which state, the most first: so many of them. */
function stageStates(counts, most = 2) {
    const states = Object.entries(counts).sort((a, b) => b[1] - a[1]);
    if (states.length <= 1)
        return states.length ? states[0][0] : "";
    return states.slice(0, most).map(([state, n]) => text("n_of_state", {n, state})).join(" ") +
        (states.length > most ? " \u2026" : "");
}

export function createStage(root, film, clock, context) {
    const stage = {};
    const chosen = film.chosen(film.connections.length + film.left_out > STAGE_TOKENS
        ? STAGE_STACKED : STAGE_TOKENS);
    const isChosen = new Set(chosen.map((c) => c.id));
    const others = film.connections.filter((c) => !isChosen.has(c.id));
    const more = others.length + film.left_out;
    const groups = new Set(chosen.map((c) => c.program));
    const firstProgram = Math.min(...groups);
    const sleeps = film.has_states && !film.connections.some((c) =>
        c.states.server.some((change) => change.place === "program"));
    const leftToKernel = film.listens && (film.has_kernel || film.connections.some((c) =>
        c.states.server.some((change) => change.state !== STATE_NONE && !change.place)));
    const {slots} = film;
    let svg, layout, tokens, rows, places, cards, wire, numbers = false, serial = 0;

    function roundToken(parent, connection, side, scale = 1) {
        const token = svgElement("g", {class: `token ${colourOf(connection.id)}`,
                                       "data-token": connection.id, "data-side": side}, parent);
        const size = layout.slot - 4, half = size / 2;
        const round = connection.program === firstProgram ? half : 9;
        svgElement("rect", {x: -half, y: -half, width: size, height: size, rx: round,
                            class: "token-shape"}, token);
        const number = svgElement("text", {y: 7.5, class: "token-number"}, token,
                                  String(connection.id));
        number.style.fontSize = connection.id > 999 ? "12px" : connection.id > 99 ? "15px"
            : `${STAGE_TEXT / Math.min(1, scale)}px`;
        if (connection.id > 9 && connection.id < 100 && scale < 1) {
            number.setAttribute("textLength", size - 5);
            number.setAttribute("lengthAdjust", "spacingAndGlyphs");
        }
        svgElement("title", {}, token, text("token_title", {id: connection.id,
                                                            client: connection.client || ""}));
        token.addEventListener("click", () => context.setFollow(
            context.follow === connection.id ? null : connection.id));
        return token;
    }

    // --- the client's side ---

    function drawClient() {
        if (!film.has_states)
            return drawStates();
        const n = chosen.length + (more ? 2 : 0); /* the stack has a lane for each way */
        const gap = groups.size > 1 ? 10 : 0;
        const all = layout.bottom - layout.top - 6 - gap * (groups.size - 1);
        /* where the rows need it all, the client's calls are on the ladder only */
        layout.calls = film.calls.some((call) => call.side === "client") &&
            all - STAGE_CALL >= 28 * n;
        const room = all - (layout.calls ? STAGE_CALL : 0);
        layout.zoom = n < 4 && !layout.narrow ? 1.3 : 1;
        const height = Math.min(n < 4 ? 110 : layout.narrow ? 84 : 56, room / Math.max(n, 1));
        let y = layout.top + (n < 4 ? Math.max(0, (room - height * n) / 2.4) : 4);
        let program = chosen.length ? chosen[0].program : 0;
        rows = new Map();
        tokens.client = new Map();
        for (const connection of chosen) {
            if (connection.program !== program) {
                svgElement("line", {x1: layout.client.x + 10, x2: layout.client.x +
                                    layout.client.width - 10, y1: y + gap / 2, y2: y + gap / 2,
                                    class: "separator"}, svg);
                program = connection.program;
                y += gap;
            }
            rows.set(connection.id, drawRow(connection, y, height));
            y += height;
        }
        if (more)
            drawStack(y, 2 * height);
        layout.row = height;
    }

    /** Known by numbers alone: a row for each state. */
    function drawStates() {
        layout.zoom = 1;
        layout.row = 44;
        rows = new Map();
        tokens.client = new Map();
        rows.states = [0, 1, 2, 3, 4, 5].map((i) => {
            const y = layout.top + 24 + i * 44;
            const group = svgElement("g", {class: "row", visibility: "hidden"}, svg);
            svgElement("rect", {x: layout.client.x + 10, y: y - 17, height: 34, rx: 6,
                                width: layout.client.width - 20, class: "belief"}, group);
            return {group, text: svgElement("text", {x: layout.client.x + 22, y: y + 7.5,
                                                     class: "state"}, group)};
        });
    }

    function updateStates(t) {
        const states = Object.entries(film.statesAt("client", t)).sort();
        rows.states.forEach((row, i) => {
            setAttribute(row.group, "visibility", states[i] ? "visible" : "hidden");
            setAttribute(row.group, "data-state", states[i] ? states[i][0] : "");
            setAttribute(row.group, "data-count", states[i] ? states[i][1] : 0);
            setText(row.text, states[i] ? text("n_of_state", {
                n: states[i][1].toLocaleString("en"), state: states[i][0]}) : "");
        });
    }

    function drawRow(connection, y, height) {
        const middle = y + height / 2;
        const row = {y: middle, height};
        row.lane = svgElement("line", {x1: layout.wire.x, x2: layout.wire.x + layout.wire.width,
                                       y1: middle, y2: middle, class: "lane"}, svg);
        row.group = svgElement("g", {class: "row", "data-token": connection.id,
                                     "data-side": "client", role: "button", tabindex: 0}, svg);
        const scale = Math.min(layout.zoom, (height - 2) / (layout.slot - 4));
        const token = roundToken(row.group, connection, "client", scale);
        token.setAttribute("transform",
                           `translate(${layout.client.x + 26 * (1 + layout.zoom) / 2} ${middle})` +
                           ` scale(${scale})`);
        const box = Math.min(34 * layout.zoom, height - 2);
        const left = layout.client.x + 50 + (layout.zoom - 1) * 26;
        row.box = svgElement("rect", {x: left, y: middle - box / 2,
                                      width: layout.client.x + layout.client.width - 10 - left,
                                      height: box, rx: 6,
                                      class: "belief"}, row.group);
        row.state = svgElement("text", {x: left + 10, y: middle + 7.5 * layout.zoom,
                                        class: "state", lengthAdjust: "spacingAndGlyphs"},
                               row.group);
        row.group.addEventListener("focus", () => {
            if (row.group.matches(":focus-visible"))
                context.setFollow(connection.id);
        });
        row.group.addEventListener("keydown", (event) => {
            if (event.key === "Enter")
                context.setFollow(context.follow === connection.id ? null : connection.id);
        });
        tokens.client.set(connection.id, token);
        return row;
    }

    function drawStack(y, height) {
        const middle = y + height / 2, x = layout.client.x + 26;
        rows.stack = {y: middle, height};
        rows.stack.lane = svgElement("line", {x1: layout.wire.x,
                                              x2: layout.wire.x + layout.wire.width, y1: middle,
                                              y2: middle, class: "lane stack-lane"}, svg);
        const group = svgElement("g", {"data-stack": more}, svg);
        svgElement("rect", {x: layout.client.x + 50, y: middle - Math.min(34, height - 2) / 2,
                            width: layout.client.width - 60, height: Math.min(34, height - 2),
                            rx: 6, class: "belief"}, group);
        rows.stack.group = group;
        for (const shift of [6, 3, 0])
            svgElement("rect", {x: x - 14 + shift - 3, y: middle - 10 - shift + 3, width: 24,
                                height: 20, rx: 6, class: "stack-shape"}, group);
        rows.stack.text = svgElement("text", {x: layout.client.x + 60, y: middle + 7.5,
                                              class: "state"}, group,
                                     text("and_more", {n: more.toLocaleString("en")}));
        fitState(rows.stack.text, layout.client.width - 78);
    }

    function updateClient(t) {
        if (rows.states)
            updateStates(t);
        if (rows.stack)
            setAttribute(rows.stack.group, "class", others.some((c) => film.disagreeAt(c, t))
                ? "stack disagree" : "stack");
        for (const connection of chosen) {
            const row = rows.get(connection.id);
            const {state} = film.stateAt(connection, "client", t);
            const begun = state !== STATE_NONE || connection.states.client.some(
                (change) => change.at_ms <= t);
            const disagree = film.disagreeAt(connection, t);
            setAttribute(row.group, "class", `row${begun ? "" : " unborn"}` +
                `${disagree ? " disagree" : ""}${state === STATE_NONE ? " gone" : ""}` +
                fadeClass(connection.id));
            setAttribute(row.group, "data-state", state);
            setAttribute(row.group, "aria-pressed", context.follow === connection.id);
            setAttribute(row.group, "aria-label", text("token_label", {
                id: connection.id, client: state,
                server: film.stateAt(connection, "server", t).state}));
            setAttribute(row.lane, "class", `lane${begun ? "" : " unborn"}` +
                fadeClass(connection.id));
            setText(row.state, begun ? (state === STATE_NONE ? text("nothing") : state) : "");
            fitState(row.state, layout.client.width - 76 - (layout.zoom - 1) * 26);
        }
    }

    /** A name that is too long for its box is squeezed, not cut: FIN_WAIT_2 is not FIN_WAIT_1. */
    function fitState(element, width) {
        const squeezed = context.half !== undefined &&
            textWidth(element.textContent, STAGE_TEXT) > width;
        if (squeezed)
            setAttribute(element, "textLength", width);
        else
            removeAttribute(element, "textLength");
        if (context.half !== undefined)
            return;
        const size = STAGE_TEXT * layout.zoom;
        const fitted = Math.min(size, size * width / textWidth(element.textContent, size));
        const wanted = `${fitted.toFixed(1)}px`;
        if (element.tcplabSize !== wanted)
            element.style.fontSize = wanted;
        element.tcplabSize = wanted;
    }

    function fadeClass(id) {
        return context.follow === null ? "" : context.follow === id ? " followed" : " faded";
    }

    // --- the server's side ---

    function addPlace(name, y, rowsOfPlace, columns) {
        const {x, width} = layout.places;
        const group = svgElement("g", {class: `place place-${name}`, "data-place": name}, svg);
        const title = svgElement("text", {x: x + 14, y: y + 20, class: "place-title"}, group,
                                 text(layout.narrow ? `place_${name}_short` : `place_${name}`));
        const box = svgElement("rect", {class: "belief place-belief", rx: 6, height: 28,
                                        y: y - 1}, group);
        const state = svgElement("text", {y: y + 21, class: "state place-state",
                                          lengthAdjust: "spacingAndGlyphs"}, group);
        const place = {name, group, title, box, state, x: x + 14, y: y + 34, rows: rowsOfPlace,
                       columns, height: 34 + rowsOfPlace * layout.pitch + 4};
        places.set(name, place);
        return place;
    }

    function positionIn(place, index) {
        return {x: place.x + (index % place.columns) * layout.pitch + layout.pitch / 2,
                y: place.y + Math.floor(index / place.columns) * layout.pitch + layout.pitch / 2};
    }

    function drawTray(place, open) {
        const width = layout.places.width - 28, height = place.rows * layout.pitch;
        const {x, y} = place;
        svgElement("path", {d: open ? `M${x + width} ${y} H${x} V${y + height} H${x + width}`
            : `M${x} ${y} H${x + width} V${y + height} H${x} Z`, class: "tray"}, place.group);
    }

    /** As many as the limit of that moment has, and one more for each listener, drawn otherwise. */
    function drawSlots(place, {limit, listeners}) {
        place.slots?.remove();
        place.slots = svgElement("g", {"data-slots": limit + listeners});
        place.title.after(place.slots);
        place.fills = [];
        for (let i = 0; i < limit + listeners; i++) {
            const at = positionIn(place, i);
            svgElement("rect", {x: at.x - layout.slot / 2 - 1, y: at.y - layout.slot / 2 - 1,
                                width: layout.slot + 2, height: layout.slot + 2, rx: 5,
                                class: i >= limit ? "slot slot-beyond" : "slot"}, place.slots);
            place.fills.push(svgElement("rect", {
                x: at.x - layout.slot / 2 + 3, y: at.y - layout.slot / 2 + 3,
                width: layout.slot - 6, height: layout.slot - 6, rx: 9, class: "slot-taken",
                visibility: "hidden"}, place.slots));
        }
        const first = positionIn(place, limit);
        const x = first.x - layout.pitch / 2, y = first.y + layout.pitch / 2 + 20;
        svgElement("line", {x1: x, x2: x, y1: first.y - layout.pitch / 2 - 4, y2: y - 8,
                            class: "limit"}, place.slots);
        const label = text("limit", {n: limit});
        const right = x - 8 - textWidth(label, STAGE_TEXT) < layout.places.x + 10;
        svgElement("text", {x: right ? x + 8 : x - 7, y,
                            class: right ? "limit-text limit-right" : "limit-text"},
                   place.slots, label);
        if (!right)
            svgElement("text", {x: first.x, y, class: "limit-text limit-plus"}, place.slots,
                       `+${listeners}`);
    }

    function updateSlots(place, t) {
        const now = film.limitAt(t), key = `${now.limit}+${now.listeners}`;
        if (place.drawn !== key)
            drawSlots(place, now);
        place.drawn = key;
    }

    /** Too many slots to draw: a bar as long as the limit. */
    function drawGauge(place) {
        const width = layout.places.width - 28, y = place.y + place.rows * layout.pitch + 5;
        svgElement("rect", {x: place.x, y, width, height: 12, rx: 3, class: "slot"}, place.group);
        place.gauge = svgElement("rect", {x: place.x, y, width: 0, height: 12, rx: 3,
                                          class: "gauge"}, place.group);
        place.gaugeWidth = width;
        place.gaugeLimit = svgElement("line", {y1: y - 5, y2: y + 17, class: "limit"}, place.group);
        place.gaugeText = svgElement("text", {x: place.x + width, y: y + 33, class: "limit-text"},
                                     place.group);
    }

    function drawArrow(label, y) {
        const x = layout.places.x + 33;
        svgElement("path", {d: `M${x} ${y} v14 m-6 -7 l6 8 l6 -8`, class: "arrow"}, svg);
        svgElement("text", {x: x + 20, y: y + 17, class: "arrow-text"}, svg, label);
    }

    function drawServer() {
        const columns = layout.columns;
        const most = Math.min(chosen.length + (more ? 1 : 0), 2 * columns);
        const room = layout.bottom - layout.top - 4;
        const drawn = slots <= 2 * columns;
        const queueRows = drawn ? Math.ceil(slots / columns) : 1;
        const below = drawn ? 24 : 42;
        const fixed = (2 + queueRows) * layout.pitch + below + 3 * 38 +
            (leftToKernel ? 38 + layout.pitch : 0);
        const trayRows = most > columns && fixed + layout.pitch < room ? 2 : 1;
        const joint = Math.max(2, Math.min(64, (room - fixed - (trayRows - 1) * layout.pitch) / 2));
        places = new Map();
        tokens.server = new Map();
        let y = layout.top + 4;
        if (!film.listens) {
            drawProgram(y + 80);
            return;
        }
        const next = (place, extra, label) => {
            y += place.height + extra;
            if (joint >= 22 && label)
                drawArrow(label, y + (joint - 22) / 2 - 2);
            y += joint;
        };
        const syn = addPlace("syn_queue", y, trayRows, columns);
        drawTray(syn, true);
        next(syn, 0, text("third_ack"));
        const queue = addPlace("accept_queue", y, queueRows, columns);
        queue.slotted = drawn; /* drawn with the first picture */
        if (!drawn)
            drawGauge(queue);
        next(queue, below, text("accept"));
        drawProgram(y);
    }

    /** And what its program has left to the kernel. */
    function drawProgram(y) {
        const {columns} = layout;
        const program = addPlace("program", y, 1, columns);
        drawTray(program, false);
        program.call = svgElement("text", {x: program.x + layout.places.width - 38,
                                           y: program.y + layout.pitch / 2 + 8,
                                           class: "call call-server"}, program.group);
        if (sleeps && film.listens)
            program.sleep = svgElement("text", {x: program.x + layout.places.width / 2 - 14,
                                y: program.y + layout.pitch / 2 + 8, class: "sleep"},
                       program.group, text(layout.narrow ? "asleep_short" : "asleep"));
        if (leftToKernel)
            drawTray(addPlace("kernel", y + program.height + 4, 1, columns), false);
        for (const place of places.values()) {
            place.chip = svgElement("g", {class: "chip"}, place.group);
            place.chipBox = svgElement("rect", {y: -16, height: 32, rx: 8, class: "chip-shape"},
                                       place.chip);
            place.chipText = svgElement("text", {y: 8, class: "chip-text"}, place.chip);
        }
        layer.server = svgElement("g", {class: "tokens"}, svg);
    }

    function placeOf(state, place) {
        if (state === STATE_NONE)
            return null;
        return film.listens ? place || "kernel" : "program";
    }

    /** Who is where at t: {place: [{connection, state, since}]}, first come first. */
    function peopleAt(t) {
        const people = new Map(STAGE_PLACES.map((name) => [name, []]));
        for (const connection of chosen) {
            const {state, place, since_ms} = film.stateAt(connection, "server", t);
            const where = placeOf(state, place);
            if (where)
                people.get(where).push({connection, state, since: enteredAt(connection, t)});
        }
        for (const list of people.values())
            list.sort((a, b) => a.since - b.since || a.connection.id - b.connection.id);
        return people;
    }

    /** When it came to the place where it is; a change of state alone does not move it. */
    function enteredAt(connection, t) {
        let since = 0, where = null;
        for (const change of connection.states.server) {
            if (change.at_ms > t)
                break;
            const place = placeOf(change.state, change.place);
            if (place !== where)
                since = change.at_ms;
            where = place;
        }
        return since;
    }

    function othersAt(t) {
        const counts = {};
        for (const connection of others) {
            const {state, place} = film.stateAt(connection, "server", t);
            const where = placeOf(state, place);
            if (where) {
                counts[where] = counts[where] || {};
                counts[where][state] = (counts[where][state] || 0) + 1;
            }
        }
        return counts;
    }

    function placeCounts(people, t) {
        const hidden = othersAt(t);
        const counts = {};
        for (const [name, list] of people) {
            counts[name] = {...(hidden[name] || {})};
            for (const person of list)
                counts[name][person.state] = (counts[name][person.state] || 0) + 1;
        }
        if (!film.left_out && film.has_states)
            return counts;
        return {...counts, ...film.placesAt(t)};
    }

    function serverToken(connection, row) {
        const known = tokens.server.get(connection.id);
        if (known)
            return known;
        const element = roundToken(layer.server, connection, "server");
        const token = {element, inside: null};
        element.style.transform = `translate(${layout.server.x}px, ${row.y}px)`;
        if (!svg.classList.contains("still"))
            element.getBoundingClientRect(); /* it moves from here */
        tokens.server.set(connection.id, token);
        return token;
    }

    function updateServer(t) {
        const people = peopleAt(t);
        const counts = placeCounts(people, t);
        const present = new Set(), queue = places.get("accept_queue");
        if (queue && queue.slotted)
            updateSlots(queue, t);
        for (const [name, list] of people) {
            const place = places.get(name);
            if (!place)
                continue;
            const room = place.rows * place.columns;
            const all = Object.values(counts[name]).reduce((sum, n) => sum + n, 0);
            const shown = all > room && !place.fills ? list.slice(0, Math.max(0, room - 2)) : list;
            let disagree = false;
            shown.forEach((person, index) => {
                const {connection, state} = person;
                const token = serverToken(connection, rows.get(connection.id));
                const at = positionIn(place, index);
                const differs = film.disagreeAt(connection, t);
                disagree = disagree || differs;
                present.add(connection.id);
                moveTo(token, at);
                setAttribute(token.element, "class", `token ${colourOf(connection.id)}` +
                    `${differs ? " disagree" : ""}${fadeClass(connection.id)}`);
                setAttribute(token.element, "data-state", state);
                setAttribute(token.element, "data-place", name);
            });
            if (place.fills)
                place.fills.forEach((fill, i) => setAttribute(fill, "visibility",
                    i >= shown.length && i < all ? "visible" : "hidden"));
            else
                updateChip(place, all - shown.length, shown.length);
            place.taken = shown.length * layout.pitch + (all > shown.length ? 90 : 0);
            updatePlace(place, counts[name], all, disagree, t);
        }
        for (const [id, token] of tokens.server)
            if (!present.has(id)) {
                token.element.remove();
                tokens.server.delete(id);
            }
    }

    function moveTo(token, at) {
        const where = `translate(${at.x}px, ${at.y}px)`;
        if (token.where !== where)
            token.element.style.transform = where;
        token.where = where;
    }

    function updateChip(place, n, index) {
        setAttribute(place.chip, "visibility", n > 0 ? "visible" : "hidden");
        if (n <= 0)
            return;
        const label = `${index ? "+" : ""}${n.toLocaleString("en")}`;
        const width = textWidth(label, STAGE_TEXT) * 1.1 + 18;
        const at = positionIn(place, index);
        setText(place.chipText, label);
        setAttribute(place.chipText, "x", width / 2);
        setAttribute(place.chipBox, "width", width);
        const x = Math.min(at.x - layout.pitch / 2 + 3,
                           place.x + layout.places.width - 34 - width);
        setAttribute(place.chip, "transform", `translate(${x} ${at.y})`);
    }

    function updatePlace(place, counts, all, disagree, t) {
        const room = layout.places.width - 58 -
            textWidth(place.title.textContent, STAGE_TEXT) * 1.08;
        const wide = (words) => textWidth(words, STAGE_TEXT) * 1.06;
        /* letters may come closer, by a quarter; on a narrow stage they are smaller */
        const least = layout.narrow ? 0.6 : 0.75;
        const fitted = [stageStates(counts), stageStates(counts, 1)].find((words) =>
            wide(words) * least <= room) || "";
        const part = Math.min(1, room / wide(fitted));
        const width = (fitted ? wide(fitted) * part : 0) + 20;
        setText(place.state, fitted);
        if (part < 1)
            setAttribute(place.state, "textLength", room.toFixed(0));
        else
            removeAttribute(place.state, "textLength");
        if (context.half === undefined)
            place.state.style.fontSize = layout.narrow && part < 1 ? `${STAGE_TEXT * part}px` : "";
        setAttribute(place.state, "x",
                     (layout.places.x + layout.places.width - 14 - width / 2).toFixed(1));
        setAttribute(place.box, "x", layout.places.x + layout.places.width - 14 - width);
        setAttribute(place.box, "width", width);
        setAttribute(place.box, "visibility", fitted ? "visible" : "hidden");
        setAttribute(place.group, "class", `place place-${place.name}` +
            `${disagree ? " disagree" : ""}${all ? " holds" : ""}` +
            `${place.name === "program" && sleeps && film.listens ? " asleep" : ""}`);
        setAttribute(place.group, "data-count", all);
        if (place.gauge) {
            const {limit} = film.limitAt(t);
            const x = place.x + place.gaugeWidth * limit / slots;
            setAttribute(place.gauge, "width", Math.min(1, all / slots) * place.gaugeWidth);
            setAttribute(place.gaugeLimit, "x1", x.toFixed(1));
            setAttribute(place.gaugeLimit, "x2", x.toFixed(1));
            setText(place.gaugeText, text("gauge", {n: all, limit}));
        }
    }

    // --- the wire ---

    function drawWire() {
        const {x, width} = layout.wire;
        wire.fold = svgElement("g", {class: "fold-sign", visibility: "hidden"}, layer.wire);
        const middle = x + width / 2, y = layout.top + (layout.bottom - layout.top) / 2;
        const box = Math.min(260, width - 4);
        svgElement("rect", {x: middle - box / 2, y: y - 34, width: box, height: 68, rx: 12,
                            class: "fold-box"}, wire.fold);
        wire.foldText = svgElement("text", {x: middle, y: y + 10, class: "fold-text"}, wire.fold);
    }

    function cardLabel(s, short) {
        const flags = {SYN: "SYN=1", "SYN-ACK": "SYN=1 ACK=1", ACK: "ACK=1", RST: "RST=1",
                       "RST-ACK": "RST=1 ACK=1", FIN: "FIN=1", "FIN-ACK": "FIN=1 ACK=1",
                       DATA: "ACK=1"};
        if (numbers && !short)
            return `${flags[s.name] || s.name} seq=${s.sequence}` +
                (s.name !== "SYN" && s.name !== "RST" ? ` ack=${s.acknowledged}` : "");
        return s.payload_bytes > 0 && !s.name.includes("FIN")
            ? `${s.name} ${s.payload_bytes}` : s.name;
    }

    function rowOf(s) {
        return rows.get(s.connection) || rows.stack;
    }

    /** Segments of the stack that left together travel as one card, at the time of the first one;
     *  so far apart that two cards do not lie on each other. */
    function stackedTogether() {
        const together = new Map(), last = new Map();
        for (const s of film.segments) {
            if (isChosen.has(s.connection))
                continue;
            const key = `${s.name}/${s.direction}/${s.dropped_ms !== null}`;
            let cluster = last.get(key);
            if (!cluster || s.t_ms - cluster.members[0].t_ms > 0.5 * film.transit_ms) {
                cluster = {key: `${key}/${s.index}`, members: []};
                last.set(key, cluster);
            }
            cluster.members.push(s);
            together.set(s.index, cluster);
        }
        return together;
    }

    /** What passed in no time makes room for the next one of its connection. */
    function isOver(s, t) {
        const next = layout.narrow ? s.follower : s.next;
        return s.instant && s.dropped_ms === null && next && next.t_ms <= t;
    }

    function cardsOf(segments, t) {
        const list = [], seen = new Set();
        for (const s of segments) {
            if (isOver(s, t))
                continue;
            const cluster = together.get(s.index);
            if (!cluster) {
                /* inside the server there is room for its name alone */
                const short = numbers && s.refused && t >= s.dropped_ms;
                list.push({key: short ? `short/${s.index}` : s.index, segment: s, n: 1, short});
            } else if (!seen.has(cluster)) {
                seen.add(cluster);
                if (s === cluster.members[0])
                    list.push({key: cluster.key, segment: s, n: cluster.members.length});
            }
        }
        /* of those that lie where they were dropped in the stack's one row, the last */
        const lies = ({segment: s, n}) => (n > 1 || together.has(s.index)) &&
            s.dropped_ms !== null && t >= s.dropped_ms;
        return list.filter((item, i) => !lies(item) || !list.slice(i + 1).some((later) =>
            lies(later) && later.segment.direction === item.segment.direction &&
            later.segment.refused === item.segment.refused));
    }

    /** {apart, lines, pitch}: the lines of its row, each way its half where cards cross. */
    function laneOf(s) {
        const row = rowOf(s), most = Math.max(1, Math.floor(row.height / 26));
        const apart = most > 1 && (row === rows.stack || s.way.crosses);
        const lines = Math.min(apart ? most >> 1 : most, row === rows.stack ? 1 : s.lines.n);
        return {apart, lines, pitch: Math.min(34 * layout.zoom,
                                              row.height / (apart ? 2 * lines : lines))};
    }

    function drawCard(item) {
        const s = item.segment;
        const card = {item, serial: serial++};
        const label = cardLabel(s, item.short) + (item.n > 1 ? ` \u00d7${item.n}` : "");
        card.label = label;
        card.width = textWidth(label, STAGE_TEXT) * 1.06 + 26;
        card.lane = laneOf(s);
        card.height = Math.min(32, Math.max(26, layout.row - 3), card.lane.pitch - 1);
        card.zoom = Math.min(layout.zoom, (card.lane.pitch - 1) / card.height);
        const half = card.width / 2, h = card.height / 2, tip = 10;
        const right = s.direction === "to_server";
        const path = right
            ? `M${-half} ${-h} H${half - tip} L${half} 0 L${half - tip} ${h} H${-half} Z`
            : `M${half} ${-h} H${-half + tip} L${-half} 0 L${-half + tip} ${h} H${half} Z`;
        const kind = s.name.startsWith("RST") ? " card-rst" : "";
        const colour = isChosen.has(s.connection) ? colourOf(s.connection) : "stacked";
        card.base = `card ${colour}${kind}` +
            `${s.again ? " again" : ""}${s.copy ? " copy" : ""}`;
        card.element = svgElement("g", {class: card.base, "data-segment": s.index,
                                        "data-connection": s.connection}, layer.cards);
        svgElement("path", {d: path, class: "card-shape"}, card.element);
        svgElement("text", {x: right ? -tip / 3 : tip / 3, y: 7.5, class: "card-text"},
                   card.element, label);
        svgElement("title", {}, card.element, text("card_title", {
            name: s.name, sequence: s.sequence, acknowledged: s.acknowledged, window: s.window,
            bytes: s.payload_bytes}));
        card.cross = svgElement("g", {transform: `translate(${right ? half : -half} 0)`,
                                      visibility: "hidden"}, card.element);
        svgElement("circle", {r: 13, class: "cross-ground"}, card.cross);
        svgElement("path", {d: "M-6 -6 L6 6 M-6 6 L6 -6", class: "cross"}, card.cross);
        card.reason = svgElement("text", {}, card.element);
        return card;
    }

    function placeCard(card, t) {
        const s = card.item.segment, row = rowOf(s);
        if (!row)
            return;
        const {x} = layout.wire, half = card.width * card.zoom / 2;
        const length = s.arrived_ms !== null ? s.arrived_ms - s.t_ms : film.transit_ms;
        const moment = s.dropped_ms !== null ? Math.min(t, s.dropped_ms) : t;
        const part = length > 0 ? Math.min(1, Math.max(0, (moment - s.t_ms) / length))
            : s.dropped_ms !== null ? 1 : 0.72;
        const from = x + half + 2, way = layout.wire.width - 2 * half - 4;
        const {apart, lines, pitch} = card.lane;
        /* where there are fewer lines than it takes, one comes out behind the other */
        const behind = row === rows.stack ? 0 : Math.floor(s.line / lines) * (2 * half + 4);
        const done = part * way - behind;
        const at = s.direction === "to_server" ? from + done : from + way - done;
        const aside = apart ? (s.direction === "to_server" ? -lines : lines) / 2 : 0;
        const shift = (s.line % lines - (lines - 1) / 2 + aside) * pitch;
        const dropped = s.dropped_ms !== null && t >= s.dropped_ms;
        let fall = 0, glow = 1, inside = 0;
        if (dropped) {
            const age = (t - s.dropped_ms) * clock.pace / STAGE_GLOW_MS;
            fall = s.refused ? 0 : Math.min(14, age * 60);
            inside = s.refused && s.direction === "to_server" && layout.gate
                ? 2 * half + 12 : 0;
            glow = age < 0.6 ? 1 : Math.max(0, 2.5 - 2.5 * age);
            setAttribute(card.cross, "visibility", "visible");
            placeReason(card, s, at, lines === 1 && row.height > 80);
        } else {
            setAttribute(card.cross, "visibility", "hidden");
            setText(card.reason, "");
            for (const name of ["class", "x", "y"])
                card.reason.removeAttribute(name);
        }
        /* where the server has no room for it, only its cross stays: an answer may begin there */
        setAttribute(card.element, "class", card.base + (dropped ? " dropped" : "") +
            (dropped && s.refused && !layout.gate ? " crossed" : "") + fadeClass(s.connection));
        setAttribute(card.element, "transform",
                     `translate(${(at + inside).toFixed(1)} ${(row.y + shift + fall).toFixed(1)})` +
                     (card.zoom > 1 ? ` scale(${card.zoom})` : ""));
        setAttribute(card.element, "opacity", done < 0 ? 0 : glow.toFixed(2));
    }

    /** Why the wire lost it: behind the card; where a host is too near, below it if that is free;
     *  in one word where there is no room for more. */
    function placeReason(card, s, at, free) {
        const right = s.direction === "to_server", half = card.width / 2;
        const words = s.refused ? "" : text(`fate_${s.fate}`);
        const behind = (right ? at - layout.wire.x : layout.wire.x + layout.wire.width - at) /
            card.zoom - half - 8;
        const below = textWidth(words, STAGE_TEXT) * 1.06 > behind && free;
        setText(card.reason, below || textWidth(words, STAGE_TEXT) * 1.06 <= behind ? words
            : text("fate_lost"));
        setAttribute(card.reason, "class", below ? "reason reason-below"
            : right ? "reason reason-left" : "reason");
        setAttribute(card.reason, "x", below ? 0 : right ? -half - 8 : half + 8);
        setAttribute(card.reason, "y", below ? card.height / 2 + 26 : 7.5);
    }

    function updateWire(t) {
        const glow = STAGE_GLOW_MS / clock.pace;
        const items = cardsOf(film.segmentsAt(t, glow), t);
        const wanted = new Set();
        for (const item of items) {
            wanted.add(item.key);
            let card = cards.get(item.key);
            if (!card) {
                card = drawCard(item);
                cards.set(item.key, card);
            }
            placeCard(card, t);
        }
        for (const [key, card] of cards)
            if (!wanted.has(key)) {
                card.element.remove();
                cards.delete(key);
            }
        updateCounts(t, glow);
        const fold = clock.foldAt(t);
        setAttribute(wire.fold, "visibility", fold ? "visible" : "hidden");
        /* only dropped ones */
        setAttribute(layer.cards, "visibility", fold ? "hidden" : "visible");
        if (fold)
            setText(wire.foldText, text(layout.wire.width < 260 ? "passes_short" : "passes",
                                        {span: stageSpan(fold.to_ms - fold.from_ms)}));
        setAttribute(legend, "class", film.connections.some((c) => film.disagreeAt(c, t)) ? ""
            : "absent");
    }

    /** The counters that have moved just now: the sender's when it sends, the receiver's when the
     *  segment is there. */
    function updateCounts(t, glow) {
        const sums = new Map();
        for (const {kind, segment} of film.eventsIn(t, glow)) {
            if (!segment || !segment.counters || (kind === "dropped" && !segment.refused))
                continue;
            const sender = segment.direction === "to_server" ? "client" : "server";
            for (const [side, moved] of Object.entries(segment.counters))
                if ((side === sender) === (kind === "sent"))
                    for (const [name, n] of Object.entries(moved))
                        sums.set(name, (sums.get(name) || 0) + n);
        }
        const most = context.half === undefined ? 2 : 1;
        setText(counts, [...sums].slice(0, most).map(([name, n]) =>
            `+${n} ${name.replace(/^.*\./, "")}`).join("  "));
    }

    // --- all of it ---

    const layer = {};

    function drawHosts() {
        const {client, server, top, bottom} = layout;
        for (const [side, host] of [["client", client], ["server", server]]) {
            svgElement("rect", {x: host.x, y: 4, width: host.width, height: bottom - 2, rx: 12,
                                class: `host host-${side}`}, svg);
            svgElement("text", {x: host.x + 14, y: 32, class: "host-title"}, svg, text(side));
        }
        layer.listen = svgElement("text", {x: server.x + server.width - 14, y: 32,
                                           class: "host-note"}, svg);
        layer.serverCall = svgElement("text", {x: server.x + server.width - 14,
                                               y: layout.narrow ? bottom - 12 : 32,
                                               class: "call call-server"}, svg);
        layer.call = svgElement("text", {x: client.x + 14, y: bottom - 40, class: "call"}, svg);
        layer.error = svgElement("text", {x: client.x + 14, y: bottom - 12, class: "call"}, svg);
        const delay = film.run.knobs && film.run.knobs.delay_us;
        const title = !film.has_wire ? text(layout.narrow ? "loopback_short" : "loopback")
            : delay && !layout.narrow ? text("wire_delay", {span: stageSpan(delay / 1000)})
            : text("wire");
        svgElement("text", {x: layout.wire.x + layout.wire.width / 2, y: 32, class: "wire-title"},
                   svg, title);
        if (!film.has_states && film.run.verdict)
            svgElement("text", {x: layout.wire.x + layout.wire.width / 2, y: bottom - 20,
                                class: "wire-title"}, svg, text("no_states"));
    }

    /** What the server's program has asked for; a program of the lab's says it with its knob. */
    function listenAt(t) {
        const {limit, listeners} = film.limitAt(t);
        if (layout.narrow)
            return "";
        if (!film.listens)
            return text("nobody_listens");
        if (listeners > 1)
            return text("listeners", {n: listeners});
        const call = film.callsIn(t, Infinity).findLast((one) =>
            one.side === "server" && one.call.startsWith("listen("));
        const backlog = call ? Number(call.call.slice(7, -1)) : (film.run.knobs || {}).backlog;
        return text("listen", {n: typeof backlog === "number" && !Number.isNaN(backlog) ? backlog
            : limit});
    }

    /** The last call of each side, beside its program, until it fades. */
    function updateCalls(t) {
        const program = places.get("program"), glow = STAGE_GLOW_MS / clock.pace;
        const recent = film.callsIn(t, glow);
        for (const side of ["client", "server"]) {
            const call = side === "server" || layout.calls
                ? recent.findLast((one) => one.side === side) : undefined;
            const same = call ? recent.filter((one) => one.side === side &&
                one.call === call.call && one.result === call.result).length : 0;
            const words = call ? callWords(call, same) : "";
            const failed = call && call.result !== "ok" ? text("call_failed", {error: call.result})
                : "";
            const opacity = call ? Math.min(1, 2 - 2 * (t - call.t_ms) / glow).toFixed(2) : 0;
            if (side === "client") {
                setText(layer.call, fitText(words, STAGE_TEXT, layout.client.width - 16));
                setText(layer.error, failed);
                setAttribute(layer.error, "opacity", opacity);
                setAttribute(layer.call, "opacity", opacity);
            } else {
                updateServerCall(program, failed ? `${words} ${failed}` : words, opacity);
                if (program.sleep)
                    setAttribute(program.sleep, "visibility", call ? "hidden" : "visible");
            }
        }
    }

    /** Beside the program's connections; where they need the room, in place of listen(). */
    function updateServerCall(program, words, opacity) {
        const inside = STAGE_MONO * words.length < layout.places.width - 38 - program.taken;
        const used = inside ? program.call : layer.serverCall;
        for (const element of [program.call, layer.serverCall]) {
            setText(element, element === used ? words : "");
            setAttribute(element, "opacity", opacity);
        }
        setAttribute(layer.listen, "visibility", words && !inside ? "hidden" : "visible");
    }

    /** "(3) send(100)": addresses are on the ladder. */
    function callWords(call, same) {
        const short = call.call.replace(/^(connect)\(.*\)$/, "$1()")
            .replace(/^getsockopt\((.*)\)$/, "$1");
        if (same > 1)
            return text("calls_of", {n: same, call: short});
        return call.connection !== null && film.connections.length > 1
            ? text("call_of", {id: call.connection, call: short}) : short;
    }

    function build() {
        const box = root.getBoundingClientRect();
        const unit = parseFloat(getComputedStyle(root).fontSize) / STAGE_TEXT || 1;
        const width = Math.max(560, Math.round(box.width / unit));
        const height = Math.max(380, Math.round(box.height / unit));
        layout = stageLayout(width, height, context.half !== undefined && width < 900);
        filmLines(film, layout.narrow ? 1 : 0.45);
        tokens = {};
        cards = new Map();
        wire = {};
        if (svg)
            svg.remove();
        svg = svgElement("svg", {id: `stage-picture${context.half ?? ""}`,
                                 class: "picture stage-picture",
                                 viewBox: `0 0 ${width} ${height}`, role: "group",
                                 "aria-label": text("stage_label")}, root);
        if (!context.half) /* the second of two uses the first one's */
            hatchPattern(svg, "hatch");
        drawHosts();
        drawClient();
        drawServer();
        layer.wire = svgElement("g", {}, svg);
        layer.cards = svgElement("g", {class: "cards"}, svg);
        drawWire();
        const {x, width: way} = layout.wire;
        tally.build(svg, {x: x - 4, y: layout.top, width: way + 8,
                          height: layout.bottom - layout.top},
                    (parent, connection) => roundToken(parent, connection, "ledger", 0.84),
                    (id) => ({x: layout.client.x + 26, y: rows.get(id).y, scale: layout.zoom}));
    }

    /** What the picture shows, for those who do not see it. */
    function describe(t) {
        const {queue, limit, syn} = film.queueAt(t);
        const on = film.segmentsAt(t, 0).length;
        const client = stageStates(film.statesAt("client", t)) || text("nothing");
        const differ = chosen.filter((c) => film.disagreeAt(c, t)).map((c) => c.id);
        return text("stage_said", {t: t.toFixed(1), client, syn, queue, limit, on,
                                   differ: differ.length ? differ.join(", ") : text("nobody")});
    }

    stage.draw = (t) => {
        svg.classList.toggle("still", !clock.playing && !clock.stepped);
        updateClient(t);
        updateServer(t);
        updateWire(t);
        setText(layer.listen, listenAt(t));
        updateCalls(t);
        tally.draw(t >= film.end_ms && !layout.narrow && context.uncovered && context.uncovered());
        if (!clock.playing)
            setText(said, describe(t));
    };
    stage.setNumbers = (on) => {
        numbers = on;
        for (const card of cards.values())
            card.element.remove();
        cards.clear();
        stage.draw(clock.t_ms);
    };
    stage.rebuild = () => {
        build();
        stage.draw(clock.t_ms);
    };
    stage.save = () => saveSvg(svg, `${film.run.experiment || "run"}-stage`);

    const tally = createTally(film, chosen);
    const together = stackedTogether();
    const legend = context.legend, counts = context.counts;
    const said = htmlElement("p", {class: "said"}, root);
    build();
    return stage;
}

/** "50 ms", "1.02 s". */
export function stageSpan(ms) {
    return ms >= 1000 ? text("seconds", {n: +(ms / 1000).toPrecision(3)})
        : text("milliseconds", {n: +ms.toPrecision(ms < 1 ? 2 : 3)});
}
