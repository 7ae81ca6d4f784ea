// The results, covered until somebody has predicted them or a key uncovers them; and all else that
// the document tells: ledger, checks, words, set-up, commands, what to try.

import {htmlElement, saveText, setText, svgElement} from "./draw.js";
import {hasText, text} from "./strings.js";

const RESULTS_UNITS = ["s", "ms", "us", "errno", ""];

/** A number as the text report prints it: "4", "0.216 s"; an error has a name. */
function resultNumber(value, unit, error) {
    if (value === null || value === undefined)
        return "\u2013";
    if (unit === "errno")
        return error || (value ? String(value) : text("no_error"));
    const short = Math.abs(value) >= 1e5 || Number.isInteger(value)
        ? Math.round(value).toLocaleString("en") : String(+value.toPrecision(5));
    return ["s", "ms", "us"].includes(unit) ? `${short} ${unit}` : short;
}

export function resultObserved(check) {
    return resultNumber(check.observed, check.unit, check.observed_errno);
}

export function resultPredicted(check) {
    const [from, to] = check.predicted || [null, null];
    const errors = check.predicted_errno || [];
    const first = resultNumber(from, from !== to && to !== null ? "" : check.unit, errors[0]);
    const last = resultNumber(to, check.unit, errors[1]);
    if (from === to)
        return first;
    if (to === null)
        return text("predicted_from", {from: first});
    return from === null ? text("predicted_to", {to: last})
        : text("predicted_from_to", {from: first, to: last});
}

const RESULTS_STATE = new RegExp("^(SYN_SENT|SYN_RECV|ESTABLISHED|FIN_WAIT_1|FIN_WAIT_2|CLOSING|" +
    "TIME_WAIT|CLOSE_WAIT|LAST_ACK)(?:_(.*))?$");
const RESULTS_SUFFIX =
    /(?<!_of|^at)_(first|last|at_first|in_the_end|then|ever|meanwhile|left|[0-9]+)$/;

/** "FIN_WAIT_2 after shutdown", "SYN again (2), first": what was observed, without its side. */
function resultWords(name) {
    const state = RESULTS_STATE.exec(name);
    if (state)
        return state[2] ? text("name_state_when", {state: state[1], when: resultWords(state[2])})
            : text("name_state", {state: state[1]});
    if (hasText("what_" + name))
        return text("what_" + name);
    const suffix = RESULTS_SUFFIX.exec(name);
    if (suffix && suffix.index)
        return text(/[0-9]/.test(suffix[1]) ? "name_number" : "name_suffix",
                    {what: resultWords(name.slice(0, suffix.index)), n: suffix[1],
                     suffix: suffix[1].replace(/_/g, " ")});
    return name.replace(/SYN_ACK|syn_ack/g, "SYN-ACK").replace(/_/g, " ")
        .replace(/\bsyn\b/g, "SYN");
}

/** "in the accept queue" for "server.queue", "client: SYN_SENT in the end"; of a counter the note
 *  that the document has. */
export function resultName(check) {
    const {name} = check, dot = name.indexOf("."), side = name.slice(0, dot);
    if (hasText("name_" + name))
        return text("name_" + name);
    if (side === "ledger") {
        const row = name.slice(7);
        return text("name_ledger", {row, note: hasText("row_" + row) ? text("row_" + row) : ""});
    }
    if (side !== "server" && side !== "client")
        return name;
    const suffix = /_(in_the_end|at_first|then)$/.exec(name);
    if (check.counts)
        return text(suffix ? "name_counter_when" : "name_counter",
                    {side: text(side), note: check.counts,
                     when: suffix ? suffix[1].replace(/_/g, " ") : ""});
    return text("name_at", {side: text(side),
                            what: resultWords(name.slice(dot + 1).replace(/^Tcp(Ext)?\./, ""))});
}

/** What is asked about: no counters, and not that something does not happen. */
function isHeadline(check) {
    const [from, to] = check.predicted || [0, 0];
    return !check.name.includes(".Tcp") && !check.name.includes(".Ip") && (from !== 0 || to !== 0);
}

/** What became of the connections is asked before where a limit stands. */
function headlines(run) {
    const rank = (check) => !check.name.startsWith("ledger.") ? 2
        : ["ledger.queued", "ledger.accepted"].includes(check.name) ? 1 : 0;
    const list = (run.checks || []).filter(isHeadline);
    return list.sort((a, b) => rank(a) - rank(b));
}

/** ["backlog 8", "delay 50 ms"]; brief: only the numbers, the most important ones. */
export function knobWords(knobs, brief = false) {
    const words = [];
    for (const [name, value] of Object.entries(knobs || {})) {
        /* who was there before counts, also as "prefill limit" */
        if (value === null || (brief && ((typeof value !== "number" && name !== "prefill") ||
                                         name === "delay_us" || name === "syncookies" ||
                                         (value === 0 && name.endsWith("_us")))))
            continue;
        const duration = name.endsWith("_us") && typeof value === "number";
        const shown = !duration ? typeof value === "boolean" ? text(value ? "yes" : "no") : value
            : value % 1000 ? `${value} us` : value % 1e6 ? `${value / 1e3} ms` : `${value / 1e6} s`;
        words.push(`${duration ? name.slice(0, -3) : name} ${shown}`);
    }
    return brief ? words.slice(0, 4) : words;
}

/** In place of what is covered. */
export function resultsCover(parent, uncoverAll) {
    const cover = htmlElement("p", {class: "cover"}, parent, text("covered") + " ");
    const button = htmlElement("button", {type: "button", class: "uncover-all"}, cover,
                               text("uncover_all"));
    button.onclick = uncoverAll;
    return cover;
}

/** memory: what was predicted and uncovered of that run; {} at first. */
export function createResults(strip, below, film, whole, memory, changed) {
    const run = film.run, checks = run.checks || [], asked = headlines(run);
    memory.you ||= new Map(checks.filter((c) => typeof c.you === "number")
        .map((c) => [c.name, c.you]));
    memory.open ||= new Set(memory.you.keys());
    const {you, open} = memory;
    let current = 0, all = memory.all || false, all_before = false;

    const nothing = run.reason || text(run.verdict ? "no_answers" : "not_over");

    const isOpen = (check) => all || open.has(check.name);

    function uncover(check) {
        open.add(check.name);
        all = memory.all = all || asked.every((c) => open.has(c.name));
        drawAll();
        changed();
    }

    // --- the strip below the stage ---

    function value(parent, kind, label, shown, covered) {
        const group = htmlElement("span", {class: `answer answer-${kind}`}, parent);
        htmlElement("span", {class: "answer-label"}, group, label);
        return htmlElement("span", {class: covered ? "value covered"
            : shown.length > 9 ? "value long" : "value",
                                    "data-answer": kind}, group, shown);
    }

    function drawInput(check, parent) {
        const group = htmlElement("span", {class: "answer answer-you"}, parent);
        htmlElement("label", {class: "answer-label", for: "prediction"}, group, text("you"));
        const input = htmlElement("input", {
            id: "prediction", class: "value",
            inputmode: check.unit === "errno" ? "text" : "decimal", autocomplete: "off",
            placeholder: text("unknown"),
            "aria-label": text("your_prediction", {name: resultName(check)})}, group);
        input.value = you.has(check.name) ? String(you.get(check.name)) : "";
        if (you.has(check.name) && isOpen(check) && typeof check.observed === "number")
            group.classList.add(Number(you.get(check.name)) === check.observed ? "is-agree"
                : "is-differ");
        input.onchange = () => {
            const typed = input.value.trim();
            if (!typed || (check.unit !== "errno" && !Number.isFinite(Number(typed))))
                return;
            you.set(check.name, typed);
            uncover(check);
        };
    }

    function drawStrip() {
        strip.replaceChildren();
        if (!asked.length) {
            htmlElement("span", {class: "answer-name"}, strip, nothing);
            return;
        }
        const check = asked[current], covered = !isOpen(check);
        const words = resultName(check);
        const name = htmlElement("span", {class: words.length > 30 ? "answer-name long"
            : "answer-name", title: check.name}, strip, words);
        if (asked.length > 1)
            htmlElement("span", {class: "answer-of"}, name,
                        " " + text("answer_of", {i: current + 1, n: asked.length}));
        drawInput(check, strip);
        value(strip, "rule", text("rule"), covered ? text("unknown") : resultPredicted(check),
              covered);
        const seen = value(strip, "observed", text("observed"), covered ? text("unknown")
            : resultObserved(check), covered);
        if (!covered)
            seen.classList.add("is-" + check.verdict);
        const button = htmlElement("button", {id: "uncover", type: "button"}, strip,
                                   text(covered ? "uncover" : "next_answer"));
        button.disabled = !covered && asked.length < 2;
        button.onclick = () => covered ? uncover(check) : next();
        strip.setAttribute("aria-label", resultName(check));
    }

    function next() {
        current = (current + 1) % asked.length;
        drawStrip();
        changed();
    }

    // --- below ---

    const parts = {};

    function part(id) {
        const section = htmlElement("section", {id, "aria-label": text("section_" + id)}, below);
        htmlElement("h2", {}, section, text("section_" + id));
        parts[id] = htmlElement("div", {class: "section-body"}, section);
        return parts[id];
    }

    function drawLedger() {
        const root = parts.ledger;
        root.replaceChildren();
        const {attempted, ...rows} = run.ledger || {};
        if (!all)
            return resultsCover(root, results.uncoverAll);
        if (attempted === undefined)
            return setText(root, nothing);
        const present = Object.entries(rows).filter(([, n]) => n > 0);
        const sum = present.reduce((total, [, n]) => total + n, 0);
        drawLedgerBar(root, present, Math.max(sum, 1), attempted);
        const table = htmlElement("table", {class: "ledger-rows"}, root);
        for (const [name, n] of present) {
            const row = htmlElement("tr", {}, table);
            htmlElement("td", {class: `key row-${name}`}, row);
            htmlElement("td", {class: "number"}, row, n.toLocaleString("en"));
            htmlElement("th", {scope: "row"}, row, name);
            htmlElement("td", {}, row, hasText("row_" + name) ? text("row_" + name) : "");
            htmlElement("td", {class: "ids"}, row, ledgerIds(name));
        }
        const total = htmlElement("tr", {class: "total"}, table);
        htmlElement("td", {}, total);
        htmlElement("td", {class: "number"}, total, sum.toLocaleString("en"));
        htmlElement("th", {scope: "row", colspan: 3}, total, sum === attempted
            ? text("ledger_sum", {sum, attempted}) : text("ledger_wrong", {sum, attempted}));
        if (film.left_out)
            htmlElement("p", {class: "note"}, root, text("left_out", {
                shown: film.connections.length, all: film.connections.length + film.left_out}));
    }

    function drawLedgerBar(root, present, sum, attempted) {
        const said = present.map(([name, n]) => `${n} ${name}`).join(", ");
        const svg = svgElement("svg", {viewBox: "0 0 1000 56", class: "picture ledger-bar",
                                       role: "img", preserveAspectRatio: "none",
                                       "aria-label": text("ledger_said", {attempted, rows: said})},
                               root);
        let x = 0;
        for (const [name, n] of present) {
            const width = n / sum * 1000;
            svgElement("rect", {x, y: 0, width: Math.max(1, width - 2), height: 56,
                                class: `ledger-part row-${name}`, "data-row": name}, svg);
            if (width > 60)
                svgElement("text", {x: x + width / 2, y: 37, class: "ledger-number"}, svg,
                           n.toLocaleString("en"));
            x += width;
        }
    }

    /** The numbers of the tokens in a row of the ledger, where they are few. */
    function ledgerIds(name) {
        const ids = film.connections.filter((c) => c.row === name).map((c) => c.id);
        if (!ids.length || ids.length > 40)
            return "";
        const runs = [];
        for (const id of ids) {
            const last = runs[runs.length - 1];
            if (last && id === last[1] + 1)
                last[1] = id;
            else
                runs.push([id, id]);
        }
        return "(" + runs.map(([a, b]) => a === b ? a : `${a}\u2013${b}`).join(", ") + ")";
    }

    /** The interval predicted, and the observation as a mark. */
    function drawInterval(parent, check, covered) {
        const svg = svgElement("svg", {viewBox: "0 0 200 28", class: "interval", role: "img",
                                       "aria-label": text("check_said", {
                                           name: resultName(check),
                                           predicted: covered ? text("unknown")
                                               : resultPredicted(check),
                                           observed: covered ? text("unknown")
                                               : resultObserved(check),
                                           verdict: covered ? "" : text(check.verdict)})}, parent);
        svgElement("line", {x1: 4, x2: 196, y1: 14, y2: 14, class: "axis"}, svg);
        if (covered)
            return;
        const [from, to] = check.predicted || [null, null];
        const values = [from, to, check.observed].filter((v) => typeof v === "number");
        if (!values.length)
            return;
        let low = Math.min(...values), high = Math.max(...values);
        const pad = (high - low || Math.abs(high) || 1) * 0.35;
        low -= pad;
        high += pad;
        const x = (v) => 20 + (v - low) / (high - low) * 160;
        const left = typeof from === "number" ? x(from) : 18;
        const right = typeof to === "number" ? x(to) : 182;
        svgElement("rect", {x: left - 14, y: 5, width: right - left + 28, height: 18, rx: 4,
                            class: "predicted"}, svg);
        if (typeof check.observed === "number")
            svgElement("path", {d: `M${x(check.observed)} 3 l7 11 l-7 11 l-7 -11 z`,
                                class: "observed is-" + check.verdict}, svg);
    }

    function drawCheck(root, check) {
        const covered = !isOpen(check);
        const details = htmlElement("details", {class: "check", "data-check": check.name}, root);
        const summary = htmlElement("summary", {}, details);
        const name = htmlElement("span", {class: "check-name"}, summary, resultName(check));
        if (resultName(check) !== check.name)
            htmlElement("span", {class: "check-raw"}, name, " " + check.name);
        htmlElement("span", {class: "number"}, summary,
                    covered ? text("unknown") : resultPredicted(check));
        drawInterval(summary, check, covered);
        htmlElement("span", {class: "number"}, summary,
                    covered ? text("unknown") : resultObserved(check));
        htmlElement("span", {class: "unit"}, summary,
                    RESULTS_UNITS.includes(check.unit) ? "" : check.unit);
        htmlElement("span", {class: "verdict is-" + (covered ? "covered" : check.verdict)}, summary,
                    covered ? "" : text(check.verdict));
        if (covered)
            return;
        htmlElement("p", {class: "check-rule"}, details, check.rule || "");
        htmlElement("p", {class: "check-source"}, details, check.source || "");
    }

    function drawChecks() {
        const root = parts.checks, opened = new Set([...root.querySelectorAll("details[open]")]
            .map((d) => d.dataset.check));
        root.replaceChildren();
        if (!checks.length)
            return setText(root, nothing);
        const head = htmlElement("p", {class: "check check-head", "aria-hidden": "true"}, root);
        for (const key of ["check", "rule", "", "observed", "unit", "verdict"])
            htmlElement("span", {class: ["rule", "observed"].includes(key) ? "number" : key}, head,
                        key ? text(key) : "");
        for (const check of checks)
            drawCheck(root, check);
        for (const details of root.querySelectorAll("details"))
            details.open = opened.has(details.dataset.check);
    }

    function pairs(root, list) {
        const dl = htmlElement("dl", {class: "pairs"}, root);
        for (const [name, words] of list) {
            if (!words)
                continue;
            htmlElement("dt", {}, dl, name);
            htmlElement("dd", {}, dl, words);
        }
    }

    function drawWords() {
        const root = parts.words;
        root.replaceChildren();
        pairs(root, [[text("often_said"), run.claim], [text("kernel_does"), all && run.kernel],
                     [text("seen"), all && run.seen]]);
        if (!all)
            resultsCover(root, results.uncoverAll);
    }

    function commands(root, list, sign) {
        const pre = htmlElement("pre", {class: "commands", tabindex: 0}, root);
        setText(pre, list.map((command) => `${sign} ${command}`).join("\n"));
    }

    function sysctls() {
        const values = {...((run.surroundings || {}).sysctls || {}),
                        ...((run.setup || {}).sysctls || {})};
        return Object.entries(values).map(([key, value]) => `${key} = ${value}`).join(", ");
    }

    function drawSetup() {
        const root = parts.setup, setup = run.setup || {}, measured = run.surroundings;
        pairs(root, [
            [text("why"), setup.why], [text("knobs"), knobWords(run.knobs).join(", ")],
            [text("duration"), run.time], [text("sysctls"), sysctls()],
            [text("client"), setup.client], [text("server"), setup.server],
            [text("surroundings"), measured && text("surroundings_are", {
                cpu: measured.cpu || "?", cpus: measured.cpus, governor: measured.governor || "?",
                load: measured.load_1m, steal: measured.steal_percent, hz: measured.hz})],
            [text("reason"), run.reason]]);
        if (setup.commands && setup.commands.length)
            commands(root, setup.commands, "$");
    }

    function drawByHand() {
        const root = parts.by_hand;
        root.replaceChildren();
        for (const step of run.by_hand || []) {
            commands(root, [step.command], step.where + "$");
            if (all)
                htmlElement("p", {class: "note"}, root, step.shows);
        }
        if (!all)
            resultsCover(root, results.uncoverAll);
    }

    function drawNext() {
        if (run.try_next && run.try_next.length)
            commands(parts.next, run.try_next, "$");
        if (run.see_also && run.see_also.length)
            pairs(parts.next, [[text("see_also"), run.see_also.join(", ")]]);
    }

    function drawDocument() {
        results.addSave(text("save_document"), "save-document", () => saveText(
            JSON.stringify(whole, null, 2) + "\n", `${run.experiment || "run"}.json`,
            "application/json"));
        htmlElement("p", {class: "note"}, parts.document, text("save_note"));
    }

    function drawAll() {
        drawStrip();
        drawLedger();
        drawChecks();
        drawWords();
        drawByHand();
    }

    const results = {
        uncovered: () => all || !asked.length,
        /** The one in the strip; where that is uncovered, the next one that is not. */
        /* the next question is shown before its answer is: somebody may want to predict */
        uncoverOne() {
            if (asked.length && !isOpen(asked[current])) {
                uncover(asked[current]);
                return;
            }
            const i = asked.findIndex((c, n) => n >= current && !isOpen(c));
            const first = i >= 0 ? i : asked.findIndex((c) => !isOpen(c));
            if (first < 0)
                return;
            current = first;
            drawStrip();
            changed();
        },
        addSave(label, id, action) {
            const button = htmlElement("button", {type: "button", id}, null, label);
            parts.document.prepend(button, " ");
            button.onclick = action;
        },
        /** On paper; with false as it was before. */
        showAll(on) {
            [all, all_before] = on ? [true, all] : [all_before, all];
            drawAll();
            changed();
        },
        uncoverAll() {
            all = memory.all = true;
            drawAll();
            changed();
        },
    };
    all = all || asked.every((c) => open.has(c.name));
    ["ledger", "checks", "words", "setup", "by_hand", "next", "document"].forEach(part);
    drawSetup();
    drawNext();
    drawDocument();
    drawAll();
    return results;
}
