// The pages of a sweep and of a knee: each number of the document is in the table and the picture.

"use strict";

const assert = require("assert").strict;
const fs = require("fs");
const path = require("path");
const {openFile, saveBy} = require("./browser.js");

const LOAD = ["--server", "--accept-delay 1ms", "--rounds", "1"];
const ONE_KEY = ["sweep", ...LOAD, "--client", "-w cc -c 400 -r 900 --arrivals poisson -d 300ms",
                 "--vary", "server.backlog=0,4,16"];
const TWO_KEYS = ["sweep", ...LOAD, "--client", "-w cc -c 200 -d 200ms",
                  "--vary", "server.backlog=0,8", "--vary", "client.rate=300,500,2000"];
const KNEE = ["knee", ...LOAD, "--client", "-w cc -c 500 -r 500 -d 200ms",
              "--vary", "server.backlog=0..8", "--until", "server.listener.drops > 5%"];

/** What the page shows. Runs in the page. */
function shownNow() {
    const words = (root, selector) =>
        [...root.querySelectorAll(selector)].map((e) => e.textContent);
    const count = (selector) => document.querySelectorAll(`#index svg ${selector}`).length;
    return {
        title: words(document, "#index h1")[0], all: document.querySelector("#index").textContent,
        heads: words(document, "#index .measure-table thead th"),
        rows: [...document.querySelectorAll("#index .measure-table tbody tr")].map((row) =>
            [...row.children].map((cell) => cell.textContent)),
        titles: words(document, "#index svg .measure-title"),
        values: words(document, "#index svg .measure-value"),
        points: count(".measure-point"), cells: count(".measure-cell"),
        predicted: count(".measure-predicted"), label: document.querySelector("#index svg")
            ?.getAttribute("aria-label"),
        good: count(".knee-good"), bad: count(".knee-bad"), limited: count(".knee-limited"),
        wide: document.documentElement.scrollWidth - innerWidth,
    };
}

async function open(shop, args, options) {
    const {page: file, content} = shop.measured(...args);
    const page = await openFile(shop.browser, file, options);
    assert(fs.statSync(file).size < 500000, "the page holds the points, and not each report");
    return {page, content, seen: await page.evaluate(shownNow)};
}

/** The number in "1,234", "45.6 ms", "0.3 %"; µs and s as ms. */
function numberOf(words) {
    const number = parseFloat(words.replace(/,/g, ""));
    return /µs/.test(words) ? number / 1000 : /\d s$/.test(words) ? number * 1000 : number;
}

function near(words, value, what) {
    assert(Math.abs(numberOf(words) - value) <= 0.006 * Math.abs(value) + 1e-9,
           `${what}: ${words}, not ${value}`);
}

/** Each point has its row, each metric that is not 0 everywhere its column and its picture. */
function checkSweep(seen, content) {
    const keys = content.vary.map(({key}) => key), {points} = content;
    const metrics = points[0].metrics.map((metric, i) => ({...metric, i}))
        .filter(({i}) => points.some((point) => point.metrics[i].median > 0));
    assert(seen.heads.length >= keys.length + 2 && metrics.length > 3, seen.heads.join());
    assert.deepEqual(seen.heads.slice(0, keys.length), keys);
    assert.deepEqual(seen.heads.slice(-metrics.length - 1, -1), metrics.map(({metric}) => metric));
    assert.deepEqual(seen.titles.slice(-metrics.length), metrics.map(({metric}) => metric));
    assert.equal(seen.rows.length, points.length);
    points.forEach((point, row) => {
        assert.deepEqual(seen.rows[row].slice(0, keys.length), keys.map((key) => point.at[key]));
        metrics.forEach(({metric, unit, i}, column) => {
            const words = seen.rows[row].at(column - metrics.length - 1);
            near(words, point.metrics[i].median / (unit === "us" ? 1000 : 1), `${metric} ${row}`);
            assert(seen.values.includes(words), `${words} is in the picture of ${metric}`);
        });
        const [lo, hi] = point.predicted_drops_percent, rule = seen.rows[row].at(-1);
        near(rule, lo, "the rule");
        near(rule.split(" to ").at(-1), hi, "the rule");
    });
    assert(keys.every((key) => seen.label.includes(key)), seen.label);
}

async function oneKey(shop) {
    const {page, seen, content} = await open(shop, ONE_KEY);
    checkSweep(seen, content);
    assert.equal(seen.points, seen.titles.length * content.points.length);
    assert(content.points.some(({drops_percent: drops}) => drops > 0), "some are dropped");
    assert.equal(seen.predicted, content.points.length + 1, "beside each, and in the legend");
    assert.equal(seen.cells, 0);
    assert.deepEqual(page.complaints, []);
}

async function twoKeys(shop) {
    const {page, seen, content} = await open(shop, TWO_KEYS);
    checkSweep(seen, content);
    assert.equal(seen.cells, seen.titles.length * content.points.length);
    assert.equal(seen.points, 0);
    assert.deepEqual(page.complaints, []);
}

async function knee(shop) {
    const {page, seen, content} = await open(shop, KNEE);
    const answers = (word) => content.trials.filter(({answer}) => answer === word).length;
    for (const word of ["good", "bad", "limited"])
        assert.equal(seen[word], answers(word) + 1, `${word} trials, and one in the legend`);
    assert(seen.title.includes("server.backlog") && seen.title.includes(content.until), seen.title);
    assert.equal(seen.predicted, 1);
    assert.deepEqual(seen.rows.map((row) => [row[0], row.at(-1).split(" ").at(-1)]),
                     content.answers.map(({at, answer}) =>
                         [String(at), answer === "limited" ? "limit" : answer]));
    for (const key of ["last_good", "first_bad"])
        if (content[key] !== null)
            assert(seen.all.includes(`${key.replace("_", " ")} ${content[key]}`), key);
    assert(seen.all.includes(content.prediction.sentence), "the rule");
    assert(seen.all.includes(content.prediction.source), "its source");
    assert(seen.all.includes(content.verdict), "the verdict");
    assert.deepEqual(page.complaints, []);
}

async function sizes(shop) {
    for (const args of [ONE_KEY, TWO_KEYS, KNEE])
        for (const viewport of [{width: 1280, height: 720}, {width: 390, height: 844}]) {
            const {seen, page} = await open(shop, args, {viewport, dark: viewport.width < 500});
            assert(seen.wide <= 0, `${args[0]}: ${seen.wide} pixels too wide`);
            assert.deepEqual(page.complaints, []);
        }
}

/** Text and page out of the saved document: as they were made by the verb. */
async function shownAgain(shop) {
    for (const args of [ONE_KEY, TWO_KEYS, KNEE]) {
        const {file, page, printed} = shop.measured(...args);
        assert.equal(shop.show(file), printed, `${args[0]}: byte for byte`);
        assert(printed.length > 500, printed);
        const again = shop.page(file);
        assert.equal(fs.readFileSync(again, "utf8"), fs.readFileSync(page, "utf8"));
    }
}

async function saved(shop) {
    for (const [args, button] of [[ONE_KEY, "save-sweep"], [KNEE, "save-knee"]]) {
        const {page} = await open(shop, args);
        const file = await saveBy(page, button, path.join(shop.folder, button));
        const alone = await openFile(shop.browser, file);
        assert.deepEqual(await alone.evaluate(() => [
            document.documentElement.localName,
            document.getElementsByTagName("parsererror").length]), ["svg", 0]);
        assert.deepEqual(alone.complaints, []);
    }
}

module.exports = [
    ["a sweep of one key", oneKey],
    ["a sweep of two keys", twoKeys],
    ["a knee", knee],
    ["sweep and knee: sizes", sizes],
    ["sweep and knee: shown again", shownAgain],
    ["sweep and knee: saved pictures", saved],
];
module.exports.MEASURED = [ONE_KEY, TWO_KEYS, KNEE];
