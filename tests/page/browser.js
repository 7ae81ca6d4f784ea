// Chromium, driven by puppeteer-core: pages opened from files, and what they complained about.

"use strict";

const fs = require("fs");
const path = require("path");
const {createRequire} = require("module");
const {pathToFileURL} = require("url");

const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";

/** A module that npm put into BUILD/page-tests. */
function moduleOf(build, name) {
    return createRequire(path.join(path.resolve(build), "page-tests", "/"))(name);
}

/** As root there is no sandbox for the browser to make. */
function startBrowser(build) {
    const args = ["--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"];
    if (process.getuid() === 0)
        args.push("--no-sandbox");
    return moduleOf(build, "puppeteer-core").launch({executablePath: CHROMIUM, headless: true,
                                                     args, timeout: 60000});
}

/** A page of the browser with that address open. page.complaints: errors of its script, messages of
 *  its console, dialogs, requests for anything but the page itself and options.parts, which are
 *  relative to it. */
async function openPage(browser, address, options = {}) {
    const own = ["", ...(options.parts || [])].map((part) => new URL(part, address).href);
    const page = await browser.newPage();
    page.complaints = [];
    const complain = (what) => page.complaints.push(what);
    page.on("pageerror", (error) => complain(`error: ${error.message}`));
    page.on("console", (message) => complain(`console: ${message.type()}: ${message.text()}`));
    page.on("dialog", (dialog) => {
        complain(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on("request", (request) => {
        if (!own.includes(request.url().replace(/#.*/, "")) &&
            !/^(blob|data):/.test(request.url()))
            complain(`request: ${request.url().slice(0, 200)}`);
    });
    await page.setViewport(options.viewport || {width: 1280, height: 720});
    await page.emulateMediaFeatures([
        {name: "prefers-color-scheme", value: options.dark ? "dark" : "light"},
        {name: "prefers-reduced-motion", value: options.still ? "reduce" : "no-preference"}]);
    await page.goto(address + (options.hash || ""), {waitUntil: "load"});
    return page;
}

function openFile(browser, file, options = {}) {
    return openPage(browser, pathToFileURL(path.resolve(file)).href, options);
}

/** Clicks on that button and returns the path of the file that it saves into folder. */
async function saveBy(page, button, folder) {
    fs.mkdirSync(folder, {recursive: true});
    const session = await page.createCDPSession();
    await session.send("Browser.setDownloadBehavior", {
        behavior: "allow", downloadPath: path.resolve(folder), eventsEnabled: true});
    const done = new Promise((resolve, reject) => {
        let name;
        session.on("Browser.downloadWillBegin", (event) => { name = event.suggestedFilename; });
        session.on("Browser.downloadProgress", ({state}) => {
            if (state === "completed")
                resolve(path.join(folder, name));
            else if (state === "canceled")
                reject(new Error(`${button}: the browser gave up saving`));
        });
    });
    await page.evaluate((id) => document.getElementById(id).click(), button);
    return done;
}

module.exports = {CHROMIUM, moduleOf, openFile, openPage, saveBy, startBrowser};
