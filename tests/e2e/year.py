#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A year of daily 02:00 in Berlin: the real program under a clock that is moved from slot to slot.

year.py HIKAE FAKETIME_LIBRARY DAYS. One `hikae serve` lives through it, with restarts, kills, days without power,
destinations that are away, and 20 separate `hikae run --due` that fire at the same moment. What it must end with is
computed here, independently: the message of each day and the generations of each destination.
Runs in a folder that make_machine (due.bash) has prepared; away/ tells whether destinations can be mounted.
"""
import collections
import datetime as dt
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
import zoneinfo

HIKAE, LIBRARY, DAYS = sys.argv[1], sys.argv[2], int(sys.argv[3])
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
UTC = dt.timezone.utc
CLOCK = os.path.abspath("clock")
CAN_MOUNT = os.path.isdir("disk")
DICE = random.Random(20260301)
now = dt.datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
messages = collections.Counter()
expected = collections.Counter()
reports = queue.Queue()


def set_clock(when):
    global now
    now = when
    offset = when - dt.datetime.now(UTC)
    with open(CLOCK + ".new", "w", encoding="ascii") as file:
        file.write(f"{offset.total_seconds():+.3f}")
    os.replace(CLOCK + ".new", CLOCK)


def environment():
    return dict(os.environ, TZ="UTC", LD_PRELOAD=LIBRARY, FAKETIME_TIMESTAMP_FILE=CLOCK, FAKETIME_NO_CACHE="1",
                FAKETIME_DONT_FAKE_MONOTONIC="1")


def take(line):
    report = json.loads(line)
    for event in report["events"]:
        messages[event["kind"], event["job"]] += 1
    reports.put(report)


def read_lines(stream):
    for line in stream:
        take(line)


class Server:
    def __init__(self):
        self.start()

    def start(self):
        self.process = subprocess.Popen([HIKAE, "--json", "serve", "--every", "0.05"], env=environment(),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # It waits from now on.
        assert "Waiting" in self.process.stderr.readline()
        self.reader = threading.Thread(target=read_lines, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def stop(self, number):
        self.process.send_signal(number)
        self.process.wait()
        self.reader.join()


def slot_of(day):
    """02:00 in Berlin on that day; where the clocks skip it, the first valid moment."""
    local = dt.datetime.combine(day, dt.time(2), BERLIN)
    there_and_back = local.astimezone(UTC).astimezone(BERLIN)
    return there_and_back.astimezone(UTC) if there_and_back.time() != dt.time(2) else local.astimezone(UTC)


def settled_jobs(jobs):
    """Waits until each of these jobs has been reported, from whatever process."""
    waiting = collections.Counter(jobs)
    seen = []
    end = time.monotonic() + 60
    while +waiting:
        report = reports.get(timeout=max(0.1, end - time.monotonic()))
        for job in report["jobs"]:
            seen.append(job)
            waiting[job["job"]] -= 1
    return seen


def keep(days):
    """daily 3 and weekly 4, additive: the 3 newest days, then the newest of each of the 4 latest weeks not covered."""
    newest_first = sorted(days, reverse=True)
    kept = newest_first[:3]
    weeks = {day.isocalendar()[:2] for day in kept}
    for day in newest_first[3:]:
        if len(kept) == 7:
            break
        if day.isocalendar()[:2] not in weeks:
            weeks.add(day.isocalendar()[:2])
            kept.append(day)
    return sorted(kept)


def mount(place):
    subprocess.run(["mount", "--bind", "disk/" + place, place], check=True)


def unmount(place):
    subprocess.run(["umount", "-l", place], check=True)


def main():
    set_clock(now)
    server = Server()
    generations = []
    trouble = False
    doubles = 0
    day = dt.date(2026, 3, 2)
    last_day = day + dt.timedelta(DAYS)
    quiet_end = last_day - dt.timedelta(40)
    fates = ["kill"] * 12 + ["restart"] * 12 + ["off"] * 5 + ["double"] * 10
    if CAN_MOUNT:
        fates += ["away_once"] * 6 + ["away"] * 5 + ["both_away"] * 3
    chosen = {}
    candidates = [day + dt.timedelta(n) for n in range(5, (quiet_end - day).days, 5)]
    DICE.shuffle(candidates)
    for fate in fates:
        if candidates:
            chosen[candidates.pop()] = fate
    while day < last_day:
        fate = chosen.get(day, "plain")
        if fate == "off":
            server.stop(signal.SIGTERM)
            before = day
            day += dt.timedelta(3)
            sunday = any((before + dt.timedelta(n)).isoweekday() == 7 for n in range(3))
        moment = slot_of(day) + dt.timedelta(seconds=30)
        jobs = ["backup"]
        if fate in ("away_once", "away", "both_away"):
            unmount("usb")
        if fate == "both_away":
            unmount("nas")
        set_clock(moment)
        if fate == "off":
            jobs += ["check", "prune"] if sunday else []
            if sunday:
                expected["success", "check"] += 1
            server.start()
        elif fate == "kill":
            time.sleep(DICE.random() * 0.4)
            server.stop(signal.SIGKILL)
            server.start()
        elif fate == "restart":
            server.stop(signal.SIGTERM)
            server.start()
        elif fate == "double":
            doubles += 2
            ticks = [subprocess.Popen([HIKAE, "--json", "run", "--due"], env=environment(), stdout=subprocess.PIPE,
                                      text=True) for _ in range(2)]
            for tick in ticks:
                out, _ = tick.communicate()
                assert tick.returncode == 0, out
                take(out)
        if fate in ("kill", "restart") and not reports.empty():
            pass  # it may have been faster than the signal
        settled_jobs(jobs)
        good = True
        if fate in ("away_once", "away", "both_away"):
            expected["try_failed", "backup"] += 1
            set_clock(moment + dt.timedelta(minutes=11))
            if fate == "away_once":
                mount("usb")
            settled_jobs(["backup"])
            if fate != "away_once":
                expected["try_failed", "backup"] += 1
                set_clock(moment + dt.timedelta(minutes=33))
                settled_jobs(["backup"])
                expected["partial" if fate == "away" else "failure", "backup"] += 1
                good = False
            if fate == "both_away":
                mount("nas")
                # Nobody answers for four hours.
                set_clock(moment + dt.timedelta(hours=5))
                reports.get(timeout=60)
                expected["unacknowledged", "backup"] += 1
            if fate != "away_once":
                mount("usb")
        if good:
            expected["recovered" if trouble else "success", "backup"] += 1
        trouble = not good
        if fate != "both_away":
            generations = keep(generations + [day]) if good else generations + [day]
        if day.isoweekday() == 7:
            check = dt.datetime.combine(day, dt.time(4, 0, 30), BERLIN).astimezone(UTC)
            if check > now:
                set_clock(check)
                settled_jobs(["check", "prune"])
                expected["success", "check"] += 1
        day += dt.timedelta(1)
    server.stop(signal.SIGTERM)
    print(f"{DAYS} days, {doubles} separate processes, until {now}")
    print("messages:", dict(messages))
    if messages != expected:
        print("expected:", dict(expected))
        return 1
    failures = 0
    for place in ("nas", "usb"):
        snapshots = json.loads(subprocess.run(["restic", "-r", place, "--no-lock", "snapshots", "--json"], check=True,
                                              stdout=subprocess.PIPE).stdout)
        days = sorted(dt.datetime.fromisoformat(s["time"][:19] + "+00:00").astimezone(BERLIN).date() for s in snapshots)
        if days != generations:
            failures += 1
            print(f"{place} holds {[str(d) for d in days]} instead of {[str(d) for d in generations]}")
        subprocess.run(["restic", "-r", place, "--no-lock", "check", "-q"], check=True)
    print("generations:", [str(d) for d in generations])
    return min(failures, 1)


sys.exit(main())
