# SPDX-License-Identifier: Apache-2.0
"""What bench/compare prints: an aligned table, Markdown, JSON."""
import os
import pathlib
import platform
import statistics
import subprocess

OURS = "hikae"
MEASURES = (("wall", "s"), ("cpu", "s"), ("anon", "MiB"), ("rss", "MiB"))
LABELS = {"wall": "wall, s", "cpu": "CPU, s", "anon": "RssAnon, MiB", "rss": "max RSS, MiB"}
MIB = 1024 * 1024


def machine(work, with_tools):
    cpu = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(work)], check=True, capture_output=True,
                          text=True).stdout.strip()
    return {"cpu": cpu, "processors": len(os.sched_getaffinity(0)), "memory": memory,
            "kernel": platform.release(), "file_system": kind,
            "tools": {tool.name: {"version": tool.version(), "settings": tool.about} for tool in with_tools}}


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "values": values}


def summary(measurements):
    """Of one tool in one row: {measure: median, min, max}."""
    return {key: spread([getattr(one, key) for one in measurements]) for key, _ in MEASURES}


def _shown(measure, numbers):
    if measure in ("anon", "rss"):
        return f"{numbers['median'] / MIB:.0f}"
    digits = 2 if numbers["median"] < 20 else 1
    text = f"{numbers['median']:.{digits}f}"
    if measure == "wall" and len(numbers["values"]) > 1:
        text += f" ({numbers['min']:.{digits}f}–{numbers['max']:.{digits}f})"
    return text


def _ratio(theirs, ours):
    return f"{theirs / ours:.2f}" if ours else "-"


def rows(result):
    """[row, measure, one cell per tool, one ratio per other tool]."""
    tools = list(result["machine"]["tools"])
    others = [tool for tool in tools if tool != OURS]
    lines = []
    for name, row in result["rows"].items():
        for measure, _ in MEASURES:
            cells = [_shown(measure, row[tool][measure]) for tool in tools]
            ratios = [_ratio(row[tool][measure]["median"], row[OURS][measure]["median"]) if OURS in row else "-"
                      for tool in others]
            lines.append([name if measure == "wall" else "", LABELS[measure], *cells, *ratios])
    for name, sizes in result["sizes"].items():
        cells = [f"{sizes[tool]['median'] / MIB:.1f}" for tool in tools]
        ratios = [_ratio(sizes[tool]["median"], sizes[OURS]["median"]) if OURS in sizes else "-" for tool in others]
        lines.append([name, "repository, MiB", *cells, *ratios])
    return ["", "", *tools, *[f"{tool}/{OURS}" for tool in others]], lines


def _floor_lines(result):
    lines = []
    for name, floor in result["floors"].items():
        ours = result["rows"].get(floor["row"], {}).get(OURS)
        least = floor["seconds"]["median"]
        times = f"; {OURS} takes {ours['wall']['median'] / least:.2f} times as long ({floor['row']})" if ours else ""
        lines.append(f"{name}: {least:.2f} s{times}")
    return lines


def _two_lines(result):
    one, two = (result["rows"].get(key) for key in ("one destination", "two destinations"))
    if not one or not two:
        return []
    parts = [f"{tool} {two[tool]['wall']['median'] / one[tool]['wall']['median']:.2f}" for tool in two]
    return ["Two destinations take so many times as long as one: " + ", ".join(parts)]


def _lost_lines(result):
    lost = []
    for name, row in result["rows"].items():
        for tool in row:
            if OURS in row and tool != OURS and row[tool]["wall"]["median"] < row[OURS]["wall"]["median"]:
                lost.append(f"{name} (against {tool})")
    if OURS not in result["machine"]["tools"]:
        return []
    return [f"{OURS} is slower in: " + (", ".join(lost) if lost else "no row")]


def _method_lines(result):
    machine_facts, data = result["machine"], result["data"]
    lines = [f"{machine_facts['cpu']}, {machine_facts['processors']} processors, "
             f"{machine_facts['memory'] / MIB / 1024:.0f} GiB, Linux {machine_facts['kernel']}, "
             f"{machine_facts['file_system']}",
             f"{data['files']} files, {data['folders']} folders, {data['bytes'] / MIB:.0f} MiB; "
             f"{result['repeat']} repetitions, interleaved, page cache {'cold' if result['cold'] else 'warm'}; "
             "median (least–greatest)"]
    for tool, about in machine_facts["tools"].items():
        lines.append(f"{tool}: {about['version']}; {about['settings']}")
    return lines


def notes(result):
    return _floor_lines(result) + _two_lines(result) + _lost_lines(result)


def as_text(result):
    heading, lines = rows(result)
    widths = [max(len(line[i]) for line in [heading, *lines]) for i in range(len(heading))]
    out = _method_lines(result) + [""]
    for line in [heading, *lines]:
        cells = [cell.ljust(width) if i < 2 else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out + [""] + notes(result)) + "\n"


def as_markdown(result):
    heading, lines = rows(result)
    out = [f"- {line}" for line in _method_lines(result)] + [""]
    out.append("| " + " | ".join(heading) + " |")
    out.append("|" + "|".join(["---"] * 2 + ["---:"] * (len(heading) - 2)) + "|")
    out += ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(out + [""] + [f"- {line}" for line in notes(result)]) + "\n"
