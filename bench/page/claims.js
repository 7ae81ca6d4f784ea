// What articles say, and what the runs of this kernel say to it: a list by part of a connection's
// life, then each claim with its evidence.

import {htmlElement} from "./draw.js";
import {indexParts} from "./index.js";
import {runHash} from "./main.js";
import {resultName, resultObserved, resultPredicted} from "./results.js";
import {text} from "./strings.js";

function claimAnchor(claim) {
    return `claim-${claim.name}`;
}

function claimVerdict(claim, tag, parent) {
    return htmlElement(tag, {class: `verdict is-${claim.verdict}`}, parent,
                       text(`claim_${claim.verdict}`));
}

function claimTotals(claims) {
    return ["holds", "changed", "never_true", "undecided"]
        .map((verdict) => [verdict, claims.filter((claim) => claim.verdict === verdict).length])
        .filter(([, n]) => n)
        .map(([verdict, n]) => text("index_total", {n, verdict: text(`claims_${verdict}`)}))
        .join(", ");
}

/** The run of the document that decided it; -1: the document does not hold it. */
function claimRun(claim, runs) {
    /* knobs that are of no use to a run are not in its document */
    const known = claim.knobs || {};
    return runs.findIndex((run) => run.experiment === claim.experiment &&
        Object.entries(run.knobs || {}).every(([name, value]) => known[name] === value));
}

/** A word and what stands behind it; nothing where there is nothing to say. */
function claimPair(list, label, content) {
    if (!content)
        return null;
    htmlElement("dt", {}, list, text(label));
    return htmlElement("dd", {}, list, content === true ? "" : content);
}

function drawObservations(parent, claim) {
    if (!claim.observed || !claim.observed.length)
        return;
    const table = htmlElement("table", {class: "claim-table"}, parent);
    const head = htmlElement("tr", {}, htmlElement("thead", {}, table));
    for (const key of ["claim_observation", "claim_claimed", "observed", "rule"])
        htmlElement("th", {scope: "col"}, head, text(key));
    const body = htmlElement("tbody", {}, table);
    for (const observation of claim.observed) {
        const row = htmlElement("tr", {}, body);
        const claimed = {...observation, predicted: observation.claimed,
                         predicted_errno: observation.claimed_errno};
        const [from, to] = observation.claimed || [null, null];
        const differs = typeof observation.observed === "number" &&
            ((from !== null && observation.observed < from) ||
             (to !== null && observation.observed > to));
        const name = htmlElement("th", {scope: "row"}, row, resultName(observation));
        name.title = observation.name;
        htmlElement("td", {class: "number"}, row, resultPredicted(claimed));
        htmlElement("td", {class: `number verdict is-${differs ? "differ" : "agree"}`}, row,
                    resultObserved(observation));
        const rule = htmlElement("td", {}, row, observation.rule || "");
        if (observation.source)
            htmlElement("code", {class: "claim-code"}, rule, observation.source);
    }
}

function drawClaim(root, claim, runs) {
    const article = htmlElement("article", {class: "claim", id: claimAnchor(claim)}, root);
    const head = htmlElement("h3", {}, article, claim.name + " ");
    claimVerdict(claim, "span", head);
    htmlElement("blockquote", {}, article, text("claim_says", {says: claim.says}));
    drawObservations(article, claim);
    const list = htmlElement("dl", {class: "pairs"}, article);
    claimPair(list, "claim_source", claim.source);
    if (claim.verdict === "changed")
        claimPair(list, "claim_since", claim.since);
    if (["changed", "never_true"].includes(claim.verdict))
        claimPair(list, "claim_instead", claim.truth);
    claimPair(list, claim.verdict === "holds" ? "claim_but" : "claim_and", claim.nuance);
    claimPair(list, claim.experiment ? "claim_note" : "claim_not_run", claim.reason);
    const run = claimRun(claim, runs);
    const how = claimPair(list, "claim_run", claim.command && true);
    if (how)
        htmlElement("code", {class: "claim-code"}, how, claim.command);
    if (how && run >= 0)
        htmlElement("a", {href: "#" + runHash(run), "data-run": run}, how,
                    text("claim_film", {experiment: claim.experiment}));
}

export function createClaims(root, received) {
    const {claims, runs} = received;
    htmlElement("h1", {}, root, text("claims_title", {n: claims.length}));
    htmlElement("p", {class: "note"}, root, text("index_said", {
        totals: claimTotals(claims), kernel: received.kernel || "",
        version: received.version || ""}));
    const parts = indexParts(claims, text("claims_of_no_part"));
    for (const [part, indices] of parts) {
        htmlElement("h2", {}, root, part);
        const table = htmlElement("table", {class: "index-table"}, root);
        for (const i of indices) {
            const row = htmlElement("tr", {}, table);
            const name = htmlElement("th", {scope: "row"}, row);
            htmlElement("a", {href: `#${claimAnchor(claims[i])}`}, name, claims[i].name);
            htmlElement("td", {}, row, claims[i].says);
            claimVerdict(claims[i], "td", row);
        }
    }
    for (const [part, indices] of parts) {
        htmlElement("h2", {}, root, part);
        for (const i of indices)
            drawClaim(root, claims[i], runs);
    }
}
