#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws layers.txt into ARCHITECTURE.md, between its two markers. With --check: only says whether it is current.

Left: the level, so that a module rests only on lower ones. Right: what the module rests on, without what that
already rests on.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "ARCHITECTURE.md"
BEGIN, END = "<!-- layers: begin -->", "<!-- layers: end -->"


def read_layers():
    uses = {}
    for line in (ROOT / "layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            name, rest = (part.strip() for part in line.split(":"))
            uses[name] = rest.split()
    return uses


def draw(uses):
    below = {}  # everything that a module rests on, also indirectly
    level = {}
    for name, direct in uses.items():
        below[name] = set(direct).union(*(below[other] for other in direct)) if direct else set()
        level[name] = 1 + max((level[other] for other in direct), default=-1)
    lines = []
    for name in sorted(uses, key=lambda n: (-level[n], list(uses).index(n))):
        rests_on = [other for other in uses[name] if not any(other in below[third] for third in uses[name])]
        rests_on.sort(key=lambda n: -level[n])
        lines.append(f"{level[name]}  {'  ' * level[name]}{name:<12}".rstrip().ljust(36)
                     + ("─▶ " + ", ".join(rests_on) if rests_on else ""))
    return "```\n" + "\n".join(line.rstrip() for line in lines) + "\n```"


def main():
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    current = f"{before}{BEGIN}\n{draw(read_layers())}\n{END}{after}"
    if "--check" in sys.argv:
        if current != text:
            print("ARCHITECTURE.md: the layer picture is not what layers.txt says; run scripts/make_layer_picture.py")
            return 1
        return 0
    DOCUMENT.write_text(current, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
