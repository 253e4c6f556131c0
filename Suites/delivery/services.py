"""Simulations of Elasticsearch, ClickHouse and Splunk, according to their documentation. Each handles repeated records as the real server does, loses
some answers, and is busy at times."""
import hashlib
import json
import random
import threading
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "not-a-real-secret"


class Service:
    """A server on a free port of 127.0.0.1. `records` counts how often each record was stored, by uid."""

    def __init__(self, kind, seed, lose=0.0, busy=0.0, largest=1 << 30):
        self.kind, self.lose, self.busy, self.largest = kind, lose, busy, largest
        self.chosen = random.Random(seed)
        self.records = Counter()
        self.contents = {}
        self.tokens = set()
        self.answers = Counter()
        self.largest_seen = 0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        # If a client is killed, its connections are reset, which is not an error here.
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()

    def _handler(service):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                if not service.is_allowed(self.headers.get("Authorization", "")):
                    return self._answer(401, {}, b"")
                self._answer(*service.look(self.path))

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with service.lock:
                    fate = service.chosen.random()
                    if not service.is_allowed(self.headers.get("Authorization", "")):
                        return self._answer(401, {}, b'{"text":"Invalid token","code":4,"error":{"type":"security_exception","reason":"no"}}')
                    if len(body) > service.largest:
                        return self._answer(413, {}, b"")
                    service.largest_seen = max(service.largest_seen, len(body))
                    if fate < service.busy:
                        return self._answer(service.chosen.choice([429, 503]), {"Retry-After": "0"}, b"")
                    status, headers, answer = service.store(self.path, body)
                    if fate > 1 - service.lose:
                        service.answers["lost"] += 1
                        self.close_connection = True
                        return
                self._answer(status, headers, answer)

            def _answer(self, status, headers, body):
                service.answers[status] += 1
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def is_allowed(self, authorization):
        import base64
        password = base64.b64encode(f"loader:{SECRET}".encode()).decode()
        return authorization == {"elasticsearch": f"ApiKey {SECRET}", "clickhouse": f"Basic {password}", "splunk": f"Splunk {SECRET}"}[self.kind]

    def keep(self, record):
        uid = record["metadata"]["uid"]
        self.records[uid] += 1
        self.contents[uid] = record

    def store(self, path, body):
        if self.kind == "elasticsearch":
            items = []
            index = path.split("/")[1]
            lines = body.splitlines()
            for action, line in zip(lines[::2], lines[1::2]):
                key = (index, json.loads(action)["create"]["_id"])
                if key in self.tokens:
                    items.append({"create": {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "exists"}}})
                else:
                    self.tokens.add(key)
                    self.keep(json.loads(line))
                    items.append({"create": {"status": 201}})
            errors = any("error" in item["create"] for item in items)
            return 200, {}, json.dumps({"errors": errors, "items": items}).encode()
        if self.kind == "clickhouse":
            query = dict(urllib.parse.parse_qsl(path.split("?", 1)[1]))
            assert query["async_insert"] == "0" and query["wait_end_of_query"] == "1", query
            token = query["insert_deduplication_token"]
            if token not in self.tokens:
                self.tokens.add(token)
                for line in body.splitlines():
                    self.keep(json.loads(line))
            return 200, {"X-ClickHouse-Summary": "{}"}, b""
        if not body:
            return 400, {}, b'{"text":"No data","code":5}'
        for line in body.splitlines():
            self.keep(json.loads(line)["event"])
        return 200, {}, b'{"text":"Success","code":0}'

    def look(self, path):
        """Answers the requests of `destination check`."""
        if self.kind == "clickhouse":
            row = {"engine": "MergeTree", "engine_full": "MergeTree ORDER BY time SETTINGS non_replicated_deduplication_window = 10000"}
            return 200, {"X-ClickHouse-Query-Id": "1"}, json.dumps(row).encode()
        if path == "/":
            return 200, {}, b'{"version":{"number":"9.9.9"}}'
        return 404, {}, b'{"error":{"type":"index_not_found_exception"},"status":404}'


def digest(record):
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
