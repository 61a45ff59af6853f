#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on calls and words that have no place here, each with the reason and what to use instead."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = 600

# (pattern, files of src/ that may, reason)
CALLS = [
    (r"\bstd::(thread|jthread|async)\b|\bpthread_create\b", r"concurrency/", "only src/concurrency creates threads: TaskGroup"),
    (r"\bsystem_clock::now\s*\(|\bgettimeofday\s*\(|\bclock_gettime\s*\(|(?<![\w.>:])(std::)?time\s*\(\s*(nullptr|NULL|0|&)",
     r"base/clock\.cc", "take a Clock, so that tests can move it"),
    (r"\b(secure_)?getenv\s*\(|\benviron\b", r"cli/|os/(subprocess|process)", "only cli reads the environment; pass values in"),
    (r"(?<![\w.>:])(std::)?(system|popen)\s*\(", r"$^", "no shell: os runs programs by argument list"),
    (r"(?<![\w.>:])(std::)?s?rand\s*\(|\bstd::(mt19937|random_device)\b", r"crypto/random", "crypto/random.h"),
    (r"\bstd::(cout|cerr|clog)\b|(?<![\w.>:])(std::)?(printf|fprintf|puts|fputs|putchar|perror)\s*\(|\bfmt::print\b",
     r"cli/", "only cli prints; report, log or throw"),
    (r"(?<![\w.>:])(std::)?_?(exit|abort|quick_exit)\s*\(", r"cli/|os/(subprocess|process)", "only cli ends the process"),
    (r"(?<![\w.>:])(std::)?(strcpy|strcat|sprintf|gets|tmpnam|mktemp|strtok)\s*\(", r"$^", "unsafe; use std::string, mkstemp"),
    # restore/pipeline.cc joins the parts of its own module, and nothing else.
    (r"\busing\s+namespace\b", r"restore/pipeline\.cc", "name what you use"),
]
# Whatever is thrown may be swallowed only at an edge where it is stored, reported, or cannot be: one line each.
CATCH_ALL = {
    "concurrency/task_group.cc": "a thread's edge: the exception travels to join()",
    "os/subprocess.cc": "between fork and exec nothing may propagate",
    "cli/main.cc": "the process's edge",
}

# Written in pieces, so that this list does not find itself.
WORDS = [
    (r"/wor" + r"k/(main|shared|steering|\.library|\.mirror)\b", "a path of one machine"),
    (r"/mnt/da" + r"ta", "a path of one machine"),
    (r"\bsub-?ag" + r"ents?\b|\bcla" + r"ude\b|\banth" + r"ropic\b|\bchat" + r"gpt\b", "speak of hikae only"),
    (r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b(?!\s*\(?#\d)", "name the issue: (#123), or do it"),
    (r"^(<{7}|>{7}|={7})( |$)", "a merge conflict"),
]


def tracked():
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in names.split(b"\0") if name]


def code_of(line):
    """The line without string literals and // comment."""
    line = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
    return line.split("//")[0]


def check_calls(path, lines, problems):
    name = path.relative_to(ROOT / "src").as_posix()
    for number, line in enumerate(lines, 1):
        code = code_of(line)
        for pattern, allowed, reason in CALLS:
            found = re.search(pattern, code)
            if found and not re.match(allowed, name):
                problems.append(f"src/{name}:{number}: {found[0].strip()}: {reason}")
        if re.search(r"\bcatch\s*\(\s*\.\.\.\s*\)", code) and name not in CATCH_ALL and not explained(lines, number):
            problems.append(f"src/{name}:{number}: catch (...): catch Error; or say behind it, in a comment of the same "
                            "line, why nothing is lost")


def explained(lines, number):
    """It throws on, or (a destructor, a C callback) says on its line why nothing may leave it."""
    if any(re.search(r"\bthrow;", line) for line in lines[number:number + 8]):
        return True
    return re.search(r"//\s*\S+(\s+\S+){3,}", lines[number - 1]) is not None


def main():
    problems = []
    for path in tracked():
        if not path.is_file() or path.is_symlink():
            continue
        where = path.relative_to(ROOT)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # test data
        for number, line in enumerate(lines, 1):
            for pattern, reason in WORDS:
                if re.search(pattern, line, re.I if "ag" in pattern else 0):
                    problems.append(f"{where}:{number}: {line.strip()[:60]}: {reason}")
        if path.suffix in {".cc", ".h", ".py"}:
            if len(lines) > MAX_LINES:
                problems.append(f"{where}:1: {len(lines)} lines; split it (at most {MAX_LINES})")
            if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2]):
                problems.append(f"{where}:1: the first line is // SPDX-License-Identifier: Apache-2.0")
        if path.suffix in {".cc", ".h"} and where.parts[0] == "src":
            check_calls(path, lines, problems)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
