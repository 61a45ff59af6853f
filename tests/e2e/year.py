#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A year of daily 02:00 in Berlin: the real program under a clock that is moved from slot to slot.

year.py HIKAE FAKETIME_LIBRARY DAYS. One `hikae serve` lives through it, with reboots, kills, days without power,
destinations that are away, and 20 separate `hikae run --due` that fire at the same moment. What it must end with is
computed here, independently: every mail that was sent, and what each destination holds.
Runs in a folder that make_machine (due.bash) has prepared, with a policy that mails through ./sendmail, which puts each
mail into mails/; disk/ tells whether destinations can be mounted.
"""
import collections
import datetime as dt
import email
import glob
import json
import os
import queue
import random
import resource
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
FIRST = dt.date(2026, 3, 2)
# The last weeks are quiet, so that what is left at the end is the same everywhere.
QUIET = 40
PATIENCE = 120
DICE = random.Random(20260301)
now = dt.datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
expected = collections.Counter()  # mails by (event, verdict, job)
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


def read_reports(stream):
    for line in stream:
        reports.put(json.loads(line))


class Server:
    def __init__(self):
        self.start()

    def start(self):
        self.process = subprocess.Popen([HIKAE, "--json", "serve", "--every", "0.05"], env=environment(),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # It waits from now on.
        line = self.process.stderr.readline()
        assert "Waiting" in line, line
        self.reader = threading.Thread(target=read_reports, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        # What it complains of belongs to the test's output.
        threading.Thread(target=lambda stream: [sys.stderr.write(line) for line in stream],
                         args=(self.process.stderr,), daemon=True).start()

    def stop(self, number):
        self.process.send_signal(number)
        self.process.wait()
        # What faketime makes for a process, and cannot remove when that is killed.
        for left in glob.glob(f"/dev/shm/*faketime_*_{self.process.pid}"):
            os.unlink(left)
        self.reader.join()


def slot_of(day):
    """02:00 in Berlin on that day; where the clocks skip it, the first valid moment."""
    return dt.datetime.combine(day, dt.time(2), BERLIN).astimezone(UTC)


def is_done(job, slot):
    """What the program itself says: of a killed one nobody else can."""
    out = subprocess.run([HIKAE, "--json", "schedule", "show"], env=environment(), check=True,
                         stdout=subprocess.PIPE).stdout
    for group in json.loads(out)["jobs"]:
        if group["job"] == job and "last" in group:
            return dt.datetime.fromisoformat(group["last"]) == slot and group["last_state"] == "done"
    return False


def what_it_does(pid):
    """What a reader of the failed test asks first: what the ledger says, and where each thread waits."""
    shown = subprocess.run([HIKAE, "schedule", "show"], env=environment(), check=False, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True).stdout
    lines = [f"clock {now}, reports left: {list(reports.queue)}", shown]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            facts = []
            for name in ("comm", "wchan", "syscall"):
                with open(f"/proc/{pid}/task/{task}/{name}", encoding="ascii", errors="replace") as file:
                    facts.append(file.read().strip())
            lines.append(f"thread {task}: {' '.join(facts)}")
    except OSError as error:
        lines.append(f"process {pid}: {error}")
    return "\n".join(lines)


def await_jobs(jobs, slot, server, may_be_silent=False):
    """Waits until a try of each of these jobs has been reported, by whatever process; for the backup, one at this slot.
    Who was killed may have had no time to say that it is done."""
    waiting = set(jobs)
    end = time.monotonic() + PATIENCE
    while waiting:
        assert time.monotonic() < end, f"nobody has tried {waiting}\n{what_it_does(server.process.pid)}"
        try:
            for job in reports.get(timeout=0.5)["jobs"]:
                if job["job"] != "backup" or dt.datetime.fromisoformat(job["scheduled"]) == slot:
                    waiting.discard(job["job"])
        except queue.Empty:
            if may_be_silent and is_done("backup", slot):
                waiting.discard("backup")


def await_event(kind):
    end = time.monotonic() + PATIENCE
    while True:
        if any(event["kind"] == kind for event in reports.get(timeout=max(0.1, end - time.monotonic()))["events"]):
            return


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


def choose_fates():
    """Which day meets with what. Five days apart: each is over before the next."""
    fates = ["kill"] * 12 + ["reboot"] * 12 + ["off"] * 5 + ["double"] * 10
    if CAN_MOUNT:
        fates += ["away_once"] * 6 + ["away"] * 5 + ["both_away"] * 3
    days = [FIRST + dt.timedelta(n) for n in range(5, DAYS - QUIET, 5)]
    # A short year has some of each.
    DICE.shuffle(fates)
    DICE.shuffle(days)
    return dict(zip(days, fates))


class Year:
    def __init__(self):
        self.server = Server()
        self.generations = []
        self.is_in_trouble = False
        self.separate = 0

    def make_try(self, fate, slot, moment, jobs):
        """The first try of a day's slot, with what happens meanwhile."""
        set_clock(moment)
        if fate == "off":
            self.server.start()
        elif fate in ("kill", "reboot"):
            time.sleep(DICE.random() * 0.5)
            self.server.stop(signal.SIGKILL if fate == "kill" else signal.SIGTERM)
            self.server.start()
        elif fate == "double":
            self.separate += 2
            ticks = [subprocess.Popen([HIKAE, "--json", "run", "--due"], env=environment(), stdout=subprocess.PIPE,
                                      text=True) for _ in range(2)]
            for tick in ticks:
                out, _ = tick.communicate()
                assert tick.returncode == 0, out
                reports.put(json.loads(out))
        await_jobs(jobs, slot, self.server, fate in ("kill", "reboot"))

    def outage(self, fate, slot, moment):
        """usb, or both, are away at the first try, and longer. Whether the slot ended well."""
        set_clock(moment + dt.timedelta(minutes=11))
        if fate == "away_once":
            mount("usb")
        await_jobs(["backup"], slot, self.server)
        if fate == "away_once":
            return True
        set_clock(moment + dt.timedelta(minutes=33))
        await_jobs(["backup"], slot, self.server)
        expected["finished", "partial" if fate == "away" else "failed", "backup"] += 1
        if fate == "both_away":
            mount("nas")
            # Nobody answers for four hours.
            set_clock(moment + dt.timedelta(hours=5))
            await_event("unacknowledged")
            expected["unacknowledged", "failed", "backup"] += 1
        mount("usb")
        return False

    def live(self, day, fate):
        """From one slot to after the check of that day. Returns the day itself, or a later one where there was no power."""
        jobs = ["backup"]
        if fate == "off":
            self.server.stop(signal.SIGTERM)
            missed = [day + dt.timedelta(n) for n in range(3)]
            day += dt.timedelta(3)
            if any(one.isoweekday() == 7 for one in missed):
                jobs += ["check", "prune"]
                expected["finished", "ok", "check"] += 1
        with open("source/day", "w", encoding="ascii") as file:
            file.write(str(day))
        slot = slot_of(day)
        moment = slot + dt.timedelta(seconds=30)
        is_away = fate in ("away_once", "away", "both_away")
        if is_away:
            unmount("usb")
        if fate == "both_away":
            unmount("nas")
        self.make_try(fate, slot, moment, jobs)
        is_good = not is_away or self.outage(fate, slot, moment)
        if is_good:
            expected["recovered" if self.is_in_trouble else "finished", "ok", "backup"] += 1
            self.generations = keep(self.generations + [day])
        elif fate == "away":
            self.generations.append(day)
        self.is_in_trouble = not is_good
        self.end_day(day)
        return day

    def end_day(self, day):
        """02:00 may come twice, and on Sundays the check is due."""
        again = dt.datetime.combine(day, dt.time(2, 0, 30), BERLIN).replace(fold=1).astimezone(UTC)
        if slot_of(day) + dt.timedelta(minutes=30) < again and again > now:
            set_clock(again)
            time.sleep(0.3)
        check = dt.datetime.combine(day, dt.time(4, 0, 30), BERLIN).astimezone(UTC)
        if day.isoweekday() == 7 and check > now:
            set_clock(check)
            await_jobs(["check", "prune"], None, self.server)
            expected["finished", "ok", "check"] += 1


def read_mails():
    """By Message-ID: who was killed before it knew that a mail was on its way sends the same one again."""
    mails = {}
    for name in (name for name in os.listdir("mails") if not name.startswith(".")):
        with open("mails/" + name, encoding="utf-8") as file:
            content = file.read()
        mail = email.message_from_string(content)
        # What a killed program left unfinished is not the mail.
        if content.rstrip().endswith("--" + (mail.get_boundary() or "no boundary") + "--"):
            mails[mail["Message-ID"]] = mail
    return collections.Counter(
        (mail["X-Hikae-Event"], mail["X-Hikae-Verdict"], mail["X-Hikae-Job"]) for mail in mails.values())


def restic(place, *arguments):
    return subprocess.run(["restic", "-r", place, "--no-lock", *arguments], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def is_as_expected(place, generations):
    snapshots = json.loads(restic(place, "snapshots", "--json"))
    days = {}
    for snapshot in snapshots:
        time_of = dt.datetime.fromisoformat(snapshot["time"][:19] + "+00:00")
        days[time_of.astimezone(BERLIN).date()] = snapshot["id"]
    if len(snapshots) != len(days) or sorted(days) != generations:
        print(f"{place} holds {[str(d) for d in sorted(days)]} ({len(snapshots)}) instead of "
              f"{[str(d) for d in generations]}")
        return False
    restic(place, "check", "-q", "--read-data")
    for day in (generations[0], generations[-1]):
        content = restic(place, "dump", days[day], os.path.abspath("source/day"))
        if content != str(day):
            print(f"{place} holds {content} in the generation of {day}")
            return False
    return True


def main():
    begin = time.monotonic()
    set_clock(now)
    year = Year()
    fates = choose_fates()
    day = FIRST
    while day < FIRST + dt.timedelta(DAYS):
        day = year.live(day, fates.get(day, "plain")) + dt.timedelta(1)
    # Whatever still waits is on its way now.
    set_clock(now + dt.timedelta(hours=2))
    time.sleep(0.5)
    year.server.stop(signal.SIGTERM)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{DAYS} days until {now}: {time.monotonic() - begin:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processor "
          f"time, {year.separate} separate processes, {dict(collections.Counter(fates.values()))}")
    mails = read_mails()
    print("mails:", dict(mails))
    is_good = mails == expected
    if not is_good:
        print("expected:", dict(expected))
    waiting = subprocess.run([HIKAE, "notify", "outbox"], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(waiting, end="")
    print("generations:", [str(d) for d in year.generations])
    return 0 if all([is_as_expected(place, year.generations) for place in ("nas", "usb")]) and is_good else 1


sys.exit(main())
