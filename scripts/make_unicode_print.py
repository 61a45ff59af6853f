#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/format/unicode_print_ranges.inc from the Unicode Character Database.

usage: make_unicode_print.py UnicodeData.txt > src/format/unicode_print_ranges.inc

Printable is what Go's strconv.IsPrint calls so: letters, marks, numbers, punctuation, symbols and the
ASCII space. The version of UnicodeData.txt decides the names of tree blobs; it must be the one of the
Go release that current restic is built with (Unicode 15.0.0; Debian 12 has it in unicode-data).
"""
import sys

LAST = 0x10FFFF


def printable_code_points(lines):
    printable = bytearray(LAST + 1)
    range_start = None
    for line in lines:
        fields = line.split(";")
        code, name, category = int(fields[0], 16), fields[1], fields[2]
        if name.endswith(", First>"):
            range_start = code
            continue
        first = code if range_start is None else range_start
        range_start = None
        if category[0] in "LMNPS" or code == 0x20:
            for c in range(first, code + 1):
                printable[c] = 1
    return printable


def ranges(printable):
    start = None
    for code in range(0x80, LAST + 2):
        inside = code <= LAST and printable[code]
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            yield start, code - 1
            start = None


def main():
    with open(sys.argv[1], encoding="ascii") as data:
        pairs = [f"{{0x{a:x}, 0x{b:x}}}," for a, b in ranges(printable_code_points(data))]
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Made by scripts/make_unicode_print.py from Unicode 15.0.0; not edited by hand.")
    print(f"// {len(pairs)} ranges of printable code points from U+0080 on, first and last.")
    line = ""
    for pair in pairs:
        if len(line) + 1 + len(pair) > 100:
            print(line)
            line = ""
        line += (" " if line else "") + pair
    print(line)


if __name__ == "__main__":
    main()
