"""Lets the running daemon fill a file system of 3 MB, which is enlarged afterwards. Also starts the daemon on a file system that can't be written."""
import time
from concurrent.futures import ThreadPoolExecutor

from harness import Daemon, Home, Org, TooLate, check, check_exactly_once, mount, unmount

EVENTS = 20_000


def filled(programs, scratch, which):
    what = {"both": "spool and state on a file system of 3 MB", "spool": "the spool on a file system of 3 MB",
            "state": "the state on a file system of 3 MB"}[which]
    scratch = scratch / which
    small = scratch / "small"
    small.mkdir(parents=True)
    mount("-t", "tmpfs", "-o", "size=3m", "tmpfs", small)
    org = Org(programs, scratch, events=EVENTS)
    spool = small / "spool" if which != "state" else None
    state = small / "state" if which != "spool" else None
    # The state contains the unsealed records, so it fills its file system if they are sealed late.
    home = Home(scratch / "home", org, spool=spool, state=state, page_size=200,
                segment_max_bytes="64MiB" if which == "state" else "256KiB",
                segment_max_age="1h" if which == "state" else "2s")
    daemon = Daemon(home)
    try:
        problem = daemon.wait_for(f"{what}: a problem", lambda: daemon.integration.get("problem"), 300)
        check(f"{what}: the status names the fault", problem["kind"], "spool_full")
        check(f"{what}: the status says what to do", "free space there" in problem["message"])
        check(f"{what}: not all events are collected yet", daemon.integration["events"] < EVENTS)
        asked, seen = org.requests(), time.monotonic()
        # Waits as long as three attempts take.
        daemon.wait_for("three more attempts", lambda: time.monotonic() > seen + 8)
        check(f"{what}: Okta is not queried during the fault", org.requests() - asked, 0)
        mount("-o", "remount,size=64m", small)
        daemon.wait_until_collected(480)
        check(f"{what}: the daemon continued in the same process", daemon.is_running)
        check(f"{what}: the daemon stops normally", daemon.stop(), 0)
        check_exactly_once(what, home, org.uuids())
        print(f"# {what}: {len(home.segments())} segments, "
              f"{sum(path.stat().st_size for path in home.segments())} bytes", flush=True)
    except TooLate as error:
        check(f"the daemon recovers from {what}", str(error), "no error")
    finally:
        daemon.kill()
        org.stop()
        unmount(small)


def unusable_at_start(programs, scratch, cause):
    """Starts the daemon with a fault. The process must wait until the fault is removed, and then continue."""
    what = f"{cause} at the start"
    scratch = scratch / cause.replace(" ", "-")
    disk = scratch / "disk"
    disk.mkdir(parents=True)
    mount("-t", "tmpfs", "-o", "size=64k" if cause == "a full disk" else "size=64m", "tmpfs", disk)
    org = Org(programs, scratch, events=500)
    home = Home(scratch / "home", org, spool=disk / "spool", state=disk / "state")
    words = "free space there"
    if cause == "a full disk":
        with open(disk / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1024))
            except OSError:
                pass
    elif cause == "a read-only file system":
        mount("-o", "remount,ro", disk)
        words = "read-only"
    else:
        # The spool has records, but is missing now, as if its disk were not mounted.
        first = Daemon(home)
        first.wait_until_collected()
        first.stop()
        (disk / "spool").rename(disk / "away")
        words = "mount the spool"
    daemon = Daemon(home)
    try:
        daemon.wait_for(f"{what}: the reason", lambda: daemon.waiting)
        check(f"{what}: the status says what to do", words in daemon.waiting)
        asked, since = org.requests(), time.monotonic()
        daemon.wait_for("more attempts", lambda: daemon.status["waiting"]["attempts"] >= 4)
        check(f"{what}: the time between attempts grows", time.monotonic() - since > 3)
        check(f"{what}: no request is sent to Okta", org.requests() - asked, 0)
        if cause == "a full disk":
            mount("-o", "remount,size=64m", disk)
        elif cause == "a read-only file system":
            mount("-o", "remount,rw", disk)
        else:
            (disk / "away").rename(disk / "spool")
        daemon.wait_until_collected()
        check(f"{what}: the daemon continued in the same process", daemon.is_running)
        check(f"{what}: the status no longer shows the fault", daemon.waiting, "")
        check(f"{what}: the daemon stops normally", daemon.stop(), 0)
        check_exactly_once(what, home, org.uuids())
    except TooLate as error:
        check(f"the daemon recovers from {what}", str(error), "no error")
    finally:
        daemon.kill()
        org.stop()
        unmount(disk)


def run(programs, scratch, full, seed):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda which: filled(programs, scratch, which), ("both", "spool", "state")))
        list(pool.map(lambda cause: unusable_at_start(programs, scratch, cause),
                      ("a full disk", "a read-only file system", "a missing spool")))
