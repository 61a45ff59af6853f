#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a file of src/ includes what it may not: a module that layers.txt does not allow, a path with "..",
or a header that costs seconds of compile time where it is not contained."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Each may stand in this many .cc files of src/, and in no header of ours.
HEAVY = {
    "CLI11": r"<CLI/",
    "spdlog": r"<spdlog/",
    "nlohmann-json": r"<nlohmann/",
    "yaml-cpp": r"<yaml-cpp/",
    "Boost": r"<boost/",
}
HEAVY_LIMIT = 3
# May stand in a header that no other module includes.
PRIVATE = {"simdjson": r"<simdjson", "SQLiteCpp": r"<SQLiteCpp/"}


def read_layers():
    allowed = {}
    for line in (ROOT / "layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, uses = (part.strip() for part in line.split(":"))
        unknown = set(uses.split()) - allowed.keys()
        if unknown:
            sys.exit(f"layers.txt: {name} names {sorted(unknown)}, which do not stand above it")
        allowed[name] = set(uses.split()) | {name}
    return allowed


def main():
    allowed = read_layers()
    problems = []
    heavy_users = {name: [] for name in HEAVY}
    private_headers, foreign_includes = set(), []
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in {".h", ".cc"}:
            continue
        module = path.relative_to(ROOT / "src").parts[0]
        where = path.relative_to(ROOT)
        if module not in allowed:
            problems.append(f"{where}:1: module '{module}' does not stand in layers.txt")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s+(<[^>]+>|"[^"]+")', line)
            if not include:
                continue
            name = include[1]
            ours = re.match(r'"([a-z_]+)/', name)
            if ".." in name:
                problems.append(f"{where}:{number}: include from src/ on: \"module/file.h\", not {name}")
            elif ours and ours[1] not in allowed[module]:
                problems.append(f"{where}:{number}: '{module}' may not include '{ours[1]}' (layers.txt)")
            elif name.startswith('"') and not ours:
                problems.append(f"{where}:{number}: include with the module: \"{module}/…\", not {name}")
            for library, pattern in HEAVY.items():
                if re.match(pattern, name) and path.suffix == ".h":
                    problems.append(f"{where}:{number}: {library} stays in .cc files")
            if path.suffix == ".h" and any(re.match(pattern, name) for pattern in PRIVATE.values()):
                private_headers.add(path.relative_to(ROOT / "src").as_posix())
            if ours and ours[1] != module:
                foreign_includes.append((f"{where}:{number}", name.strip('"')))
            for library, pattern in HEAVY.items():
                if re.match(pattern, name) and where not in heavy_users[library]:
                    heavy_users[library].append(where)
    for where, name in foreign_includes:
        if name in private_headers:
            problems.append(f"{where}: {name} includes {' or '.join(PRIVATE)}, and is its module's own")
    for library, users in heavy_users.items():
        if len(users) > HEAVY_LIMIT:
            problems.append(f"{users[-1]}:1: {library} is included by {len(users)} files; at most {HEAVY_LIMIT}: "
                            + ", ".join(map(str, users)))
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
