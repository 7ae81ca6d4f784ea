// The page of claims: each with its verdict, what was claimed and observed, and its run as a film.

"use strict";

const assert = require("assert").strict;
const {openFile} = require("./browser.js");

const CLAIMS = ["three-way-handshake", "somaxconn-128", "closed-port-refuses", "tw-recycle"];
const VERDICTS = {holds: "holds", changed: "has changed", never_true: "never true on Linux",
                  undecided: "undecided"};

/** What the page says of each claim. Runs in the page. */
function claimsNow() {
    return [...document.querySelectorAll("#index .claim")].map((article) => {
        const words = (selector) => article.querySelector(selector)?.textContent ?? null;
        return {
            name: article.id.replace(/^claim-/, ""), says: words("blockquote"),
            verdict: words("h3 .verdict"), all: article.textContent,
            rows: [...article.querySelectorAll(".claim-table tbody tr")].map((row) =>
                [...row.children].map((cell) => cell.textContent)),
            names: [...article.querySelectorAll(".claim-table tbody th")].map((th) => th.title),
            command: words("dd .claim-code"),
            film: article.querySelector("[data-run]")?.hash ?? null,
        };
    });
}

function check(seen, claims, films) {
    assert.deepEqual(seen.map(({name}) => name).sort(), claims.map(({name}) => name).sort());
    for (const claim of claims) {
        const its = seen.find(({name}) => name === claim.name);
        assert.equal(its.says, `\u201c${claim.says}\u201d`);
        assert.equal(its.verdict, VERDICTS[claim.verdict], claim.name);
        assert.deepEqual(its.names, claim.observed.map(({name}) => name), claim.name);
        assert.equal(its.command, claim.command, claim.name);
        assert(its.all.includes(claim.source), `${claim.name}: who says so`);
        if (["changed", "never_true"].includes(claim.verdict))
            assert(its.all.includes(claim.truth), `${claim.name}: what is true instead`);
        if (claim.verdict === "changed")
            assert(its.all.includes(claim.since), `${claim.name}: since when`);
        claim.observed.forEach((observation, i) => {
            const value = observation.observed_errno ||
                String(+observation.observed.toPrecision(5));
            assert(its.rows[i][2].replace(/,/g, "").startsWith(value),
                   `${claim.name}: observed ${its.rows[i][2]}, not ${value}`);
            assert(its.rows[i][3].startsWith(observation.rule || ""), `${claim.name}: the rule`);
        });
        assert.equal(its.film !== null, films && claim.experiment !== null,
            `${claim.name}: a film`);
    }
}

async function all(shop) {
    const {page: file, content} = shop.claims(...CLAIMS);
    const page = await openFile(shop.browser, file);
    assert(content.claims.some(({observed}) => observed.some(({rule}) => rule)), "there are rules");
    check(await page.evaluate(claimsNow), content.claims, true);
    const counts = await page.evaluate(() =>
        document.querySelectorAll("#index .index-table tr").length);
    assert.equal(counts, CLAIMS.length, "each is in a list");
    assert.deepEqual(page.complaints, []);
}

async function films(shop) {
    const page = await openFile(shop.browser, shop.claims(...CLAIMS).page);
    const wanted = (selector) => page.waitForFunction((what) => document.querySelector(what)
        ?.checkVisibility(), {polling: 50}, selector);
    for (const name of ["closed-port-refuses", "somaxconn-128"]) {
        await page.evaluate((id) => document.querySelector(`#claim-${id} [data-run]`).click(),
            name);
        await wanted("#stage-picture");
        const experiment = await page.evaluate(() => window.tcplab.film.run.experiment);
        assert.equal(experiment, name === "somaxconn-128" ? "handshake" : "closed-port");
        await page.evaluate(() => document.querySelector("#foot a").click());
        await wanted(".claim");
    }
    assert.deepEqual(page.complaints, []);
}

/** A saved document of claims has no runs; documents of runs beside it bring the films. */
async function saved(shop) {
    const {file, content} = shop.claims(...CLAIMS);
    const alone = await openFile(shop.browser, shop.page(file));
    check(await alone.evaluate(claimsNow), content.claims, false);
    const both = await openFile(shop.browser, shop.page(shop.document("closed-port").file, file));
    assert.deepEqual((await both.evaluate(claimsNow)).filter(({film}) => film)
        .map(({name, film}) => [name, film]), [["closed-port-refuses", "#closed-port"]]);
    assert.deepEqual([...alone.complaints, ...both.complaints], []);
}

async function anchors(shop) {
    const page = await openFile(shop.browser, shop.claims(...CLAIMS).page,
                                {hash: "#claim-tw-recycle", viewport: {width: 1280, height: 300}});
    const top = () => page.evaluate(() =>
        document.getElementById("claim-tw-recycle").getBoundingClientRect().top);
    assert(await top() < 300, "the page begins at the claim of its address");
    await page.evaluate(() => document.querySelector("a[href='#claim-somaxconn-128']").click());
    await page.waitForFunction(() => {
        const {top} = document.getElementById("claim-somaxconn-128").getBoundingClientRect();
        return top >= 0 && top < 300;
    }, {polling: 50});
    assert.deepEqual(page.complaints, []);
}

async function onPaper(shop) {
    const page = await openFile(shop.browser, shop.claims(...CLAIMS).page);
    await page.emulateMediaType("print");
    const hidden = await page.evaluate(() => [...document.querySelectorAll(".claim, .claim *")]
        .filter((element) => !element.checkVisibility()).length);
    assert.equal(hidden, 0, "all is on paper");
    assert((await page.pdf({format: "A4"})).length > 10000);
}

module.exports = [
    ["claims: each with verdict and evidence", all],
    ["claims: their films", films],
    ["claims: saved documents", saved],
    ["claims: addresses", anchors],
    ["claims: paper", onPaper],
];
