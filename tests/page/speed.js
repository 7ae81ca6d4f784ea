// Large runs and long ones: how soon the page can be used, and how many pictures a second it plays.

"use strict";

const assert = require("assert").strict;
const path = require("path");
const {openFile} = require("./browser.js");

const PICTURES_LEAST = 15; /* a second; 25 where nothing else runs */
const OPEN_MOST_MS = 3000;

/** Pictures drawn a second, over two seconds of playing from that part of the film on. */
function playing(part) {
    const {clock, film} = window.tcplab;
    clock.halt_at_stops = false;
    clock.seek(film.end_ms * part);
    const began = performance.now();
    let drawn = 0, frames = 0, open = true;
    clock.onChange(() => { drawn += open; });
    clock.play();
    return new Promise((resolve) => {
        const look = (now) => {
            frames++;
            if (now - began < 2000 && clock.playing)
                return requestAnimationFrame(look);
            open = false;
            clock.pause();
            resolve({seconds: (now - began) / 1000, rate: drawn / (now - began) * 1000,
                     drawn, frames});
        };
        requestAnimationFrame(look);
    });
}

async function many(shop) {
    const file = shop.page(shop.document("accept-queue-full", "--set", "clients=5000").file);
    const page = await openFile(shop.browser, file);
    const opened = await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() =>
        setTimeout(() => resolve(performance.now())))));
    assert(opened < OPEN_MOST_MS, `open after ${opened} ms`);
    const rates = [];
    for (const part of [0, 0.5]) {
        const {seconds, rate, drawn, frames} = await page.evaluate(playing, part);
        assert(drawn <= frames + 3, `${drawn} pictures in ${frames} frames`);
        assert(rate >= PICTURES_LEAST || seconds < 0.5, `${rate} pictures a second`);
        rates.push(rate.toFixed(0));
    }
    assert.deepEqual(page.complaints, []);
    return `open after ${opened.toFixed(0)} ms, ${rates.join(" and ")} pictures a second`;
}

/** 60 s of TIME_WAIT, of a document made once, are over in a minute of film at most. */
async function long(shop) {
    const page = await openFile(shop.browser,
                                shop.page(path.join(__dirname, "../data/run-time-wait.json")));
    const {end, length, folds} = await page.evaluate(() => {
        const {film, clock} = window.tcplab;
        return {end: film.end_ms, length: clock.length, folds: clock.folds.length};
    });
    assert(end > 60000 && folds > 0 && length < 60000, `${end} ms, ${length} ms of film`);
    await page.evaluate(() => {
        const {clock} = window.tcplab;
        clock.halt_at_stops = false;
        clock.seek(0);
        clock.setSpeed(9);
        clock.play();
    });
    await page.waitForFunction(() => window.tcplab.clock.t_ms === window.tcplab.film.end_ms,
                               {timeout: 30000});
    assert.deepEqual(page.complaints, []);
    return `${(length / 1000).toFixed(1)} s of film, ${folds} folds`;
}

module.exports = [
    ["5,000 clients", many],
    ["60 s of TIME_WAIT play to the end", long],
];
