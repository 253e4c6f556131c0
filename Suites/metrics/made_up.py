"""A server for pictures of the status page. It reports invented states, which a real daemon would reach only after hours or in an outage.

    Suites/metrics/made_up.py well|trouble|many|empty [PORT]
"""
import http.server
import json
import math
import random
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "Sources/CStatusPage/page.html"
NAMES = ["acme", "acme-emea", "contoso", "fabrikam", "globex", "hooli", "initech", "northwind", "stark", "umbrella", "wayne", "wonka"]
NOW = datetime.now(timezone.utc)


def ago(seconds):
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def integration(name, rate, chance):
    lag = chance.randint(1, 14)
    return {
        "name": name, "org": f"https://{name}.okta.com", "state": "live", "since": ago(chance.randint(4000, 400_000)), "lag_seconds": lag,
        "last_event_at": ago(lag + chance.randint(0, 40)), "last_answer_at": ago(lag), "events": int(rate * 40_000), "rejected": 0, "requests": 2700,
        "events_per_second": round(rate, 2), "unsealed_records": int(rate * 120), "credential": f"{name}-read", "duplicates": 0, "fresh_queries": 0,
        "unproven": 0, "budget": {"limit": 120, "remaining": chance.randint(70, 117)},
    }


def series(rate, chance, samples=180):
    phase = chance.random() * 6
    events = [int(max(0, rate * 80 * (1 + 0.5 * math.sin(phase + n / 28) + chance.gauss(0, 0.16)))) for n in range(samples)]
    return {"events": events, "lag": [max(1, int(7 + chance.gauss(0, 2.2))) for _ in range(samples)]}


def made_up(kind):
    """Returns the documents status.json and history.json."""
    chance = random.Random(7)
    names = [] if kind == "empty" else NAMES if kind != "many" else [f"org-{n:04d}" for n in range(1, 1001)]
    rates = {name: chance.choice([0.2, 1.3, 3.1, 8, 21, 46]) * chance.uniform(0.7, 1.3) for name in names}
    integrations = [integration(name, rates[name], chance) for name in names]
    history = {"interval_seconds": 80, "integrations": {name: series(rates[name], chance) for name in names}, "troubles": []}
    status = {
        "format": 1, "version": "0.2.0", "pid": 2417, "started_at": ago(432_000), "updated_at": ago(0), "is_ready": True,
        "configuration": {"in_force_since": ago(86_400), "reloads_begun": 3, "reloads_finished": 3, "restart_needed": []},
        "integrations": integrations,
        "spool": {"directory": "/var/lib/tributary/spool", "bytes": 7_300_000_000, "max_bytes": 21_474_836_480, "segments_sealed": 18_214},
        "destinations": [],
    }
    if integrations:
        integrations[0]["credential_expires"] = (NOW + timedelta(days=41)).strftime("%Y-%m-%d")
        status["destinations"] = [{"running": True, "unit": "tributary-deliver@lake",
            "name": "lake", "state": "live", "place": "s3://example-lake/okta", "lag_segments": 0, "lag_bytes": 0, "lag_seconds": 0, "delivered_segments": 18_214}]
    if kind in ("trouble", "many"):
        bad = {i["name"]: i for i in integrations}
        pick = names[3:8] if kind == "trouble" else [names[100], names[377], names[512], names[730], names[900]]

        def trouble(name, state, word, message, remedy, since, attempts=1, **more):
            bad[name].update(state=state, since=ago(since), lag_seconds=since + 9, events_per_second=0, next_attempt_at=ago(-38), problem={
                "kind": word, "message": message, "remedy": remedy, "attempts": attempts, "since": ago(since)}, **more)
            quiet = max(2, since // 80)
            rows = history["integrations"][name]
            rows["events"][-quiet:] = [0] * len(rows["events"][-quiet:])
            rows["lag"][-quiet:] = [n * 80 for n in range(1, len(rows["lag"][-quiet:]) + 1)]
        trouble(pick[0], "failing", "unauthorized", f"Okta refused the credential {pick[0]}-read (401 E0000011: Invalid token provided)",
                f"Make a new API token in Okta and store it: tributary credential rotate {pick[0]}-read. It is used within seconds", 2840, 31)
        trouble(pick[1], "failing", "unreachable", f"{pick[1]}.okta.com can't be reached: the proxy proxy.example.com:3128 refuses the connection",
                "Tributary tries again automatically. Check that the proxy runs and allows this host", 410, 9)
        trouble(pick[2], "rate_limited", "rate_limited", "the org's rate limit for the log is used up (429), also by other clients",
                "Collection continues automatically in the next window. If other clients need more requests, lower rate_limit_share", 25, budget={"limit": 120, "remaining": 0})
        bad[pick[3]].update(state="catching_up", lag_seconds=5400, backfill={
            "from": ago(2_600_000), "until": ago(90_000), "reached_at": ago(900_000), "fraction": 0.68, "remaining_seconds": 6100})
        bad[pick[4]].update(rejected=3)
        history["troubles"] = [
            {"integration": "initech", "kind": "server_failure", "message": "Okta answered with 502 Bad Gateway", "remedy": "", "since": ago(9000), "until": ago(8460)},
            {"integration": "acme", "kind": "unreachable", "message": "acme.okta.com can't be reached: the name can't be resolved", "remedy": "", "since": ago(40_000), "until": ago(39_100)},
        ]
    if kind == "trouble":
        integrations[0]["credential_expires"] = (NOW + timedelta(days=5)).strftime("%Y-%m-%d")
        status["spool"]["bytes"] = 18_400_000_000
        status["configuration"]["refused"] = {"at": ago(300), "problems": ["/etc/tributary/conf.d/hooli.yaml:7:18: error: integrations[].data_ingest.poll_interval: “15 sec” is not a duration; write it like 15s"]}
        status["destinations"].append({"running": True, "unit": "tributary-deliver-exec@warehouse",
            "name": "warehouse", "state": "waiting", "place": "exec /usr/local/lib/tributary/load-postgresql", "lag_segments": 12, "lag_bytes": 48_000_000,
            "lag_seconds": 1320, "delivered_segments": 5110, "problem": {"message": "the command ended with 75: connection to server at “db1” failed: Connection refused",
                                                                         "remedy": "Tributary sends the segment again automatically. Check that PostgreSQL runs on db1", "attempts": 14, "since": ago(1320)}})
    return status, history


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, kind, port=0):
        status, history = made_up(kind)
        documents = {"/": PAGE.read_bytes(), "/status.json": json.dumps(status).encode(), "/history.json": json.dumps(history).encode()}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = documents.get(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8" if self.path == "/" else "application/json")
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"


if __name__ == "__main__":
    server = Server(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(server.url, flush=True)
    threading.Event().wait()
