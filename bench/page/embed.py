#!/usr/bin/env python3
"""A C header of the page's parts. Usage: embed.py HEADER page.html page.css MODULE.js...

The modules become one script in the order given, without their import lines and export words: a
name stands for the same thing in all of them. A file holds page.html with the parts in it; a server
hands them out one by one."""

import pathlib
import re
import sys

MARKS = ["<!--style-->", "<!--document-->", "<!--script-->"]
LIVE = {
    "<!--style-->": '<link rel="stylesheet" href="page.css">',
    "<!--document-->": "",
    "<!--script-->": '<script src="page.js"></script>',
    "<body>": "<body data-live>",
}


def script(modules):
    declared = {}
    parts = []
    for path in modules:
        code = path.read_text(encoding="utf-8")
        code = re.sub(r'^import\s[^;]*?from\s+"[^"]*";\n', "", code, flags=re.M)
        code = re.sub(r"^export (?=(async )?function|const|let|class)", "", code, flags=re.M)
        if re.search(r"^(import|export)\b", code, flags=re.M):
            sys.exit(f"{path}: an import or export of a form that embed.py does not know")
        for name in re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", code, flags=re.M):
            if name in declared:
                sys.exit(f"{path}: {name} is declared in {declared[name]}, too")
            declared[name] = path
        parts.append(code)
    whole = '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"
    if "</script" in whole.lower() or "<!--" in whole:
        sys.exit("the script would end the element it stands in")
    return whole


def array(name, content):
    data = content.encode()
    lines = [",".join(map(str, data[i:i + 32])) for i in range(0, len(data), 32)]
    return f"static const unsigned char {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def main():
    header, html, style, *modules = map(pathlib.Path, sys.argv[1:])
    page = html.read_text(encoding="utf-8")
    css, js = style.read_text(encoding="utf-8"), script(modules)
    live = page
    for mark, words in LIVE.items():
        if page.count(mark) != 1:
            sys.exit(f"{html}: there must be one {mark}")
        live = live.replace(mark, words)
    before, rest = page.split(MARKS[0])
    between, rest = rest.split(MARKS[1])
    behind, end = rest.split(MARKS[2])
    parts = {
        "page_part_live_html": live,
        "page_part_css": css,
        "page_part_js": js,
        "page_part_before": before + "<style>\n" + css + "</style>" + between,
        "page_part_behind": behind + "<script>\n" + js + "</script>" + end,
    }
    header.write_text("/* Made by embed.py. */\n#pragma once\n" +
                      "".join(array(*part) for part in parts.items()), encoding="utf-8")


main()
