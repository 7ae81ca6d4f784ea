// Texts of the first screen that cannot be read: beyond the edge of what holds them, or on each
// other.

"use strict";

/** All that is wrong with the texts at the moments of the film that matter: its beginning and end,
 *  each stop as it halts there, moments in between, and the end uncovered. Runs in the page. */
function textFaults(parts = 24) {
    const {clock, film} = window.tcplab, found = new Map();
    const SLACK = 1.5; /* pixels */

    const name = (element) => `${element.getAttribute("class") || element.id || element.tagName} ` +
        `"${element.textContent.trim()}"`;

    /** [element, its text's box], of what can be seen. */
    function texts(selector) {
        const list = [];
        for (const element of document.querySelectorAll(selector)) {
            const own = [...element.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
            if (!own.length || element.closest("title, option, .said") ||
                !element.checkVisibility({visibilityProperty: true}))
                continue;
            const dim = element.closest("[opacity]");
            if (dim && Number(dim.getAttribute("opacity")) < 0.1)
                continue;
            const range = document.createRange();
            range.setStartBefore(own[0]);
            range.setEndAfter(own[own.length - 1]);
            const {left, right, top, bottom, height} =
                (element.ownerSVGElement ? element : range).getBoundingClientRect();
            if (right > left) /* of a line's height letters take the middle */
                list.push([element, {left, right, top: top + height * 0.22,
                                     bottom: bottom - height * 0.22}]);
        }
        return list;
    }

    const note = (what, t) => found.has(what) || found.set(what, t);

    const outside = (box, {left, right, top, bottom}) =>
        box.left < left - SLACK || box.right > right + SLACK || box.top < top - SLACK ||
        box.bottom > bottom + SLACK;

    const apart = (a, b) => a.left >= b.right || b.left >= a.right || a.top >= b.bottom ||
        b.top >= a.bottom;

    /** Whether one of those that hold it shows nothing of it: then nobody misses the rest. */
    function holders(element, box) {
        const found = [];
        for (let e = element; e.id !== "film"; e = e.parentElement)
            if (getComputedStyle(e).overflow !== "visible")
                found.push(e);
        return found.some((e) => apart(box, e.getBoundingClientRect())) ? [] : found;
    }

    /** What holds an SVG text: the shape that its group has for it. */
    function shapeOf(element) {
        const group = element.closest("g");
        if (element.matches(".state:not(.place-state), .place-state"))
            return group.querySelector(".belief");
        if (element.matches(".card-text"))
            return group.querySelector(".card-shape");
        if (element.matches(".token-number"))
            return group.querySelector(".token-shape");
        if (element.matches(".fold-text"))
            return group.querySelector(".fold-box");
        if (element.matches(".chip-text"))
            return group.querySelector(".chip-shape");
        if (element.matches(".tally text"))
            return element.closest(".tally").querySelector(".tally-ground");
        return null;
    }

    function check(t) {
        for (const [element, box] of texts("#film *")) {
            if (!element.ownerSVGElement) {
                for (const holder of holders(element, box))
                    if (outside(box, holder.getBoundingClientRect()) ||
                        (holder === element && element.scrollWidth > element.clientWidth + 1))
                        note(`cut: ${name(element)}`, t);
                continue;
            }
            if (outside(box, element.ownerSVGElement.getBoundingClientRect()))
                note(`beyond its picture: ${name(element)}`, t);
            const shape = shapeOf(element);
            if (shape && shape.checkVisibility({visibilityProperty: true}) &&
                outside(box, shape.getBoundingClientRect()))
                note(`beyond its shape: ${name(element)}`, t);
        }
        const stage = texts("#stage text");
        const ground = document.querySelector("#stage .tally[visibility=visible] .tally-ground");
        const behind = ground && ground.getBoundingClientRect();
        const inTally = (e) => e.closest(".tally");
        for (let i = 0; i < stage.length; i++)
            for (let k = i + 1; k < stage.length; k++) {
                const [[one, a], [other, b]] = [stage[i], stage[k]];
                if (apart(a, b))
                    continue;
                if (behind && Boolean(inTally(one)) !== Boolean(inTally(other)) &&
                    !outside(inTally(one) ? b : a, behind))
                    continue; /* the ledger covers the wire */
                note(`on each other: ${name(one)}, ${name(other)}`, t);
            }
        if (document.documentElement.scrollWidth > innerWidth)
            note(`the page is ${document.documentElement.scrollWidth} wide`, t);
    }

    const at = (t) => {
        clock.seek(t);
        check(t);
    };
    check(0);
    for (const stop of film.halts) {
        clock.haltAt(stop);
        check(stop.t_ms);
    }
    for (let i = 0; i <= parts; i++)
        at(clock.timeOf(clock.length * i / parts));
    for (const t of film.steps.filter((step, i) => i % Math.ceil(film.steps.length / parts) === 0))
        at(t);
    document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "R", bubbles: true}));
    at(film.end_ms);
    return [...found].map(([what, t]) => `${t.toFixed(2)} ms: ${what}`);
}

module.exports = {textFaults};
