# SPDX-License-Identifier: Apache-2.0
"""Runs a program and measures it: wall clock, processor time, memory of all its processes."""
import dataclasses
import os
import pathlib
import subprocess
import tempfile
import threading
import time

SAMPLE_SECONDS = 0.02
TREE_EVERY = 25  # the tree of processes is looked up once in so many samples


@dataclasses.dataclass
class Measurement:
    wall: float = 0.0  # seconds
    cpu: float = 0.0  # user and system, seconds
    anon: int = 0  # bytes: the largest sum of RssAnon over the process and its descendants
    rss: int = 0  # bytes: the largest resident set of one process, by the kernel's high-water mark

    def then(self, other):
        """Of two commands, one after the other."""
        return Measurement(self.wall + other.wall, self.cpu + other.cpu,
                           max(self.anon, other.anon), max(self.rss, other.rss))


def _parent_of(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def _descendants(root):
    parents = {int(p): _parent_of(p) for p in os.listdir("/proc") if p.isdigit()}
    found, grown = {root}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def _memory_of(pid):
    """(RssAnon, VmHWM) in bytes. wait4's ru_maxrss would count the Python that started the program."""
    found = {"RssAnon": 0, "VmHWM": 0}
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                name, _, value = line.partition(":")
                if name in found:
                    found[name] = int(value.split()[0]) * 1024
    except OSError:
        pass
    return found["RssAnon"], found["VmHWM"]


class _Sampler:
    def __init__(self, pid):
        self.pid = pid
        self.anon = 0
        self.rss = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        count, pids = 0, {self.pid}
        while not self.done.is_set():
            if count % TREE_EVERY == 0:
                pids = _descendants(self.pid)
            count += 1
            memory = [_memory_of(pid) for pid in pids]
            self.anon = max(self.anon, sum(anon for anon, _ in memory))
            self.rss = max(self.rss, max(rss for _, rss in memory))
            self.done.wait(SAMPLE_SECONDS)

    def stop(self):
        self.done.set()
        self.thread.join()


class Failed(Exception):
    """A measured program ended with an error."""


def run(command, environment, folder, accepted=(0,)):
    """One command: a Measurement and what it printed. Raises Failed."""
    with tempfile.TemporaryFile() as output:
        begun = time.monotonic()
        process = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT)
        sampler = _Sampler(process.pid)
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - begun
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            sampler.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read().decode("utf-8", "replace")
    if process.returncode not in accepted:
        raise Failed(f"{' '.join(map(str, command))} ends with {process.returncode}:\n{printed[-2000:]}")
    return Measurement(wall, usage.ru_utime + usage.ru_stime, sampler.anon, sampler.rss), printed


def run_all(commands, environment, folder):
    total = Measurement()
    for command in commands:
        total = total.then(run(command, environment, folder)[0])
    return total
