"""Runs processes, and measures their time and memory."""
import os
import subprocess
import sys
import threading
import time


class Cost:
    """The cost of a process: wall and CPU seconds, and the peak of its resident memory in MiB."""

    def __init__(self, wall, cpu, peak):
        self.wall, self.cpu, self.peak = wall, cpu, peak


class Peak(threading.Thread):
    """Measures the peak of a process's resident memory in MiB until the process ends. `ru_maxrss` can't be used: it includes the memory of the
    process that started this one."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak = pid, 0.0
        self.start()

    def run(self):
        try:
            while True:
                with open("/proc/%d/status" % self.pid) as file:
                    lines = dict(line.split(":", 1) for line in file)
                if "VmHWM" not in lines:
                    return
                self.peak = float(lines["VmHWM"].split()[0]) / 1024
                time.sleep(0.01)
        except (FileNotFoundError, ProcessLookupError):
            return

    def result(self):
        self.join(1)
        return self.peak


def once(command, stdin=None, stdout=subprocess.DEVNULL):
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=source, stdout=stdout, stderr=subprocess.PIPE)
    peak = Peak(process.pid)
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    if status:
        sys.exit("%s failed: %s" % (" ".join(command), complaint.decode()))
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak.result())


def best(command, rounds, **options):
    """Runs the command several times. Returns the cost of the run with the least CPU time, because other work on the machine makes runs slower."""
    return min((once(command, **options) for _ in range(rounds)), key=lambda cost: cost.cpu)
