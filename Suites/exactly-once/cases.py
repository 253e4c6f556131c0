"""Cases in which earlier versions lost or repeated events. Each case repeats the situation, and checks that each wanted event is sealed once.

A case is a function that takes a `Case`, and controls an org and a daemon. It ends with `case.ends(…)`, which waits until everything is
collected, stops the daemon, and counts the events.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter

from org import POLICY, TOKEN, USER, Org

MINUTE, HOUR, DAY = 60, 3600, 86400
USERS = """'eventType sw "user."'"""
CASES = {}


def case(name):
    def register(function):
        CASES[name] = function
        return function
    return register


class TooLate(Exception):
    """A condition that a case waits for did not become true in time."""


class Case:
    """One daemon with its own directories and configuration."""

    def __init__(self, name, program, root, deadline):
        self.name, self.program, self.root, self.deadline = name, program, root, deadline
        self.spool, self.state, self.runtime = root / "spool", root / "state", root / "run"
        self.configuration, self.log_path = root / "tributary.yaml", root / "log"
        self.settings = {"url": None, "start": "7d", "poll_interval": "1s", "page_size": 1000, "filter": None}
        self.segment_max_age = "5m"
        self.process = None
        self.org = None
        self.complaints = []
        self.numbers = []
        root.mkdir()
        (root / "token").write_text(TOKEN)
        (root / "token").chmod(0o600)

    # The daemon.

    def make_org(self, **options):
        self.org = Org(self.name, **options)
        self.settings["url"] = self.org.url()
        return self.org

    def start(self, **settings):
        """Starts the daemon, with some settings changed."""
        self.settings.update(settings)
        ingest = {"credential": "read", "rate_limit_share": 1} | {
            key: value for key, value in self.settings.items() if key != "url" and value is not None}
        self.configuration.write_text("\n".join([
            f"state_directory: {self.state}", f"runtime_directory: {self.runtime}",
            f"spool: {{directory: {self.spool}, segment_max_age: {self.segment_max_age}}}",
            "credentials:", f"  - {{name: read, type: api_token, permissions: read, secret_file: {self.root}/token}}",
            "integrations:", f"  - name: acme\n    url: {self.settings['url']}\n    data_ingest:",
            *(f"      {key}: {value}" for key, value in ingest.items()), ""]))
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        self.log_begins = self.log_path.stat().st_size if self.log_path.exists() else 0
        self.org.idle_answers, self.org.furthest = 0, 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program, "run", "--config", self.configuration], stderr=log,
                                            stdout=subprocess.DEVNULL, env=environment)

    def stop(self):
        """Stops the daemon normally, so that it seals everything."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(max(5, min(30, self.deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if code != 0:
            self.complaints.append(f"the daemon ended with {code}")

    def restart(self, **settings):
        self.stop()
        self.start(**settings)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.org is not None:
            self.org.close()

    @property
    def log(self):
        """The daemon's log since its last start."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_begins)
            return file.read().decode(errors="replace")

    @property
    def status(self):
        """The integration's part of status.json; {} if the running daemon has not written it yet."""
        try:
            report = json.loads((self.runtime / "status.json").read_text())
        except (OSError, ValueError):
            return {}
        return report["integrations"][0] if report["pid"] == self.process.pid else {}

    # Waiting.

    def wait_for(self, what, condition, seconds=60):
        began = time.monotonic()
        until = min(began + seconds, self.deadline)
        while not condition():
            if self.process.poll() is not None:
                raise TooLate(f"the daemon ended with {self.process.returncode} before {what}")
            if time.monotonic() > until:
                raise TooLate(f"waited for {what}, which did not come within {time.monotonic() - began:.0f} s")
            time.sleep(0.05)
        return time.monotonic() - began

    def wait_until_durable(self, events, seconds=60, times=1):
        """Waits until each of these events was sent `times` times and is durable. Returns how many seconds this took.

        A page is durable when the daemon requests the page after it."""
        org = self.org
        end = org.log.index(events[-1]) + 1
        return self.wait_for(f"{len(events):,} events", lambda: org.served(events, times) and org.furthest >= end, seconds)

    def settle(self, seconds=60):
        """Waits until all events are collected: several answers in a row were empty, and no backfill is running."""
        self.wait_for("the end of the log",
                      lambda: self.org.idle_answers >= 5 and self.status and not self.status.get("backfill"), seconds)

    # Counting.

    def sealed(self):
        outcome = subprocess.run([self.program, "spool", "cat", "--config", self.configuration], capture_output=True)
        if outcome.returncode != 0:
            self.complaints.append(f"spool cat ended with {outcome.returncode}: {outcome.stderr.decode()[-200:]}")
        return Counter(json.loads(line)["metadata"]["uid"] for line in outcome.stdout.splitlines())

    def ends(self, optional=(), seconds=60, settles=True):
        """Waits until all events are collected, stops the daemon, and counts the sealed events. Only `optional` events may be missing."""
        if settles:
            try:
                self.settle(seconds)
            except TooLate as late:
                self.complaints.append(str(late))
        self.stop()
        self.count(optional)

    def count(self, optional=()):
        sealed = self.sealed()
        optional = {event.uuid for event in optional}
        wanted = {event.uuid for event in self.org.log} - optional
        lost = len(wanted - sealed.keys())
        twice = sum(count - 1 for count in sealed.values())
        invented = len(sealed.keys() - wanted - optional)
        self.numbers.insert(0, f"{lost} lost, {twice} twice of {len(wanted):,}")
        if lost or twice or invented:
            self.complaints.append(f"{invented} invented" if invented else "")
        return lost, twice

    def number(self, text):
        self.numbers.append(text)


# F1: a query by time returns old events while new events arrive.

def after_outage(case, change=lambda org: None, settings=lambda org: {}, filter=None):
    """Ten events are stored each second. After an outage of three hours, the log is queried by time.

    Before the outage the org's clock is three hours behind this host's."""
    org = case.make_org(offset=-3 * HOUR)
    kinds = (USER,) if filter is None else (USER,) + 4 * (POLICY,)
    before = org.store(4000, stored=org.now - 400, until=org.now, kinds=kinds)
    case.start(filter=filter)
    case.settle()
    case.stop()
    org.offset = 0
    outage = org.store(5000, stored=before[-1].stored, until=org.now - 5, kinds=kinds)
    change(org)
    org.live(10)
    case.start(**settings(org))
    case.wait_until_durable(outage)
    org.live(0)
    case.ends(optional=[event for event in before + outage if filter and event.kind == POLICY])


@case("f1-plain-restart")
def plain_restart(case):
    after_outage(case)


@case("f1-refused-cursor")
def refused_cursor(case):
    after_outage(case, lambda org: org.refuse_links())


@case("f1-page-size")
def page_size(case):
    after_outage(case, settings=lambda org: {"page_size": 500})


@case("f1-slow-answers")
def slow_answers(case):
    after_outage(case, lambda org: org.fail(3))


@case("f1-no-next-link")
def no_next_link(case):
    after_outage(case, lambda org: org.leave_out_next(3))


@case("f1-address")
def address(case):
    after_outage(case, settings=lambda org: {"url": org.url("localhost")})


@case("f1-filter-dropped")
def filter_dropped(case):
    after_outage(case, settings=lambda org: {"filter": None}, filter=USERS)


def old_events(case, change, has_new=True, **settings):
    """3,000 events that were stored at the same moment, five days ago, have been collected. Then the log is queried by time.

    A few new events are stored during the query or after it."""
    org = case.make_org()
    org.store(3000, stored=org.now - 5 * DAY)
    case.start()
    case.settle()
    case.stop()
    change(org)
    if has_new:
        org.live(10)
    case.start(**settings)
    if has_new:
        case.wait_for("20 new events", lambda: len(org.log) >= 3020)
        org.live(0)
    else:
        case.settle()
        org.store(20)
    case.ends()


@case("f1-old-refused-cursor")
def old_refused_cursor(case):
    old_events(case, lambda org: org.refuse_links())


@case("f1-old-page-size")
def old_page_size(case):
    old_events(case, lambda org: None, page_size=500)


@case("f1-old-without-news")
def old_without_news(case):
    old_events(case, lambda org: None, has_new=False, page_size=500)


# F2: the daemon must still remember every event that a query by time returns again.

@case("f2-late-event")
def late_event(case):
    """An event that is 32 minutes late is stored. Then a current event is stored, and the log is queried by time."""
    org = case.make_org()
    org.store(1, stored=org.now - 40 * MINUTE)
    first = org.store(1, stored=org.now - 35 * MINUTE)
    case.start()
    case.wait_until_durable(first)
    case.wait_until_durable(org.store(1, published=org.now - 32 * MINUTE))
    case.wait_until_durable(org.store(1))
    case.restart(page_size=500)
    case.ends()


@case("f2-quiet-time")
def quiet_time(case):
    """A page contains current events and events that are three hours older. Then the log is queried by time."""
    org = case.make_org(offset=-3 * HOUR)
    before = org.store(58, stored=org.now - 240, until=org.now)
    case.start()
    case.settle()
    case.stop()
    org.offset = 0
    org.store(5, stored=before[-1].stored + 1, until=before[-1].stored + 30)
    org.store(4)
    case.start()
    case.settle()
    case.restart(page_size=500)
    case.ends()


# F3: the backfill of the first day ends at a page with both old and new events.

@case("f3-first-day")
def first_day(case):
    org = case.make_org()
    org.store(1600, stored=org.now - 5 * DAY, until=org.now - 5 * DAY + 2 * HOUR)
    org.store(400, stored=org.now - 240, until=org.now - 3)
    case.start()
    case.settle()
    case.wait_until_durable(org.store(1))
    case.restart(page_size=500)
    case.ends()


# F4: during a backfill, the tail is queried by time.

BACKFILL = 16_000


def begin_backfill(case, org):
    """Starts the daemon under a low rate limit, and waits until the tail of a backfill has collected an event.

    Returns that event and all newer events."""
    end = len(org.log)

    def begun():
        return next((index for index in range(end, len(org.log)) if org.served(org.log[index:index + 1])), None)

    limit, org.limit_per_minute = org.limit_per_minute, 50
    case.start()
    case.wait_for("the first request", lambda: org.requests)
    org.live(10)
    case.wait_for("a backfill with the newest events", lambda: begun() is not None)
    org.live(0)
    org.limit_per_minute = limit
    # The tail begins with this event. The history collects the events before it.
    return org.log[begun():]


def backfill(case):
    """Begins a backfill, and then delays the answers to the history's requests.

    The old events were stored a thousand at a time, an hour apart. The org's clock is an hour behind. Returns the org, the events of the tail so
    far, and the gate that ends the delay."""
    org = case.make_org(offset=-HOUR)
    for batch in range(BACKFILL // 1000):
        org.store(1000, stored=org.now - 5 * DAY + batch * HOUR)
    newest = begin_backfill(case, org)
    return org, newest, org.hold(lambda ask: ask.position < BACKFILL)


def end_backfill(case, org, gate, optional=()):
    """Lets an hour pass, stores new events, and lets the history continue to the point where the tail began."""
    org.offset = 0
    case.wait_until_durable(org.store(10))
    gate.set()
    case.ends(optional)


@case("f4-four-re-queries")
def four_requeries(case):
    org, first, gate = backfill(case)
    first = first + org.store(500 - len(first))
    case.wait_until_durable(first)
    for number in range(1, 5):
        case.restart(page_size=500 if number % 2 else 1000)
        case.wait_until_durable(first, times=number + 1)
    case.wait_until_durable(org.store(3500))
    end_backfill(case, org, gate)


@case("f4-filter-changed")
def filter_changed(case):
    org, before, gate = backfill(case)
    before = before + org.store(4000, kinds=(USER,) + 4 * (POLICY,))
    case.wait_until_durable(before)
    case.restart(filter=USERS)
    after = org.store(500, kinds=(USER,) + 4 * (POLICY,))
    case.wait_until_durable([event for event in after if event.kind == USER])
    end_backfill(case, org, gate, [event for event in before + after if event.kind == POLICY])


# F5: an empty page in the middle of the history.

def empty_page(case, change, **settings):
    org = case.make_org()
    org.store(30_000, stored=org.now - 5 * DAY, until=org.now - DAY)
    live = begin_backfill(case, org)
    slow = org.hold(lambda ask: ask.position < 30_000, seconds=0.5)
    live = live + org.store(600 - len(live))
    is_sent = org.empty_page(lambda ask: 10_000 <= ask.position < 30_000 and org.served(live))
    case.wait_for("the empty page", is_sent)
    stopped = org.hold(lambda ask: 10_000 <= ask.position < 30_000, seconds=3)
    case.wait_for("the request after the empty page", lambda: stopped.held)
    case.stop()
    slow.set()
    stopped.set()
    change(org)
    case.start(**settings)
    case.ends()


@case("f5-page-size")
def empty_page_and_page_size(case):
    empty_page(case, lambda org: None, page_size=500)


@case("f5-refused-cursor")
def empty_page_and_refused_cursor(case):
    empty_page(case, lambda org: org.refuse_links())


# F6: the spool or the state is replaced by an older copy, and no longer matches the other directory.

def restored(case, directory):
    org = case.make_org()
    case.segment_max_age = "1s"
    org.store(1000, stored=org.now - 10 * MINUTE, until=org.now - 5)
    case.start()
    case.settle()
    case.stop()
    shutil.copytree(directory, case.root / "copy")
    case.start()
    case.wait_until_durable(org.store(350))
    case.stop()
    shutil.rmtree(directory)
    shutil.copytree(case.root / "copy", directory)
    case.start()
    try:
        case.settle()
    except TooLate as late:
        case.complaints.append(str(late))
    words = [line for line in case.log.splitlines()
             if re.search(r"older|newer|restored|backup|does not (fit|match|know)|lacks", line)
             and re.search(r"warning|error|critical", line, re.IGNORECASE)]
    problem = case.status.get("problem")
    case.number("noticed" if words or problem else "not noticed")
    if not words and not problem:
        case.complaints.append("neither the log nor the status mentions the restored copy")
    case.stop()


@case("f6-older-state")
def older_state(case):
    restored(case, case.state)
    case.count()


@case("f6-older-spool")
def older_spool(case):
    restored(case, case.spool)
    # The state is newer, so the daemon does not collect the missing records again. It only has to report that they are missing.
    case.count(optional=case.org.log[1000:])
    sealed = case.sealed()
    case.number(f"{sum(event.uuid not in sealed for event in case.org.log[1000:])} missing in the older spool")


# L1 to L4: collection must continue after a fault.

@case("l1-capped-pages")
def capped_pages(case):
    org = case.make_org(page_cap=200, limit_per_minute=120)
    backlog = org.store(6000, stored=org.now - 50 * MINUTE, until=org.now - 2 * MINUTE)
    case.start(poll_interval="15s")
    try:
        case.number(f"collected in {case.wait_until_durable(backlog, 40):.0f} s, {org.requests} requests")
    except TooLate as late:
        case.complaints.append(str(late))
    case.ends(settles=False)


def goes_on(case, refusals):
    org = case.make_org()
    org.store(1000, stored=org.now - 10 * MINUTE, until=org.now - 5)
    case.start()
    case.settle()
    for number, status in enumerate(refusals, 1):
        org.refuse_links(status)
        try:
            case.number(f"new events after {case.wait_until_durable(org.store(50), 20):.1f} s")
        except TooLate as late:
            case.complaints.append(f"after refusal {number}: {late}")
            break
    case.ends(settles=False)


@case("l2-two-refusals")
def two_refusals(case):
    goes_on(case, [400, 400])


@case("l3-link-not-found")
def link_not_found(case):
    goes_on(case, [404])


@case("l3-link-gone")
def link_gone(case):
    goes_on(case, [410])


def behind(case, start):
    """At the first start, the org's clock is two hours behind this host's. Every event that is stored later must be collected."""
    org = case.make_org(offset=-2 * HOUR)
    earlier = org.store(100, stored=org.now - 3 * HOUR, until=org.now - MINUTE)
    case.start(start=start)
    case.wait_for("the first request", lambda: org.requests)
    try:
        case.number(f"new events after {case.wait_until_durable(org.store(200), 20):.1f} s")
    except TooLate as late:
        case.complaints.append(str(late))
    case.ends(optional=earlier)


@case("l4-start-50m")
def start_50m(case):
    behind(case, "50m")


@case("l4-start-now")
def start_now(case):
    behind(case, "now")
