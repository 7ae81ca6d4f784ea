// What all pictures share: elements, colours of connections, and a picture saved as a file.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** An SVG element with attributes, appended to parent where one is given. */
export function svgElement(name, attributes = {}, parent = null, content = null) {
    const element = document.createElementNS(SVG_NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes))
        if (value !== null && value !== undefined)
            element.setAttribute(key, value);
    if (content !== null)
        element.textContent = content;
    if (parent)
        parent.append(element);
    return element;
}

/** An HTML element; "class", "hidden" and the like are attributes. */
export function htmlElement(name, attributes = {}, parent = null, content = null) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
        if (value !== null && value !== undefined && value !== false)
            element.setAttribute(key, value === true ? "" : value);
    if (content !== null)
        element.textContent = content;
    if (parent)
        parent.append(element);
    return element;
}

/** Sets an attribute where it differs: most do not from one picture to the next. */
export function setAttribute(element, key, value) {
    const text = String(value);
    const known = element.tcplabSet || (element.tcplabSet = {});
    if (known[key] === text)
        return;
    known[key] = text;
    element.setAttribute(key, text);
}

export function removeAttribute(element, key) {
    if (element.tcplabSet)
        delete element.tcplabSet[key];
    element.removeAttribute(key);
}

export function setText(element, value) {
    if (element.tcplabText === value)
        return;
    element.tcplabText = value;
    element.textContent = value;
}

/** The class that gives a connection its colour, the same in all pictures. */
export function colourOf(id) {
    return `c${(id - 1) % 8}`;
}

/** The width of a text in pixels, as reckoned: no layout is asked for. */
export function textWidth(content, size) {
    let width = 0;
    for (const letter of content)
        width += "il.,:|'()[] ".includes(letter) ? 0.36 : "mwMW".includes(letter) ? 0.88
            : "=+\u00d7".includes(letter) ? 0.84 : letter >= "0" && letter <= "9" ? 0.66
            : letter >= "A" && letter <= "Z" ? 0.69 : letter === "_" || letter === "-" ? 0.5
            : letter > "\u2e7f" ? 1 : 0.56;
    return width * size;
}

/** Cuts a text that is longer than so many pixels. */
export function fitText(content, size, width) {
    if (textWidth(content, size) <= width)
        return content;
    let kept = content;
    while (kept && textWidth(kept + "\u2026", size) > width)
        kept = kept.slice(0, -1);
    return kept.trimEnd() + "\u2026";
}

/** The diagonal lines behind what two ends do not agree about. */
export function hatchPattern(svg, id) {
    const definitions = svgElement("defs", {}, svg);
    const pattern = svgElement("pattern", {id, width: 9, height: 9, patternUnits: "userSpaceOnUse",
                                           patternTransform: "rotate(45)"}, definitions);
    svgElement("rect", {width: 9, height: 9, class: "hatch-ground"}, pattern);
    svgElement("rect", {width: 3.2, height: 9, class: "hatch-line"}, pattern);
}

function styleRules() {
    let rules = "";
    for (const sheet of document.styleSheets)
        for (const rule of sheet.cssRules)
            if (!rule.cssText.startsWith("@media print"))
                rules += rule.cssText + "\n";
    return rules;
}

/** Hands a picture over as a file that stands alone. */
export function saveSvg(svg, name) {
    const copy = svg.cloneNode(true);
    copy.setAttribute("xmlns", SVG_NAMESPACE);
    if (document.documentElement.dataset.theme)
        copy.setAttribute("data-theme", document.documentElement.dataset.theme);
    copy.classList.add("saved");
    const style = document.createElementNS(SVG_NAMESPACE, "style");
    style.textContent = styleRules();
    copy.prepend(style);
    saveText(new XMLSerializer().serializeToString(copy), name + ".svg", "image/svg+xml");
}

export function saveText(content, name, type) {
    const address = URL.createObjectURL(new Blob([content], {type}));
    htmlElement("a", {href: address, download: name}).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
}
