// The film tells what the document tells: marks on the stage at many moments, and the same pictures
// forwards and backwards. What is expected is worked out here from the document alone.

"use strict";

const assert = require("assert").strict;
const {openFile} = require("./browser.js");

const EXPERIMENTS = ["rst-on-overflow", "third-ack-dropped", "close-by-client",
                     "syn-cookie-ghosts", "time-wait-reuse"];
const MOMENTS = 10;

/** {state, place} after the last change up to t. */
function believed(connection, side, t) {
    let now = {state: "NONE", place: null};
    for (const change of connection.states[side])
        if (change.at_ms <= t)
            now = {state: change.state, place: change.place || null};
    return now;
}

function changesOf(run) {
    const moments = new Set();
    for (const connection of run.connections)
        for (const side of ["client", "server"])
            for (const change of connection.states[side])
                moments.add(change.at_ms);
    return [...moments].sort((a, b) => a - b);
}

/** Ten of the moments at which something changes, and of the middles between two of them. */
function momentsOf(run) {
    const changes = changesOf(run);
    return Array.from({length: MOMENTS}, (_, i) => {
        const at = Math.floor((i + 0.5) * changes.length / MOMENTS);
        const next = at + 1 < changes.length ? changes[at + 1] : changes[at];
        return i % 2 ? (changes[at] + next) / 2 : changes[at];
    });
}

/** What the stage must show at t; shown: the connections that have a token. */
function expectedAt(run, t, shown) {
    const client = {}, server = {}, count = {}, wire = [];
    for (const connection of run.connections) {
        const there = believed(connection, "server", t);
        const place = there.place || (there.state === "NONE" ? null : "kernel");
        if (place)
            count[place] = (count[place] || 0) + 1;
        if (!shown.has(connection.id))
            continue;
        client[connection.id] = believed(connection, "client", t).state;
        if (place)
            server[connection.id] = `${there.state} in ${place}`;
    }
    for (const [i, s] of run.segments.entries())
        if (s.arrived_ms !== null && s.t_ms <= t && t < s.arrived_ms && s.fate === "delivered" &&
            shown.has(s.connection))
            wire.push(i);
    return {client, server, count, wire};
}

/** What the stage shows: its marks, and the words beside them. Runs in the page. */
function stageNow(t) {
    window.tcplab.clock.seek(t);
    const all = (selector) => [...document.querySelectorAll(`#stage ${selector}`)];
    const seen = {client: {}, server: {}, count: {}, wire: [], words: {}, numbers: {}};
    for (const row of all("[data-side=client][data-state]")) {
        seen.client[row.dataset.token] = row.dataset.state;
        seen.words[row.dataset.token] = row.querySelector(".state").textContent;
    }
    for (const token of all("[data-side=server][data-place]")) {
        seen.server[token.dataset.token] = `${token.dataset.state} in ${token.dataset.place}`;
        seen.numbers[token.dataset.token] = token.querySelector(".token-number").textContent;
    }
    for (const place of all("[data-count]"))
        if (place.dataset.count !== "0")
            seen.count[place.dataset.place] = Number(place.dataset.count);
    for (const card of all("[data-segment]:not(.dropped)"))
        seen.wire.push(card.dataset.segment);
    return seen;
}

async function marks(shop, name) {
    const {file, content} = shop.document(name);
    const run = content.runs[0];
    const page = await openFile(shop.browser, shop.page(file));
    assert(run.connections.length > 0, "the document has connections");
    let compared = 0;
    for (const t of momentsOf(run)) {
        const seen = await page.evaluate(stageNow, t);
        const shown = new Set(Object.keys(seen.client).map(Number));
        /* beside the stack, which has two rows, there is room for 11 */
        assert(shown.size >= Math.min(run.connections.length, 11),
               `only ${shown.size} have a token`);
        const expected = expectedAt(run, t, shown);
        const at = `${name} at ${t} ms`;
        assert.deepEqual(seen.client, expected.client, `${at}: states at the client`);
        assert.deepEqual(seen.count, expected.count, `${at}: how many in each place`);
        for (const [id, where] of Object.entries(seen.server)) {
            assert.equal(where, expected.server[id], `${at}: connection ${id} at the server`);
            assert.equal(seen.numbers[id], id, `${at}: the number of the token`);
        }
        if (run.connections.length <= 16)
            assert.deepEqual(seen.server, expected.server, `${at}: tokens at the server`);
        for (const [id, state] of Object.entries(seen.client))
            assert(seen.words[id] === state || state === "NONE",
                   `${at}: connection ${id} is ${state}, its words are ${seen.words[id]}`);
        const wire = expected.wire.map(String);
        const onWire = seen.wire.filter((i) => wire.includes(i));
        assert.deepEqual(onWire.sort(), wire.sort(), `${at}: segments on the wire`);
        compared += shown.size + Object.keys(seen.server).length + wire.length;
    }
    assert.deepEqual(page.complaints, []);
    return `${compared} marks at ${MOMENTS} moments`;
}

/** Steps forwards to the end and back; the picture at each moment. Runs in the page. */
function stepBothWays() {
    const {clock, film} = window.tcplab;
    const picture = () => {
        const copy = document.querySelector("#stage svg").cloneNode(true);
        copy.querySelectorAll("[visibility=hidden]").forEach((element) => element.remove());
        /* what came first lies below what came later, and nothing else: an order of its own */
        for (const layer of copy.querySelectorAll(".tokens, .cards"))
            [...layer.children].sort((a, b) =>
                a.outerHTML < b.outerHTML ? -1 : 1).forEach((child) => layer.append(child));
        return new XMLSerializer().serializeToString(copy) +
            document.querySelector(".under").textContent;
    };
    const walk = (direction, last) => {
        const pictures = {};
        for (let i = 0; clock.t_ms !== last && i < 5000; i++) {
            clock.step(direction);
            pictures[clock.t_ms] = picture();
        }
        return pictures;
    };
    clock.seek(film.beginning_ms);
    const there = walk(1, film.end_ms), back = walk(-1, film.beginning_ms);
    const again = walk(1, film.end_ms);
    const moments = Object.keys(there);
    const differ = (one, other) => moments.filter((t) => one[t] !== other[t] && t in other);
    const differing = [...new Set([...differ(there, back), ...differ(there, again)])];
    const at = differing[0];
    let from = 0;
    if (at)
        while (there[at][from] === (back[at] || again[at])[from])
            from++;
    return {steps: moments.length, missing: moments.filter((t) => !(t in back)).slice(0, -1),
            beginning: Object.keys(back).includes(String(film.beginning_ms)),
            distinct: new Set(Object.values(there)).size, differing,
            example: at ? [there[at].slice(from - 60, from + 200),
                           (back[at] || again[at]).slice(from - 60, from + 200)] : []};
}

async function bothWays(shop, name) {
    const page = await openFile(shop.browser, shop.page(shop.document(name).file));
    const found = await page.evaluate(stepBothWays);
    assert(found.steps > 3 && found.distinct > 3,
           `${found.steps} steps, ${found.distinct} different pictures`);
    assert.deepEqual(found.differing, [], `another picture on the way back: ${found.example}`);
    assert.deepEqual(found.missing, [], "moments that the way back leaves out");
    assert(found.beginning, "the way back ends at the beginning");
    assert.deepEqual(page.complaints, []);
    return `${found.steps} steps`;
}

module.exports = [
    ...EXPERIMENTS.map((name) => [`marks on the stage: ${name}`, (shop) => marks(shop, name)]),
    ...EXPERIMENTS.map((name) => [`steps both ways: ${name}`, (shop) => bothWays(shop, name)]),
];
