"""A real daemon that collects from okta-simulator, and clients of its listener."""
import http.client
import json
import secrets
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """One daemon with any number of orgs. Use it in a `with` statement."""

    def __init__(self, programs, root, orgs=1, events=500, rate=5, names=None, extra="", listen=None, poll="1s", age="2s"):
        self.programs, self.root = programs, root
        root.mkdir(parents=True)
        self.token = root / "token"
        self.token.write_text("00" + secrets.token_hex(20))
        self.token.chmod(0o600)
        self.port = free_port()
        self.listen = listen or f"127.0.0.1:{self.port}"
        ready = root / "simulator.json"
        self.simulator = subprocess.Popen(
            [programs / "okta-simulator", "--orgs", str(orgs), "--token-file", self.token, "--events", str(events), "--rate", str(rate),
             "--limit-per-minute", "100000", "--ready-file", ready], stdout=subprocess.DEVNULL, stderr=open(root / "simulator.log", "wb"))
        until(lambda: ready.exists() and len(ready.read_text().splitlines()) == orgs, 60, "the simulator")
        self.urls = [json.loads(line)["url"] for line in ready.read_text().splitlines()]
        self.names = names or [f"org-{n:04d}" for n in range(1, orgs + 1)]
        self.config = root / "tributary.yaml"
        integrations = "".join(
            f"  - {{name: {name}, url: '{url}', data_ingest: {{credential: read, poll_interval: {poll}, start: 1d}}}}\n"
            for name, url in zip(self.names, self.urls))
        self.config.write_text(
            f"state_directory: {root}/state\nruntime_directory: {root}/run\ndelivery_directory: {root}/deliver\n"
            f"spool: {{directory: {root}/spool, segment_max_age: {age}}}\n"
            f"metrics: {{listen: '{self.listen}', textfile: {root}/metrics.prom}}\n"
            f"credentials:\n  - {{name: read, secret_file: {self.token}, expires: 2099-12-31}}\nintegrations:\n{integrations}{extra}")
        self.log = root / "tributary.log"
        self.process = subprocess.Popen([programs / "tributary", "run", "--config", self.config], stderr=open(self.log, "wb"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.process, self.simulator):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self.process, self.simulator):
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path, method="GET", headers=None, timeout=30):
        """Sends a request. Returns status, headers and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def status(self):
        status, _, body = self.get("/status.json")
        assert status == 200, f"/status.json: {status} {body[:200]}"
        return json.loads(body)

    def wait_until_live(self, count=None, seconds=60):
        count = len(self.names) if count is None else count

        def live():
            try:
                report = json.loads((self.root / "run/status.json").read_text())
                return sum(i["state"] == "live" for i in report["integrations"]) >= count and self.get("/healthz/live")[0] == 200
            except OSError:
                assert self.process.poll() is None, self.log.read_text()[-800:]
                return False
        until(live, seconds, f"{count} live integrations")

    def memory(self, key="VmRSS"):
        """A value of the daemon's memory in KiB (proc(5), status). VmHWM is the maximum so far."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key + ":"))

    def events(self):
        return sum(i["events"] for i in self.status()["integrations"])

    def socket(self, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)


def until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def samples(text):
    """The values in an answer from /metrics, by name{labels}."""
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}
