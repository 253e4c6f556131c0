"""An Okta org on loopback. A script decides which events its log contains.

The log contains the events in the order in which they were stored. In addition to `published`, each event has the time at which it was stored. A
polling query (ascending, without `until`) returns the events that were stored at `since` or later, in that order. Each answer has a `next` link,
which contains the query and the position. The org has its own clock, which can differ from this host's by hours.

The org is strict. It refuses a request without the token, a parameter that Okta does not document, and a link of which any byte was changed. It
notes each such request in `violations`, and a case with violations fails.
"""
import bisect
import calendar
import itertools
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

TOKEN = "00exactly-once"
USER, POLICY = "user.session.start", "policy.evaluate_sign_on"
RETENTION, REFUSED_AFTER = 90 * 86400, 180 * 86400
PARAMETERS = {"since", "until", "after", "filter", "q", "limit", "sortOrder"}
numbers = itertools.count(1)


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


def seconds_of(text):
    """Parses a time. Returns seconds since 1970, or None if Okta would refuse the text."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", text)
    if not found:
        return None
    try:
        base = calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return None
    zone = 0 if found[3] == "Z" else (int(found[3][1:3]) * 60 + int(found[3][4:])) * (-60 if found[3][0] == "-" else 60)
    return base + float(found[2] or 0) - zone


@dataclass
class Event:
    uuid: str
    kind: str
    published: float
    stored: float
    body: bytes


@dataclass
class Query:
    number: int
    since: float
    filter: str
    limit: int
    text: str
    is_refused: bool = False

    def admits(self, event):
        return admits(self.filter, event)


def admits(expression, event):
    """Whether the filter admits the event. Understands only the part of SCIM that the cases use."""
    if not expression:
        return True
    operator, value = re.fullmatch(r'eventType (eq|sw) "([^"]+)"', expression, re.IGNORECASE).groups()
    return event.kind.startswith(value) if operator.lower() == "sw" else event.kind == value


@dataclass
class Ask:
    """A valid request for the log that is not answered yet."""
    query: Query
    is_link: bool
    position: int
    events: list
    following: int


@dataclass
class Answer:
    status: int = 200
    events: list = field(default_factory=list)
    following: int = 0
    code: str = None
    has_next: bool = True


class Org:
    def __init__(self, name, offset=0.0, limit_per_minute=600, page_cap=None):
        self.id = f"00o{name.replace('-', '')}"
        self.offset = offset
        self.limit_per_minute = limit_per_minute
        self.page_cap = page_cap
        self.log = []
        self.times = []
        self.violations = []
        self.requests = 0
        # How many answers in a row were empty because the daemon has read the whole log.
        self.idle_answers = 0
        # The largest position of any link that the daemon has followed since its last start.
        self.furthest = 0
        # Functions that may answer a request. Each is called with an Ask, and returns an Answer or None.
        self.rules = []
        self._queries = []
        self._tokens = {}
        self._lock = threading.RLock()
        self._window = (0, 0)
        self._live = None
        self._served = Counter()
        org = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return formatdate(timestamp or org.now, usegmt=True)

            def do_GET(self):
                try:
                    org._handle(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def _refuse(self):
                org._note(f"a request that is not a GET: {self.requestline}")
                org._send(self, 405, error("E0000022"))

            do_POST = do_PUT = do_DELETE = do_HEAD = _refuse

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                """Ignores errors. A stopped daemon resets its connections, and if an answer is wrong, the case fails anyway."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def url(self, host="127.0.0.1"):
        return f"http://{host}:{self.port}"

    # The log.

    @property
    def now(self):
        """The time of the org's own clock."""
        return time.time() + self.offset

    def store(self, count=1, stored=None, until=None, published=None, kinds=(USER,)):
        """Stores `count` events, spread evenly from the time `stored` (by default now) to `until` (by default `stored`).

        Their `published` is the time at which they are stored, unless `published` is given."""
        with self._lock:
            now = self.now
            first = now if stored is None else stored
            last = first if until is None else until
            events = []
            for index in range(count):
                at = first + (last - first) * index / max(1, count - 1)
                if self.times and at < self.times[-1]:
                    at = self.times[-1]
                assert at <= now + 0.001, "an event would be stored in the future"
                number = next(numbers)
                uuid = f"{number:08x}-0000-11f0-8000-{self.port:012x}"
                when = at if published is None else published
                kind = kinds[index % len(kinds)]
                events.append(Event(uuid, kind, when, at, rendered(uuid, kind, when)))
                self.log.append(events[-1])
                self.times.append(at)
            self.idle_answers = 0
            return events

    def live(self, rate):
        """Stores `rate` events at each full second from now on; 0 stops this."""
        with self._lock:
            self._live = (rate, int(self.now) - 1) if rate else None

    def _grow(self):
        if self._live is None:
            return
        rate, last = self._live
        now = int(self.now)
        for second in range(last + 1, now + 1):
            self.store(rate, stored=float(second))
        self._live = (rate, max(last, now))

    def served(self, events, times=1):
        """Whether each of these events was in at least `times` answers."""
        with self._lock:
            return all(self._served[event.uuid] >= times for event in events)

    # Faults.

    def refuse_links(self, status=400):
        """Permanently refuses every link that the org has returned so far."""
        with self._lock:
            refused = [query for query in self._queries if not query.is_refused]
            for query in refused:
                query.is_refused = True
            numbers = {query.number for query in refused}
            code = {400: "E0000029", 404: "E0000007", 410: "E0000156"}[status]

            def rule(ask):
                if ask.is_link and ask.query.number in numbers:
                    return Answer(status=status, code=code)
            self.rules.insert(0, rule)

    def fail(self, times):
        """Answers the given number of consecutive requests with 500 E0000009, which means that the query took too long."""
        return self._times(times, lambda ask: Answer(status=500, code="E0000009"))

    def leave_out_next(self, times):
        """Omits the next link from the given number of consecutive answers."""
        return self._times(times, lambda ask: Answer(events=ask.events, has_next=False))

    def empty_page(self, concerns):
        """Answers the first request for which `concerns` is true with an empty page. The events follow on the next page."""
        return self._times(1, lambda ask: Answer(following=ask.position) if concerns(ask) else None)

    def _times(self, times, answer):
        left = [times]

        def rule(ask):
            if left[0] > 0:
                found = answer(ask)
                left[0] -= found is not None
                return found
        self.rules.append(rule)
        return lambda: left[0] == 0

    def hold(self, concerns, seconds=2.0):
        """Delays the answers to requests for which `concerns` is true, by `seconds` or until the returned gate is set."""
        gate = threading.Event()
        gate.held = 0

        def rule(ask):
            if not gate.is_set() and concerns(ask):
                gate.held += 1
                self._lock.release()
                try:
                    gate.wait(seconds)
                finally:
                    self._lock.acquire()
        self.rules.insert(0, rule)
        return gate

    # Answering.

    def _note(self, what):
        with self._lock:
            self.violations.append(what)

    def _handle(self, handler):
        path, _, text = handler.path.partition("?")
        if handler.headers.get("Host") not in (f"127.0.0.1:{self.port}", f"localhost:{self.port}"):
            self._note(f"host {handler.headers.get('Host')}")
            return self._send(handler, 404, error("E0000008"))
        if path == "/.well-known/okta-organization":
            body = {"id": self.id, "pipeline": "idx", "_links": {"organization": {"href": self.url()}}}
            return self._send(handler, 200, json.dumps(body).encode())
        if path != "/api/v1/logs":
            self._note(f"path {path}")
            return self._send(handler, 404, error("E0000008"))
        if handler.headers.get("Authorization") != f"SSWS {TOKEN}":
            self._note("a request without the right token")
            return self._send(handler, 401, error("E0000011"))
        with self._lock:
            self.requests += 1
            self._grow()
            limits = self._count()
            if limits is None:
                return self._send(handler, 429, error("E0000047"), self._limits(0))
            headers = self._limits(limits)
            ask, code = self._ask(text)
            if ask is None:
                return self._send(handler, 400, error(code), headers)
            answer = None
            for rule in list(self.rules):
                answer = rule(ask)
                if answer is not None:
                    break
            if answer is None:
                # A rule may have delayed the answer. Stores the events that became due meanwhile.
                self._grow()
                ask.events, ask.following = self._page(ask.query, ask.position)
                answer = Answer(events=ask.events, following=ask.following)
            if answer.status != 200:
                self.idle_answers = 0
                return self._send(handler, answer.status, error(answer.code), headers)
            if answer.events or answer.following < len(self.log):
                self.idle_answers = 0
            else:
                self.idle_answers += 1
            if answer.has_next:
                self._served.update(event.uuid for event in answer.events)
                origin = f"http://{handler.headers['Host']}/api/v1/logs"
                headers += [("Link", f'<{origin}?{text}>; rel="self"'),
                            ("Link", f'<{origin}?{self._link(ask.query, answer.following)}>; rel="next"')]
            body = b"[" + b",".join(event.body for event in answer.events) + b"]"
        self._send(handler, 200, body, headers)

    def _ask(self, text):
        """The requested query, or None with the code of the error."""
        try:
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
        except ValueError:
            self._note(f"a query that can't be read: {text}")
            return None, "E0000001"
        asked = dict(pairs)
        if len(asked) != len(pairs) or not asked.keys() <= PARAMETERS:
            self._note(f"parameters: {text}")
            return None, "E0000001"
        if "after" in asked:
            # A link must be followed byte for byte.
            if text not in self._tokens:
                self._note(f"a link that the org has never returned: {text}")
                return None, "E0000029"
            query, position = self._tokens[text]
            self.furthest = max(self.furthest, position)
            return self._asked(query, True, position), None
        since = seconds_of(asked.get("since", ""))
        limit = asked.get("limit", "100")
        if since is None or not limit.isdigit() or int(limit) > 1000:
            self._note(f"since or limit: {text}")
            return None, "E0000001"
        if asked.get("sortOrder", "ASCENDING") != "ASCENDING" or asked.get("until") or asked.get("q"):
            self._note(f"not a polling query: {text}")
            return None, "E0000001"
        if since < self.now - REFUSED_AFTER:
            return None, "E0000053"
        expression = asked.get("filter", "")
        if expression and not re.fullmatch(r'eventType (eq|sw) "[^"]+"', expression, re.IGNORECASE):
            self._note(f"filter: {expression}")
            return None, "E0000031"
        query = Query(len(self._queries), since, expression, int(limit), text)
        self._queries.append(query)
        return self._asked(query, False, bisect.bisect_left(self.times, since)), None

    def _asked(self, query, is_link, position):
        events, following = self._page(query, position)
        return Ask(query, is_link, position, events, following)

    def _page(self, query, position):
        events = []
        limit = min(query.limit, self.page_cap or query.limit)
        oldest = max(query.since, self.now - RETENTION)
        while position < len(self.log) and len(events) < limit:
            event = self.log[position]
            # If `since` was in the future when the query was made, it also applies to later pages.
            if event.stored >= oldest and query.admits(event):
                events.append(event)
            position += 1
        return events, position

    def _link(self, query, position):
        text = f"{query.text}&after={1_600_000_000_000 + query.number}_{position}"
        self._tokens[text] = (query, position)
        return text

    def _count(self):
        """Counts a request. Returns how many are left in this minute; None if the limit was already reached."""
        now = time.time()
        start, used = self._window
        if now - start >= 60:
            start, used = now, 0
        if used >= self.limit_per_minute:
            self._note("more requests than the rate limit allows")
            return None
        self._window = (start, used + 1)
        return self.limit_per_minute - used - 1

    def _limits(self, remaining):
        return [("X-Rate-Limit-Limit", str(self.limit_per_minute)), ("X-Rate-Limit-Remaining", str(remaining)),
                ("X-Rate-Limit-Reset", str(int(self._window[0] + 60 + self.offset)))]

    def _send(self, handler, status, body, headers=()):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("X-Okta-Request-Id", f"{next(numbers):032x}")
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


def error(code):
    return json.dumps({"errorCode": code, "errorSummary": f"{code} of a scripted org", "errorLink": code,
                       "errorId": "oae0", "errorCauses": []}).encode()


def rendered(uuid, kind, published):
    return json.dumps({
        "uuid": uuid, "published": rfc3339(published), "eventType": kind, "version": "0", "severity": "INFO",
        "displayMessage": "User login to Okta", "actor": {"id": "00u1", "type": "User", "alternateId": "ana@corp.example",
                                                          "displayName": "Ana"},
        "outcome": {"result": "SUCCESS"}, "client": {"ipAddress": "198.51.100.7"}, "target": None}).encode()
