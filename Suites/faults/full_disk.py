"""A file system of 3 MB fills up and is then enlarged, below the running daemon."""
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
    # The state holds what is not sealed: it fills up where segments are larger than it.
    home = Home(scratch / "home", org, spool=spool, state=state, page_size=200,
                segment_max_bytes="64MiB" if which == "state" else "256KiB",
                segment_max_age="1h" if which == "state" else "2s")
    daemon = Daemon(home)
    try:
        problem = daemon.wait_for(f"{what}: a problem", lambda: daemon.integration.get("problem"), 120)
        check(f"{what}: the status says what it is", problem["kind"], "spool_full")
        check(f"{what}: and what to do", "free space there" in problem["message"])
        check(f"{what}: collection is not over", daemon.integration["events"] < EVENTS)
        asked, seen = org.requests(), time.monotonic()
        # As long as three of the daemon's own waits take.
        daemon.wait_for("more tries", lambda: time.monotonic() > seen + 8)
        check(f"{what}: Okta is not asked meanwhile", org.requests() - asked, 0)
        mount("-o", "remount,size=64m", small)
        daemon.wait_until_collected(240)
        check(f"{what}: it went on in the same process", daemon.is_running)
        check(f"{what}: it stops in order", daemon.stop(), 0)
        check_exactly_once(what, home, org.uuids())
        print(f"# {what}: {len(home.segments())} segments, "
              f"{sum(path.stat().st_size for path in home.segments())} bytes", flush=True)
    except TooLate as error:
        check(f"{what} is overcome", str(error), "it is")
    finally:
        daemon.kill()
        org.stop()
        unmount(small)


def run(programs, scratch, full, seed):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda which: filled(programs, scratch, which), ("both", "spool", "state")))
