"""Processes and what they cost."""
import os
import subprocess
import sys
import time


class Cost:
    """Wall and CPU seconds, and peak resident MiB."""

    def __init__(self, wall, cpu, peak):
        self.wall, self.cpu, self.peak = wall, cpu, peak


def once(command, stdin=None, stdout=subprocess.DEVNULL):
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=source, stdout=stdout, stderr=subprocess.PIPE)
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if status:
        sys.exit("%s failed: %s" % (" ".join(command), complaint.decode()))
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(command, rounds, **options):
    """The round that took the least CPU time: what else the machine does only adds to it."""
    return min((once(command, **options) for _ in range(rounds)), key=lambda cost: cost.cpu)
