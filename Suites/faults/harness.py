"""Common code of the fault tests: a simulated org, the daemon with the interposer, and the final check of all events."""
import json
import mmap
import os
import re
import shutil
import signal
import struct
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent

# The bits of `fails`, as in interpose.c.
OPEN, WRITE, TRUNCATE, SYNC, SYNC_DIRECTORY, RENAME, LINK, UNLINK, MKDIR, RMDIR = (1 << bit for bit in range(10))
FIELDS = ("calls", "kill_at", "torn", "fails", "code", "failed", "allowed", "from", "clock_offset")

ANY = (1 << 10) - 1
passed = 0
failures = []
printing = threading.RLock()


def check(what, found, expected=True):
    """Prints a line for each check (testanything.org)."""
    global passed
    good = found == expected
    with printing:
        print(f"{'ok' if good else 'not ok'} {passed + len(failures) + 1} - {what}", flush=True)
        if good:
            passed += 1
        else:
            failures.append(what)
            print(f"#   found {found}\n#   expected {expected}", flush=True)
    return good


class TooLate(Exception):
    """A condition that a test waits for did not become true in time."""


def wait_for(what, condition, seconds=60, daemon=None, every=0.02):
    """Checks a condition repeatedly until it is true; returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if daemon is not None and not daemon.is_running:
            raise TooLate(f"the daemon ended with {daemon.process.returncode} before {what}\n{daemon.log[-3000:]}")
        if time.monotonic() > deadline:
            raise TooLate(f"waited for {what}, which did not come within {seconds} s\n{daemon.log[-3000:] if daemon else ''}")
        time.sleep(every)


class Org:
    """An Okta org on loopback."""

    def __init__(self, programs, home, *options, events):
        self.token = home / "token"
        self.token.write_text("00fault-test-token\n")
        self.token.chmod(0o600)
        ready = home / "ready.json"
        self.process = subprocess.Popen(
            [programs / "okta-simulator", "--token-file", self.token, "--events", str(events),
             "--limit-per-minute", "1000000", "--ready-file", ready, *options], stdout=subprocess.DEVNULL)
        wait_for("the simulator", ready.exists)
        self.url = json.loads(ready.read_text())["url"]

    def _get(self, path):
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
            return answer.read()

    def uuids(self):
        return self._get("/_simulator/uuids").decode().split()

    def requests(self):
        return json.loads(self._get("/_simulator/stats"))["requests"]

    def stop(self):
        self.process.kill()
        self.process.wait()


class Control:
    """The shared memory page with which the test controls the interposer."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(8 * len(FIELDS)))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)

    def __getitem__(self, field):
        return struct.unpack_from("<q", self.memory, 8 * FIELDS.index(field))[0]

    def __setitem__(self, field, value):
        struct.pack_into("<q", self.memory, 8 * FIELDS.index(field), value)

    def fail(self, calls, code, start=0, allowed=0):
        """Lets calls of these kinds fail from call number `start` on: at most `allowed` of them, or all of them if `allowed` is 0."""
        self["failed"], self["allowed"], self["code"], self["from"] = 0, allowed, code, start
        self["fails"] = calls

    def mend(self):
        self["fails"] = 0


class Home:
    """The directories and the configuration of one daemon. The default limits are so small that segments are sealed all the time."""

    def __init__(self, root, org, *, spool=None, state=None, page_size=50, segment_max_bytes="64KiB",
                 segment_max_age="1s", spool_keys="", poll_interval="1s"):
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.spool = Path(spool or self.root / "spool")
        self.state = Path(state or self.root / "state")
        self.runtime = self.root / "run"
        self.configuration = self.root / "tributary.yaml"
        self.control = Control(self.root / "control")
        self.org = org
        self.configuration.write_text(f"""
state_directory: {self.state}
runtime_directory: {self.runtime}
spool:
  directory: {self.spool}
  segment_max_bytes: {segment_max_bytes}
  segment_max_age: {segment_max_age}
{spool_keys}
credentials:
  - {{name: read, type: api_token, permissions: read, secret_file: {org.token}}}
integrations:
  - name: acme
    url: {org.url}
    data_ingest: {{credential: read, poll_interval: {poll_interval}, page_size: {page_size}, start: 7d}}
""")

    def remove(self):
        self.control.memory.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def segments(self):
        """The files that a loader would read. No part of their path begins with `_` or `.`."""
        return sorted(
            path for path in self.spool.glob("integration=*/class=*/date=*/*.ndjson.zst")
            if not path.name.startswith((".", "_")))

    def manifest(self):
        try:
            # The text after the last line break is a line that is being written.
            return [json.loads(line) for line in (self.spool / "_manifest.ndjson").read_text().split("\n")[:-1]]
        except FileNotFoundError:
            return []


def uids(segments):
    """How often each event is in these files. Reads them with the system's zstd, without the code under test.

    If a file can't be read, its events count as lost, and `spool verify` names the file."""
    if not segments:
        return Counter()
    outcome = subprocess.run(["zstd", "-dcq", *segments], capture_output=True)
    if outcome.returncode != 0:
        return Counter()
    return Counter(json.loads(line)["metadata"]["uid"] for line in outcome.stdout.splitlines())


def compared(sealed, expected):
    """Returns the numbers of lost, duplicated and invented events. Exactly once means that all three are 0."""
    wanted = set(expected)
    return (len(wanted - sealed.keys()), sum(count > 1 for count in sealed.values()), len(sealed.keys() - wanted))


class Daemon:
    """`tributary run`."""

    library = None
    program = None

    def __init__(self, home, trace=None, wrapper=()):
        self.home = home
        self.log_path = home.root / "log"
        environment = dict(os.environ, LD_PRELOAD=str(self.library), FAULTS_CONTROL=str(home.control.path),
                           FAULTS_BELOW=f"{home.spool}:{home.state}")
        if trace:
            environment["FAULTS_TRACE"] = str(trace)
        home.control["calls"] = 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*wrapper, self.program, "run", "--config", home.configuration], stderr=log, env=environment)

    @property
    def is_running(self):
        return self.process.poll() is None

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def status(self):
        """The last status that this process has written; None if there is none."""
        try:
            report = json.loads((self.home.runtime / "status.json").read_text())
        except (OSError, ValueError):
            return None
        return report if report["pid"] == self.process.pid else None

    @property
    def integration(self):
        report = self.status
        return report["integrations"][0] if report and report["integrations"] else {"state": None, "events": 0}

    @property
    def waiting(self):
        """Why the daemon has not started yet; empty once it has started."""
        return ((self.status or {}).get("waiting") or {}).get("message", "")

    def wait_for(self, what, condition, seconds=60):
        return wait_for(what, condition, seconds, daemon=self)

    def wait_until_collected(self, seconds=90):
        self.wait_for("the end of the log", lambda: self.integration["state"] == "live", seconds)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self):
        if self.is_running:
            self.process.kill()
        self.process.wait()


def is_verified(home):
    """The problems that `tributary spool verify` reports, as text; empty if there are none."""
    outcome = subprocess.run(
        [Daemon.program, "spool", "verify", "--config", home.configuration], capture_output=True, text=True)
    return "" if outcome.returncode == 0 else f"{outcome.returncode}: {outcome.stdout}{outcome.stderr}"


def check_exactly_once(what, home, expected, also=Counter()):
    """Checks that every event is in one sealed segment, once. `also` counts the events in segments that a loader has removed."""
    check(f"{what}: no event is lost, duplicated or invented", compared(uids(home.segments()) + also, expected), (0, 0, 0))
    check(f"{what}: spool verify finds no problem", is_verified(home), "")


def of_each_kind(trace, home, chosen):
    """Returns the numbers of some calls in a trace: one of each kind. Calls of a kind have the same name, and paths that differ only in numbers."""
    kinds = {}
    for line in Path(trace).read_text().splitlines():
        number, name, path = line.split(" ", 2)
        path = path.replace(str(home.root), "")
        path = re.sub(r"[0-9]{8}T[0-9]+Z-[0-9a-f]+|(?<=journal-)[0-9]+|(?<=class=)\w+|(?<=date=)[0-9-]+", "…", path)
        kinds.setdefault((name, path), []).append(int(number))
    return sorted(chosen.choice(numbers) for numbers in kinds.values())


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def unmount(path):
    subprocess.run(["umount", "-l", path], check=False)


def limit_files(pid, count):
    subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={count}:"], check=True)


def processor_seconds(pid):
    """The processor time that the process has used so far, in seconds (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
