"""Lets system calls on the spool fail. During the fault, the daemon must keep running, report the error, and send no request to Okta. Afterwards it
must continue automatically."""
import errno
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import (ANY, LINK, MKDIR, OPEN, RENAME, RMDIR, SYNC, SYNC_DIRECTORY, TRUNCATE, UNLINK, WRITE, Daemon, Home, Org,
                     TooLate, check, check_exactly_once, compared, is_verified, limit_files, mount, of_each_kind,
                     processor_seconds, uids, unmount)

EVENTS = 600
EVERYTHING_THAT_CHANGES = WRITE | TRUNCATE | OPEN | RENAME | LINK | UNLINK | MKDIR | RMDIR

# A name, the calls that fail, their error, and the text that an operator must find.
LASTING = [
    ("a full disk at a write", WRITE, errno.ENOSPC, "free space there"),
    ("a quota at a write", WRITE, errno.EDQUOT, "free space there"),
    ("a disk error at a write", WRITE, errno.EIO, "the disk reports an error"),
    ("a disk error at fdatasync", SYNC, errno.EIO, "the disk reports an error"),
    ("a full disk at fdatasync", SYNC, errno.ENOSPC, "free space there"),
    ("a disk error at fsync of a directory", SYNC_DIRECTORY, errno.EIO, "the disk reports an error"),
    ("a disk error at fdatasync and at the ftruncate that follows", SYNC | TRUNCATE, errno.EIO, "the disk reports an error"),
    ("a disk error at rename", RENAME, errno.EIO, "the disk reports an error"),
    ("a full disk at rename", RENAME, errno.ENOSPC, "free space there"),
    ("a disk error at link", LINK, errno.EIO, "the disk reports an error"),
    ("a full disk at link", LINK, errno.ENOSPC, "free space there"),
    ("a disk error at unlink", UNLINK, errno.EIO, "the disk reports an error"),
    ("a full disk at mkdir", MKDIR, errno.ENOSPC, "free space there"),
    ("too many open files", OPEN, errno.EMFILE, "LimitNOFILE"),
    ("too many open files on the machine", OPEN, errno.ENFILE, "LimitNOFILE"),
    ("a file system that the kernel has made read-only", EVERYTHING_THAT_CHANGES, errno.EROFS, "read-only"),
]


def goes_on(what, home, daemon, org, advice, is_trying, mend):
    """Checks what an on-call person relies on, from the beginning of the fault until everything is collected."""
    problem = daemon.wait_for(f"{what} in the status", lambda: daemon.integration.get("problem"))
    check(f"{what}: the status says what is wrong and what to do", advice in problem["message"] + problem["remedy"])
    check(f"{what}: the integration's state is paused or failing", daemon.integration["state"] in ("paused", "failing"))
    daemon.wait_for(f"{what} in the journal, with what to do", lambda: advice in daemon.log)
    asked = org.requests()
    used, began = processor_seconds(daemon.process.pid), time.monotonic()
    is_trying(daemon)
    share = (processor_seconds(daemon.process.pid) - used) / (time.monotonic() - began)
    check(f"{what}: Okta is not queried during the fault", org.requests() - asked, 0)
    check(f"{what}: the daemon uses little processor time during the fault", share < 0.5)
    mend()
    daemon.wait_until_collected()
    check(f"{what}: the daemon continues automatically, in the same process", daemon.is_running)
    check(f"{what}: the daemon stops normally", daemon.stop(), 0)
    check_exactly_once(what, home, org.uuids())


# The write and synchronization faults of LASTING, for a run without seals, in which these faults affect commits.
AT_COMMIT = [(f"{what}, at a commit", *rest) for what, *rest in LASTING if rest[0] in (WRITE, SYNC, SYNC | TRUNCATE)]


def lasting(programs, scratch, case, start):
    """Lets all calls of a kind fail from call number `start` on, until the fault is removed."""
    what, calls, code, advice = case
    scratch = scratch / what.replace(",", "").replace(" ", "-")
    scratch.mkdir()
    org = Org(programs, scratch, events=EVENTS)
    home = Home(scratch / "home", org, segment_max_bytes="16KiB") if case in LASTING else \
        Home(scratch / "home", org, segment_max_bytes="64MiB", segment_max_age="1h")
    home.control.fail(calls, code, start=start)
    daemon = Daemon(home)
    def is_trying(daemon):
        tries = home.control["failed"]
        daemon.wait_for("three more attempts", lambda: home.control["failed"] >= tries + 3)
    try:
        goes_on(what, home, daemon, org, advice, is_trying, home.control.mend)
    except TooLate as error:
        check(f"the daemon recovers from {what}", str(error), "no error")
    finally:
        daemon.kill()
        org.stop()


def once(scratch, org, expected, number, code):
    """Lets call `number` fail with the error `code`. With ENOSPC, the next two calls fail, too."""
    home = Home(scratch / f"error-{number}-{code}", org, page_size=20, segment_max_bytes="1KiB")
    home.control.fail(ANY, code, start=number, allowed=3 if code == errno.ENOSPC else 1)
    outcome = Counter(tried=1)
    daemon = Daemon(home)
    why = "the run ended without an error"
    try:
        # If the error prevents the start, the process tries again itself.
        daemon.wait_until_collected()
        stopped = daemon.stop()
        result = (stopped, *compared(uids(home.segments()), expected), is_verified(home))
        if result == (0, 0, 0, 0, "") and home.control["failed"] > 0:
            outcome["recovered"] = 1
            home.remove()
        else:
            outcome.update(lost=result[1], doubled=result[2])
            why = f"{result}, {home.control['failed']} failed\n{daemon.log[-1500:]}"
    except TooLate as error:
        why = str(error)
    finally:
        daemon.kill()
    if not outcome["recovered"]:
        print(f"# error {code} from call {number} on: {why}", flush=True)
    return outcome


def every_call(programs, scratch, full, chosen):
    """Counts the calls of a run, including its start. Then runs the daemon once for each of them, and lets that call fail temporarily."""
    org = Org(programs, scratch, events=60)
    try:
        rehearsal = Home(scratch / "rehearsal", org, page_size=20, segment_max_bytes="1KiB")
        daemon = Daemon(rehearsal, trace=scratch / "calls")
        daemon.wait_until_collected()
        check("a run without an error succeeds", daemon.stop(), 0)
        calls = rehearsal.control["calls"]
        points = range(1, calls + 1) if full else of_each_kind(scratch / "calls", rehearsal, chosen)
        plans = [(number, code) for number in points for code in (errno.EIO, errno.ENOSPC)]
        expected = org.uuids()
        total = Counter()
        with ThreadPoolExecutor(8) as pool:
            for outcome in pool.map(lambda plan: once(scratch, org, expected, *plan), plans):
                total += outcome
        print(f"# temporary errors: {total['tried']} runs, at {len(points)} of {calls} calls, {total['recovered']} recovered, "
              f"{total['lost']} lost, {total['doubled']} duplicated", flush=True)
        check("after an error at any call, every event is in one sealed segment, once", total["recovered"], len(plans))
    finally:
        org.stop()


def lowest_free(pid):
    """The number of the next descriptor that the process will open."""
    taken = {int(name.name) for name in Path(f"/proc/{pid}/fd").iterdir()}
    return min(set(range(len(taken) + 1)) - taken)


def few_descriptors(programs, scratch):
    """Lowers RLIMIT_NOFILE of the running daemon, so that the spool can open no more files. The few descriptors that the spool reserves for Swift's
    runtime stay available."""
    what = "no descriptor left"
    org = Org(programs, scratch, "--faults", "slow-body:bytesPerSecond=200000", events=3000)
    home = Home(scratch / "home", org, segment_max_bytes="16KiB")
    daemon = Daemon(home)
    pid = daemon.process.pid
    try:
        daemon.wait_for("collection", lambda: daemon.integration["events"] > 0)
        limit_files(pid, min(lowest_free(pid) for _ in range(50)) + 16)
        def is_trying(daemon):
            # The test can't count these attempts, so it waits as long as three attempts take.
            seen = time.monotonic()
            daemon.wait_for("some tries", lambda: time.monotonic() > seen + 8)
        goes_on(what, home, daemon, org, "LimitNOFILE", is_trying, lambda: limit_files(pid, 1024))
    except TooLate as error:
        check(f"the daemon recovers from {what}", str(error), "no error")
    finally:
        daemon.kill()
        org.stop()


def read_only(programs, scratch, which):
    """Mounts a read-only file system over the directory.

    The kernel refuses to remount a file system as read-only while files are open for writing. LASTING contains the case in which writes to open
    files fail, too."""
    what = f"a read-only mount over the {which}"
    scratch = scratch / which
    scratch.mkdir()
    org = Org(programs, scratch, "--rate", "20", events=600)
    home = Home(scratch / "home", org, segment_max_bytes="16KiB")
    daemon = Daemon(home)
    path = getattr(home, which)
    try:
        daemon.wait_for("collection", lambda: daemon.integration["events"] > 0)
        # The mount is made read-only before it is moved over the directory. After the move, the daemon may have opened a file for writing, and the
        # kernel would refuse to make the mount read-only.
        other = scratch / "read-only"
        other.mkdir()
        mount("--bind", path, other)
        mount("-o", "remount,bind,ro", other)
        mount("--move", other, path)
        problem = daemon.wait_for(f"{what} in the status", lambda: daemon.integration.get("problem"))
        check(f"{what}: the status names the fault", "read-only" in problem["message"])
        events = daemon.integration["events"]
        unmount(path)
        daemon.wait_for("new events", lambda: daemon.integration["events"] > events and daemon.integration["state"] == "live")
        check(f"{what}: the daemon continues and stops normally", daemon.stop(), 0)
        sealed = uids(home.segments())
        check_exactly_once(what, home, org.uuids()[:len(sealed)])
    except TooLate as error:
        check(f"the daemon recovers from {what}", str(error), "no error")
    finally:
        daemon.kill()
        org.stop()


def run(programs, scratch, full, seed):
    chosen = random.Random(seed)
    few = scratch / "few"
    few.mkdir()
    # Each run mostly waits, so the runs are parallel.
    with ThreadPoolExecutor(10) as pool:
        tests = [pool.submit(few_descriptors, programs, few)]
        tests += [pool.submit(read_only, programs, scratch, which) for which in ("spool", "state")]
        tests += [pool.submit(lasting, programs, scratch, case, chosen.randint(25, 120)) for case in LASTING]
        # Chooses a call of a commit: after the calls of the start, there are twelve commits with two calls each.
        tests += [pool.submit(lasting, programs, scratch, case, chosen.randint(22, 34)) for case in AT_COMMIT]
        for test in tests:
            test.result()
    each = scratch / "each"
    each.mkdir()
    every_call(programs, each, full, chosen)
