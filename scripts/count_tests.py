#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""count_tests.py JUNIT…: sums what ctest recorded and prints "N passed, N failed".

A file again.xml beside a JUNIT is what a second try recorded: its results replace those of the same tests.

A test program of GoogleTest and a file of bats count with their cases, any other test as one. A program that failed counts at least one
failure, also when it died before it could name a case. Exit code 1 when something failed or nothing ran.
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def count(testcase):
    """(passed, failed, skipped) of one ctest test."""
    output = testcase.findtext("system-out") or ""
    passed = len(re.findall(r"^\[       OK \] ", output, re.M))
    failed = set(re.findall(r"^\[  FAILED  \] ([^\s,]+\.[^\s,]+)", output, re.M))
    skipped = len(set(re.findall(r"^\[  SKIPPED \] ([^\s,]+\.[^\s,]+)", output, re.M)))
    if re.match(r"1\.\.\d+$", output.split("\n", 1)[0]):  # TAP, as bats writes it
        skipped = len(re.findall(r"^ok \d+ .* # skip", output, re.M))
        passed = len(re.findall(r"^ok \d+ ", output, re.M)) - skipped
        failed = set(re.findall(r"^not ok (\d+) ", output, re.M))
    if testcase.get("status") == "run":
        return max(passed, 0 if skipped else 1), 0, skipped
    if testcase.get("status") in ("notrun", "disabled") and testcase.find("skipped") is not None:
        return 0, 0, 1
    return passed, max(len(failed), 1), skipped


def testcases(report):
    """The tests of one JUNIT, and of the second try beside it."""
    last = {}
    for file in (report, os.path.join(os.path.dirname(report), "again.xml")):
        if file != report and not os.path.exists(file):
            continue
        for testcase in ElementTree.parse(file).getroot().iter("testcase"):
            last[testcase.get("name")] = testcase
    return last.values()


def main(reports):
    totals = [0, 0, 0]
    broken = []
    for report in reports:
        for testcase in testcases(report):
            numbers = count(testcase)
            totals = [a + b for a, b in zip(totals, numbers)]
            if numbers[1]:
                broken.append(testcase.get("name"))
    passed, failed, skipped = totals
    if broken:
        print("failed: " + " ".join(broken))
    if skipped:
        print(f"skipped: {skipped}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
