#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on relative links of tracked Markdown files that lead nowhere, and on manual pages that lack their other language
or that no README of their language leads to."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    problems = []
    names = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in names.split():
        path = ROOT / name
        if not path.exists():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line):
                if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
                    problems.append(f"{name}:{number}: the link to {target} leads nowhere")
        if name.startswith("docs/manual/"):
            other = name[:-6] + ".md" if name.endswith(".ja.md") else name[:-3] + ".ja.md"
            if not (ROOT / other).exists():
                problems.append(f"{name}:1: {other} is missing")
            readme = "README.ja.md" if name.endswith(".ja.md") else "README.md"
            if f"]({name})" not in (ROOT / readme).read_text(encoding="utf-8"):
                problems.append(f"{name}:1: {readme} does not lead here")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
