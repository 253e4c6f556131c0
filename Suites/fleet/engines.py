"""The real services of a fleet: three etcd nodes, one S3 server, and simulated Okta orgs with live events."""
import base64
import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "delivery"))
from store import KEY, SECRET, Store, free_ports  # noqa: E402

BUCKET, PREFIX = "lake", "okta"
TOKEN = "00fleet-test-token"


class TooLate(Exception):
    """A condition that a test waits for did not become true in time."""


def wait_for(what, condition, seconds=60, every=0.1):
    """Checks a condition repeatedly until it is true; returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TooLate(f"waited for {what}, which did not come within {seconds} s")
        time.sleep(every)


class Etcd:
    """Three etcd nodes on loopback, without TLS."""

    def __init__(self, home):
        self.home = home
        home.mkdir()
        ports = free_ports(6)
        self.clients, self.peers = ports[:3], ports[3:]
        self.processes = [None] * 3
        for node in range(3):
            self.start(node)
        wait_for("a leader of etcd", lambda: self.leader() is not None)

    def start(self, node):
        members = ",".join(f"n{number}=http://127.0.0.1:{port}" for number, port in enumerate(self.peers))
        client, peer = (f"http://127.0.0.1:{port}" for port in (self.clients[node], self.peers[node]))
        with open(self.home / f"{node}.log", "ab") as log:
            self.processes[node] = subprocess.Popen(
                ["etcd", "--name", f"n{node}", "--data-dir", self.home / str(node), "--listen-client-urls", client, "--advertise-client-urls", client,
                 "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", members, "--log-level", "warn"],
                stdout=log, stderr=log, start_new_session=True)

    def ask(self, node, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.clients[node]}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=2) as answer:
            return json.load(answer)

    def leader(self):
        """The number of the node that is the leader; None if there is no leader."""
        for node in range(3):
            try:
                said = self.ask(node, "/v3/maintenance/status", {})
                if said.get("leader") == said["header"]["member_id"]:
                    return node
            except OSError:
                continue
        return None

    def keys(self, prefix):
        """The keys and values below a prefix, read without Tributary's code."""
        encoded = [base64.b64encode(text.encode()).decode() for text in (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1))]
        for node in range(3):
            try:
                said = self.ask(node, "/v3/kv/range", {"key": encoded[0], "range_end": encoded[1]})
                return {base64.b64decode(pair["key"]).decode(): base64.b64decode(pair.get("value", "")).decode() for pair in said.get("kvs", [])}
            except OSError:
                continue
        return {}

    def kill(self, node):
        self.processes[node].send_signal(signal.SIGKILL)
        self.processes[node].wait()

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


class Bucket(Store):
    """SeaweedFS with one bucket. With `is_open` it also allows unsigned requests, so that a relay can remove a header of a signed request."""

    def __init__(self, home, is_open=False):
        super().__init__(str(home / "weed"), home)
        # Server and hosts have separate sessions. So each gets its own share of the processor, as on separate machines (sched(7), autogroup).
        (home / "weed").write_text(f'#!/bin/sh\nexec setsid {Path(sys.prefix) / "bin/weed"} "$@"\n')
        (home / "weed").chmod(0o755)
        if is_open:
            identities = json.loads((home / "s3.json").read_text())
            identities["identities"].append({"name": "anonymous", "actions": ["Admin", "Read", "Write", "List"]})
            (home / "s3.json").write_text(json.dumps(identities))
        self.keys = home / "keys"
        self.keys.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
        self.keys.chmod(0o600)
        self.start()
        client = self.client()
        client.create_bucket(Bucket=BUCKET)
        # For the first object of a bucket, the server has to create volumes, which takes a few seconds. This is done before the run begins.
        client.put_object(Bucket=BUCKET, Key="first", Body=b"")
        client.delete_object(Bucket=BUCKET, Key="first")


class Orgs:
    """A simulator process with many orgs. Each org has its own port and events."""

    def __init__(self, programs, home, count, rate, events):
        self.home = home
        home.mkdir()
        self.token = home / "token"
        self.token.write_text(TOKEN + "\n")
        self.token.chmod(0o600)
        ready = home / "ready.json"
        # The run uses a copy of the program, so that a new build does not disturb it.
        program = shutil.copy(programs / "okta-simulator", home / "okta-simulator")
        with open(home / "log", "ab") as log:
            self.process = subprocess.Popen(
                [program, "--orgs", str(count), "--token-file", self.token, "--events", str(events), "--history", "10m", "--rate", str(rate),
                 "--late", "0.02", "--limit-per-minute", "1000000", "--ready-file", ready], stdout=subprocess.DEVNULL, stderr=log,
                start_new_session=True)

        def lines():
            return ready.exists() and len(ready.read_text().splitlines()) == count

        wait_for("the simulated orgs", lines)
        self.ports = [json.loads(line)["port"] for line in ready.read_text().splitlines()]
        self.names = {port: f"org{number:03}" for number, port in enumerate(self.ports)}

    def _get(self, port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.read()

    def uuids(self, port):
        return self._get(port, "/_simulator/uuids").decode().split()

    def stats(self, port):
        return json.loads(self._get(port, "/_simulator/stats"))

    def stop(self):
        self.process.kill()
        self.process.wait()
