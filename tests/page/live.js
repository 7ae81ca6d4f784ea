// The page while the run happens: what its stage shows equals what ss sees in the lab's namespaces;
// who comes late gets all; when the run is over it is the player.

"use strict";

const assert = require("assert").strict;
const fs = require("fs");
const {execFile, spawn} = require("child_process");
const {openPage} = require("./browser.js");

const PARTS = ["page.js", "page.css", "document.json", "run-0.json", "run-1.json", "events"];
const STEADY_MS = 1500; /* a state of the kernel that lasts so long must be on the page */
const SECONDS = 40;
/* a page in the background draws nothing, so it is not asked with each picture */
const WAIT = {timeout: SECONDS * 1000, polling: 50};

function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What the text says behind words, as soon as it has them. */
async function said(program, pattern) {
    for (const end = Date.now() + SECONDS * 1000; Date.now() < end; await sleep(10)) {
        const match = program.words.match(pattern);
        if (match)
            return match[1];
        if (program.code !== null)
            break;
    }
    throw new Error(`${pattern} was not said, but: ${program.words}`);
}

/** run NAME --live; .url, .over(): waits for the end of the run, .stop(): ends it as ^C does. */
async function startLive(shop, ...args) {
    const child = spawn(shop.program, ["run", ...args, "--live"],
        {stdio: ["ignore", "ignore", "pipe"]});
    const program = {pid: child.pid, words: "", code: null};
    const ended = new Promise((resolve) => child.on("exit", (code) => {
        program.code = code;
        resolve(code);
    }));
    child.stderr.on("data", (words) => { program.words += words; });
    program.over = () => said(program, /(the run is over)/);
    program.stop = () => {
        child.kill("SIGINT");
        return ended;
    };
    try {
        program.url = await said(program, /live at (\S+)/);
    } catch (error) {
        await program.stop();
        throw program.code === 77 ? shop.skipped(program.words) : error;
    }
    return program;
}

// --- what the kernel has ---

function childrenOf(pid) {
    const found = [];
    try {
        for (const thread of fs.readdirSync(`/proc/${pid}/task`))
            for (const child of fs.readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
                .split(" ").filter(Boolean))
                found.push(Number(child), ...childrenOf(Number(child)));
    } catch { /* it has just ended */ }
    return found;
}

/** A process in each network namespace of the lab, by the namespace's name. */
function namespacesOf(pid) {
    const own = fs.readlinkSync(`/proc/${pid}/ns/net`), found = new Map();
    for (const child of childrenOf(pid))
        try {
            found.set(fs.readlinkSync(`/proc/${child}/ns/net`), child);
        } catch { /* it has just ended */ }
    found.delete(own);
    return found;
}

/** The lines of ss in the network of that process; null: it has gone. */
function ssOf(pid) {
    const user = process.getuid() ? ["-U", "--preserve-credentials"] : [];
    return new Promise((resolve) => execFile("nsenter", ["-t", pid, ...user, "-n", "ss", "-Htan"],
        {encoding: "utf8"}, (error, out) => resolve(error ? null
            : out.split("\n").filter(Boolean).map((line) => line.trim().split(/\s+/)))));
}

/** {server: {STATE: n}, client: {STATE: n}, queue}, as the page counts them; null: there is no
 *  server, or it has just gone. */
async function kernelNow(pid) {
    const seen = {server: {}, client: {}, queue: 0};
    const networks = await Promise.all([...namespacesOf(pid).values()].map(ssOf));
    const ports = new Set();
    if (networks.includes(null))
        return null;
    for (const [state, queue, , local] of networks.flat())
        if (state === "LISTEN") {
            seen.queue += Number(queue);
            ports.add(local.replace(/.*:/, ""));
        }
    for (const sockets of networks) {
        const listens = sockets.some(([state]) => state === "LISTEN");
        for (const [state, , , local] of sockets) {
            const side = listens && ports.has(local.replace(/.*:/, "")) ? "server" : "client";
            const name = {ESTAB: "ESTABLISHED"}[state] || state.replace(/-/g, "_");
            if (state !== "LISTEN")
                seen[side][name] = (seen[side][name] || 0) + 1;
        }
    }
    return ports.size ? seen : null;
}

// --- what the page has ---

/** The marks of the stage. Runs in the page. */
function stageNow() {
    const all = (selector) => [...document.querySelectorAll(`#stage ${selector}`)];
    const client = {}, places = {}, words = {};
    for (const row of all("[data-state][data-count]:not([data-count='0'])")) {
        client[row.dataset.state] = Number(row.dataset.count);
        words[row.dataset.state] = row.textContent;
    }
    for (const place of all("[data-place][data-count]"))
        places[place.dataset.place] = {n: Number(place.dataset.count),
                                       states: place.querySelector(".place-state").textContent};
    return {client, places, words, verdict: window.tcplab?.film.run.verdict ?? null};
}

function sum(counts) {
    return Object.values(counts).reduce((all, n) => all + n, 0);
}

/** What differs between the kernel and the stage; "": nothing. */
function difference(kernel, stage) {
    const {client, places, words} = stage;
    const of = (name) => places[name] ? places[name].n : 0;
    const wanted = [kernel.client, kernel.server.SYN_RECV || 0, kernel.queue, sum(kernel.server)];
    const got = [client, of("syn_queue"), of("accept_queue"),
                 Object.values(places).reduce((all, {n}) => all + n, 0)];
    for (const [state, text] of Object.entries(words))
        if (text !== `${client[state]} ${state}`)
            return `the words are ${text}`;
    const states = Object.keys(kernel.server).filter((state) => state !== "SYN_RECV");
    for (const name of ["accept_queue", "program", "kernel"])
        if (states.length === 1 && of(name) && places[name].states !== states[0])
            return `${name} has ${places[name].states}, not ${states[0]}`;
    try {
        assert.deepEqual(got, wanted);
    } catch {
        return `${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`;
    }
    return "";
}

/** Compares until the run is over, or `enough` steady states have been compared. */
async function compare(live, page, enough) {
    const compared = [];
    let steady = null; /* {key, since, differs} */
    while (compared.length < enough && live.code === null) {
        const kernel = await kernelNow(live.pid), stage = await page.evaluate(stageNow);
        const key = kernel && JSON.stringify(kernel), now = Date.now();
        if (stage.verdict || live.words.includes("the run is over"))
            break;
        if (!kernel || sum(kernel.client) + sum(kernel.server) === 0) {
            steady = null;
        } else if (!steady || steady.key !== key) {
            steady = {key, since: now, done: false};
        } else if (!steady.done) {
            const differs = difference(kernel, stage);
            assert(!differs || now - steady.since < STEADY_MS,
                   `for ${now - steady.since} ms ss sees ${key}; the stage: ${differs}`);
            steady.done = !differs && compared.push(key);
        }
        await sleep(20);
    }
    return compared;
}

/** least: how many states of the kernel that were there twice in a row must have been compared. */
async function marks(shop, least, enough, ...args) {
    const live = await startLive(shop, ...args);
    try {
        const page = await openPage(shop.browser, live.url, {parts: PARTS});
        const compared = await compare(live, page, enough);
        assert(compared.length >= least, `only ${compared.length} were compared: ${compared}`);
        assert.deepEqual(page.complaints, []);
        return `${compared.length} states of the kernel`;
    } finally {
        await live.stop();
    }
}

// --- the end of the run ---

function opened() {
    return window.tcplab?.film.run.verdict;
}

/** The pictures of the stage at some moments. Runs in the page. */
function pictures() {
    const {clock, film} = window.tcplab;
    return [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => {
        clock.seek(part * film.end_ms);
        return [...document.querySelectorAll("#stage [data-state]")].map(({dataset}) =>
            `${dataset.token} ${dataset.side} ${dataset.state} ${dataset.place}`)
            .sort().join("\n");
    });
}

async function player(shop) {
    const file = shop.file("live.json");
    const live = await startLive(shop, "rst-on-overflow", `--json=${file}`);
    try {
        const early = await openPage(shop.browser, live.url, {parts: PARTS});
        await live.over();
        await early.waitForFunction(opened, WAIT);
        const late = await openPage(shop.browser, live.url, {parts: PARTS});
        await late.waitForFunction(opened, WAIT);
        const saved = await openPage(shop.browser, `file://${shop.page(file)}`);
        const [one, other, third] = await Promise.all([early, late, saved].map((page) =>
            page.evaluate(pictures)));
        assert(new Set(third).size > 3, "the pictures differ from each other");
        assert.deepEqual(one, third, "who was there and the saved page have the same pictures");
        assert.deepEqual(other, third, "so has who came late");
        const documents = await Promise.all([early, late].map((page) =>
            page.evaluate(() => window.tcplab.document.runs)));
        const {runs} = JSON.parse(fs.readFileSync(file));
        assert.deepEqual(documents, [runs, runs]);
        await early.bringToFront();
        await early.keyboard.press("Home");
        await early.keyboard.press("Space");
        await early.waitForFunction(() => window.tcplab.clock.playing &&
            window.tcplab.clock.t_ms > 1,
                                    WAIT);
        assert.deepEqual([...early.complaints, ...late.complaints], []);
    } finally {
        assert.equal(await live.stop(), 0, live.words);
    }
}

/** Two runs on one page: it shows the list, and a run that is over is the player while the next one
 *  goes on. */
async function several(shop) {
    const live = await startLive(shop, "closed-port", "fin-wait-2-timeout");
    try {
        const page = await openPage(shop.browser, live.url, {parts: PARTS});
        const asked = [];
        page.on("request", (request) => asked.push(request.url().slice(live.url.length)));
        await page.waitForFunction(() =>
            document.querySelectorAll("#index [data-run]").length === 2,
                                   WAIT);
        await page.waitForFunction(() => document.querySelector("#index .verdict.is-agree"),
                                   WAIT);
        await page.evaluate(() => document.querySelector("#index [data-run='0']").click());
        await page.waitForFunction(opened, WAIT);
        await live.over();
        await page.waitForFunction(() => window.tcplab.document.runs.every((run) => run.verdict),
                                   WAIT);
        assert.equal(await page.evaluate(() => window.tcplab.film.run.experiment), "closed-port");
        assert(asked.includes("run-1.json") && !asked.includes("document.json"),
               `each run is asked for alone, when it is over: ${asked}`);
        assert.deepEqual(page.complaints, []);
    } finally {
        await live.stop();
    }
}

module.exports = [
    ["live marks equal ss: FIN_WAIT_2", (shop) => marks(shop, 1, 1, "fin-wait-2-timeout",
                                                        "--set", "link=wire")],
    ["live marks equal ss: accept queue", (shop) => marks(shop, 1, 9, "accept-queue-full")],
    ["live marks equal ss: third ACK", (shop) => marks(shop, 2, 9, "third-ack-dropped")],
    ["live marks equal ss: CLOSE_WAIT", (shop) => marks(shop, 1, 9, "close-wait-leak")],
    ["live marks equal ss: TIME_WAIT", (shop) => marks(shop, 1, 1, "time-wait")],
    ["live: at the end it is the player", player],
    ["live: several runs", several],
];
