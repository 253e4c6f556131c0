"""Shifts the wall clock of the running daemon by a day. The interposer shifts the time that the process reads; the host's clock does not change."""
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from harness import Daemon, Home, Org, TooLate, check, check_exactly_once, processor_seconds, uids

DAY = 86_400


def is_near(daemon, offset):
    """Whether the time in the status is ahead of the real time by this many seconds."""
    ahead = datetime.strptime(daemon.status["updated_at"], "%Y-%m-%dT%H:%M:%SZ") - datetime.utcnow()
    return abs(ahead.total_seconds() - offset) < 300


def hold_retention(home):
    """Writes an unreadable acknowledgement. As long as it exists, retention deletes nothing and reports the reason at each pass."""
    held = home.spool / "_acks/held.json"
    held.parent.mkdir(parents=True, exist_ok=True)
    held.write_text("{")
    return held


def retention_passes(held, daemon):
    def held_up():
        return daemon.status["spool"].get("deletion_held_up")

    daemon.wait_for("a retention pass that finds the unreadable acknowledgement", held_up, 180)
    held.unlink()
    daemon.wait_for("a retention pass without the unreadable acknowledgement", lambda: not held_up(), 180)


def jumps(programs, scratch, what, by):
    scratch = scratch / what.split()[0]
    scratch.mkdir()
    org = Org(programs, scratch, "--rate", "40", events=1000)
    # Segments are sealed by age, because none reaches the size limit. Retention deletes segments older than 12 hours.
    home = Home(scratch / "home", org, segment_max_bytes="64MiB", segment_max_age="1s", spool_keys="  retention: 12h")
    held = hold_retention(home)
    daemon = Daemon(home)
    try:
        daemon.wait_until_collected()
        daemon.wait_for("a first seal", home.segments)
        before = set(home.segments())
        events = daemon.integration["events"]
        requests, used, began = org.requests(), processor_seconds(daemon.process.pid), time.monotonic()
        home.control["clock_offset"] = by
        daemon.wait_for("a status with the shifted time", lambda: is_near(daemon, by))
        daemon.wait_for("events after the jump", lambda: daemon.integration["events"] >= events + 120)
        sealed = len(home.manifest())
        daemon.wait_for("two seals after the jump", lambda: len({line["seal"] for line in home.manifest()[sealed:]}) >= 2)
        took = time.monotonic() - began
        check(f"{what}: the daemon is not in a busy loop", (processor_seconds(daemon.process.pid) - used) / took < 0.5)
        check(f"{what}: Okta is queried at the poll interval", org.requests() - requests <= 2 * took + 10)
        # On a busy machine, an integration may be catching up for a moment.
        daemon.wait_for("a live integration", lambda: daemon.integration["state"] == "live")
        check(f"{what}: the lag is plausible", 0 <= daemon.integration["lag_seconds"] <= 30)
        retention_passes(held, daemon)
        check(f"{what}: retention has deleted no segment", before - set(home.segments()), set())
        home.control["clock_offset"] = 0
        daemon.wait_for("a status with the correct time", lambda: is_near(daemon, 0))
        events = daemon.integration["events"]
        daemon.wait_for("events after the correction", lambda: daemon.integration["events"] >= events + 40)
        check(f"{what}: the daemon stops normally once the clock is correct again", daemon.stop(), 0)
        held = hold_retention(home)
        daemon = Daemon(home)
        daemon.wait_until_collected()
        retention_passes(held, daemon)
        check(f"{what}: the daemon starts and stops again", daemon.stop(), 0)
        found = uids(home.segments())
        check_exactly_once(what, home, org.uuids()[:len(found)])
    except TooLate as error:
        check(f"the daemon recovers from {what}", str(error), "no error")
    finally:
        daemon.kill()
        org.stop()


def run(programs, scratch, full, seed):
    cases = (("back a day", -DAY), ("forward a day", DAY))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda case: jumps(programs, scratch, *case), cases))
