"""Kills the daemon at each call that changes the disk, and then starts it normally."""
import os
import random
import re
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from harness import Daemon, Home, Org, check, compared, is_verified, of_each_kind, uids, wait_for

EVENTS = 60
# The names by which strace knows the calls that the interposer counts. Opening a file counts only if it creates or truncates the file.
CALLS = "open,openat,creat,write,pwrite64,pwritev,writev,ftruncate,truncate,fdatasync,fsync,sync_file_range,syncfs," \
        "rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,mkdir,mkdirat,rmdir,fallocate,copy_file_range"


def home_for(scratch, name, org):
    # Each page has 20 events and is sealed immediately. So a run has three commits, three seals of several partitions, and a stop.
    return Home(scratch / name, org, page_size=20, segment_max_bytes="1KiB")


def whole_run(home, **options):
    """Runs the daemon until everything is collected, and stops it normally. Returns false if the daemon died before that."""
    daemon = Daemon(home, **options)
    try:
        while daemon.is_running and daemon.integration["state"] != "live":
            time.sleep(0.02)
        if not daemon.is_running:
            return False
        return daemon.stop() == 0
    finally:
        daemon.kill()


def crash(scratch, org, expected, number, torn, again):
    """Lets the daemon die at call `number`. If `again` is not 0, lets the next run die at call `again`. Then runs the daemon to its normal end."""
    home = home_for(scratch, f"crash-{number}-{torn}-{again}", org)
    control = home.control
    outcome = Counter(tried=1)
    control["torn"] = torn
    for limit in filter(None, (number, again)):
        control["kill_at"] = limit
        outcome["died"] += not whole_run(home)
    control["kill_at"] = 0
    finished = whole_run(home)
    lost, doubled, invented = compared(uids(home.segments()), expected)
    complaint = is_verified(home)
    if finished and (lost, doubled, invented, complaint) == (0, 0, 0, ""):
        outcome["recovered"] = 1
        home.remove()
    else:
        outcome.update(lost=lost, doubled=doubled, invented=invented)
        log = (home.root / "log").read_text(errors="replace")[-1500:]
        print(f"# call {number}, torn {torn}, then {again}: finished {finished}, lost {lost}, duplicated {doubled}, "
              f"invented {invented} {complaint}\n{log}")
    return outcome


def check_that_none_is_missed(scratch, org):
    """Checks with strace that the interposer counts every call that changes something in the spool or the state."""
    home = home_for(scratch, "traced", org)
    output, trace = scratch / "strace", scratch / "trace"
    tracer = Daemon(home, trace=trace, wrapper=("strace", "-f", "-y", "-qq", "-o", output, "-e", f"trace={CALLS}"))
    # strace runs as a child of the daemon, so that the process id is that of the daemon.
    report = home.runtime / "status.json"
    wait_for("the traced run", lambda: report.exists() and '"state" : "live"' in report.read_text(), 120)
    os.kill(int((home.state / "spool.lock").read_text()), signal.SIGTERM)
    tracer.process.wait(60)
    below = re.compile(rf"{re.escape(str(home.spool))}|{re.escape(str(home.state))}")
    seen = Counter()
    for line in output.read_text(errors="replace").splitlines():
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if not call or not below.search(call[2]):
            continue
        name = call[1].removesuffix("64").removesuffix("at")
        if name == "open" and not re.search("O_CREAT|O_TRUNC", call[2]):
            continue
        seen["unlink" if name == "unlink" and "AT_REMOVEDIR" not in call[2] else name] += 1
    counted = Counter(line.split()[1] for line in trace.read_text().splitlines())
    check("strace sees no call that the interposer does not count", dict(seen), dict(counted))
    print(f"# {dict(counted)}")
    home.remove()


def run(programs, scratch, full, seed):
    chosen = random.Random(seed)
    org = Org(programs, scratch, events=EVENTS)
    try:
        expected = org.uuids()
        check_that_none_is_missed(scratch, org)
        rehearsal = home_for(scratch, "rehearsal", org)
        check("a run without a crash succeeds", whole_run(rehearsal, trace=scratch / "calls"))
        calls = rehearsal.control["calls"]
        segments = len(rehearsal.segments())
        check("a run without a crash seals every event once", compared(uids(rehearsal.segments()), expected), (0, 0, 0))
        points = range(1, calls + 1) if full else of_each_kind(scratch / "calls", rehearsal, chosen)
        # A plan has three numbers: the call at which the daemon dies; 1 if half of the call's bytes are written first, otherwise 0; and the call at which
        # the next run dies, or 0 if it does not die.
        plans = [(number, 0, 0) for number in points]
        plans += [(number, number % 2, chosen.randint(1, 60)) for number in points]
        if full:
            plans += [(number, 1, 0) for number in points]
            plans += [(number, 1, again) for number in points for again in chosen.sample(range(1, 61), 4)]
        plans = sorted(set(plans))
        print(f"# {calls} calls that change the disk in a run of {EVENTS} events to {segments} segments; {len(points)} of them, "
              f"{'all' if full else 'one of each kind'}, are crash points", flush=True)
        total = Counter()
        began = time.monotonic()
        with ThreadPoolExecutor(6) as pool:
            for outcome in pool.map(lambda plan: crash(scratch, org, expected, *plan), plans):
                total += outcome
        print(f"# crash points: {total['tried']} runs over {len(points)} points, {total['died']} kills, "
              f"{total['recovered']} recovered, {total['lost']} lost, {total['doubled']} duplicated, "
              f"{total['invented']} invented, {time.monotonic() - began:.0f} s", flush=True)
        check("after a crash at any call, every event is in one sealed segment, once", total["recovered"], len(plans))
    finally:
        org.stop()
