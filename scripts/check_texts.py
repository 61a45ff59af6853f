#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the catalogue of texts (src/catalogue/*.txt) against itself and against the code.

- each key once, beginning with the name of its file, with both languages and the same {placeholders} in both
- a count in English chooses the form of what it counts: "{count} {count|file|files}", never "{count} files"
- each literal key in text("…") exists, and the call gives each placeholder a value
- each key is used: as a literal, or below a literal prefix of two parts and a dot ("cli.help.")
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"\{([^{}|]*)(?:\|[^{}|]*\|[^{}|]*)?\}")
FIXED_PLURAL = re.compile(r"(?<!of )\{(count|[a-z]+s)\} (?!(?:is|was|has|exists|stays)\b)((?:[a-z]+ )?[a-z]+s)\b")


def read_catalogue(problems):
    entries = {}
    for path in sorted((ROOT / "src/catalogue").glob("*.txt")):
        where = path.relative_to(ROOT)
        key, texts = None, {}
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines + ["[end]"], 1):
            head = re.fullmatch(r"\[([a-z0-9_.]+)\]", line)
            body = re.match(r"(en|ja): (.+)$", line)
            if head:
                if key:
                    finish(entries, key, texts, f"{where}:{number}", path.stem, problems)
                key, texts = head[1], {}
            elif body and key and body[1] not in texts:
                texts[body[1]] = body[2]
            elif line and not line.startswith("#"):
                problems.append(f"{where}:{number}: not a line of a catalogue: {line}")
    return entries


def finish(entries, key, texts, where, stem, problems):
    if key in entries:
        problems.append(f"{where}: {key} stands in the catalogue twice")
    first = key.split(".")[0]
    if first != stem and not stem.startswith(first + "_"):
        problems.append(f"{where}: {key} does not begin with the name of its file ({stem})")
    for language in ("en", "ja"):
        if language not in texts:
            problems.append(f"{where}: {key} has no '{language}:' line")
    names = {language: set(PLACEHOLDER.findall(sentence)) for language, sentence in texts.items()}
    if len(names) == 2 and names["en"] != names["ja"]:
        problems.append(f"{where}: {key}: placeholders differ: en {sorted(names['en'])}, ja {sorted(names['ja'])}")
    fixed = FIXED_PLURAL.search(texts.get("en", ""))
    if fixed:
        problems.append(f"{where}: {key}: '{{{fixed[1]}}} {fixed[2]}' reads badly for 1; write {{{fixed[1]}|…|…}}")
    entries[key] = set().union(*names.values()) if names else set()


def without_comments(source):
    """Blanks // comments, keeping the length; strings are left alone."""
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*')
    return token.sub(lambda m: " " * len(m[0]) if m[0].startswith("//") else m[0], source)


def arguments_of(source, start):
    """Names in text("key", {{"name", …}, …}): (has_more, literal names). `start` is behind the key's quote."""
    depth, braces, names, more = 1, 0, set(), False
    at = start
    while at < len(source) and depth:
        char = source[at]
        if char == '"':
            string = re.compile(r'"((?:\\.|[^"\\])*)"').match(source, at)
            if not string:
                break
            before = source[:at].rstrip()
            if braces and before.endswith("{"):
                names.add(string[1])
            at = string.end()
            continue
        depth += {"(": 1, ")": -1}.get(char, 0)
        braces += {"{": 1, "}": -1}.get(char, 0)
        more = more or (char == "," and depth == 1)
        at += 1
    return more, names


def main():
    problems = []
    entries = read_catalogue(problems)
    literals, prefixes = set(), set()
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in {".h", ".cc"}:
            continue
        where = path.relative_to(ROOT)
        source = without_comments(path.read_text(encoding="utf-8"))
        for string in re.findall(r'"((?:\\.|[^"\\\n])*)"', source):
            (prefixes if string.endswith(".") else literals).add(string)
        for call in re.finditer(r'\btext\(\s*"([^"]*)"', source):
            line = source.count("\n", 0, call.start()) + 1
            key = call[1]
            following = source[call.end():].lstrip()
            if key.endswith(".") and following[:1] == "+":
                continue
            if key not in entries:
                problems.append(f"{where}:{line}: text(\"{key}\") is not in src/catalogue")
                continue
            more, names = arguments_of(source, call.end())
            missing = entries[key] - names - {"reason"}
            if missing and (names or not more):
                problems.append(f"{where}:{line}: text(\"{key}\") gives no value for {sorted(missing)}")
    for key in sorted(entries):
        if key not in literals and not any(p.count(".") > 1 and key.startswith(p) for p in prefixes):
            problems.append(f"src/catalogue: {key} is not used")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
