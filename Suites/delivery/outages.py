"""Delivers to a server whose disk is full, to a server that is down for a day, and to ten destinations of which one hangs."""
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

import spool
from harness import IS_LONG, SEED, Deliverer, check, configure, objects, records_of, wait_for
from store import KEY, SECRET, Proxy, Store, free_ports


def key_file(home):
    file = home / "key"
    file.write_text(f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
    return file


def full_disk(programs, scratch, weed):
    """Lets the server's disk become full in the middle of a backlog, and enlarges it later."""
    home = scratch / "full"
    home.mkdir()
    disk = home / "store"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], capture_output=True).returncode:
        print("    skipped: the full disk, because this user may not mount a file system")
        return
    count = 250 if IS_LONG else 150
    expected = spool.make(home / "spool", count, SEED + 7, size=100 << 20 >> 8, compress=False)
    total = sum(file.stat().st_size for file in (home / "spool").rglob("*.ndjson"))
    store = Store(weed, disk, volume_megabytes=8)
    deliverer = Deliverer(programs, home, "lake")
    proxy = None
    try:
        store.start()
        store.client().create_bucket(Bucket="lake")
        proxy = Proxy(store, SEED + 7)
        configure(home, proxy.port, key_file(home))
        filler = disk / "filler"
        room = os.statvfs(disk)
        # Leaves room for at most half of the segments' bytes.
        filler.write_bytes(bytes(max(0, room.f_bavail * room.f_frsize - total // 2)))
        deliverer.start()
        wait_for("a report about the disk", lambda: deliverer.problem, 120)
        words = deliverer.problem
        check("full disk: the deliverer reports that the store can't store segments now", "can't store the object now: 5" in words)
        # Once the problem has lasted for more than one attempt, no transfer is running, and the stored segments are
        # acknowledged.
        wait_for("more than one attempt", lambda: (deliverer.report.get("problem") or {}).get("attempts", 0) > 2, 120)
        stored = len(proxy.stored)
        check("full disk: some segments were stored, and some were not", 0 < stored < count)
        check("full disk: the state is waiting", deliverer.report.get("state"), "waiting")
        subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
        filler.unlink()
        enlarged = time.monotonic()
        if not wait_for("the end of the spool", lambda: deliverer.acknowledged == count, 150):
            print(f"    {deliverer.report}")
        waited = time.monotonic() - enlarged
        check("full disk: the deliverer stops with 0", deliverer.stop(), 0)
        check(f"full disk: each of {count} segments is stored, byte for byte, and nothing else",
              objects(store.client(), "lake") == {f"okta/{path}": digest for path, digest in expected.items()})
        check("full disk: no segment had two successful PUTs", [path for path, times in proxy.stored.items() if times > 1], [])
        print(f"    {stored} of {count} segments ({total >> 20} MiB) fit; the rest was stored {waited:.0f} s after the disk was enlarged; "
              f"answers {proxy.answers}; the deliverer said: {words}")
    finally:
        if deliverer.process and deliverer.process.poll() is None:
            deliverer.kill()
        if proxy:
            proxy.stop()
        store.stop()
        subprocess.run(["umount", "--lazy", disk], check=True)


def day(programs, scratch, weed):
    """Starts the server only after a day's segments were sealed. All of them must be delivered, so retention may not delete any before that."""
    home = scratch / "day"
    home.mkdir()
    # Each class has a segment every five minutes. There are three classes, and ten in the long form.
    count = 288 * (10 if IS_LONG else 3)
    now = time.time()

    def sealed_at(number):
        return now - 86_400 * (1 - number / count)

    expected = spool.make(home / "spool", count // 2, SEED + 8, sealed_at=sealed_at)
    port = free_ports(1)[0]
    configure(home, port, key_file(home))
    text = (home / "tributary.yaml").read_text()
    (home / "tributary.yaml").write_text(text.replace(f"directory: {home}/spool", f"directory: {home}/spool, retention: 1h"))
    deliverer = Deliverer(programs, home, "lake")
    store = proxy = None
    try:
        deliverer.start()
        wait_for("the trouble", lambda: deliverer.problem, 60)
        # Adds the segments of the second half of the day.
        expected |= spool.make(home / "spool", count - count // 2, SEED + 9, first=count // 2 + 1, sealed_at=sealed_at)
        wait_for("a lag of all segments", lambda: deliverer.report.get("lag_segments") == count, 60)
        report = deliverer.report
        check("a day: the deliverer reports that the server does not answer", "127.0.0.1" in deliverer.problem and "connect" in deliverer.problem.lower())
        check("a day: the lag is a day", 86_000 < report["lag_seconds"] < 86_800)
        check("a day: nothing is acknowledged", deliverer.acknowledged, 0)
        status = subprocess.run([programs / "tributary", "status", "--config", home / "tributary.yaml"], capture_output=True, text=True)
        check("a day: the status shows how many segments wait and since when",
              f"{count} segments" in status.stdout and "the oldest for" in status.stdout and status.returncode == 69)
        pruned = subprocess.run([programs / "tributary", "spool", "prune", "--older-than", "1h", "--config", home / "tributary.yaml"],
                                capture_output=True, text=True)
        check("a day: segments that are not delivered yet are not deleted, although their retention is over",
              len(list((home / "spool").rglob("*.ndjson"))) - 1, count)
        requests = deliverer.report["requests"]
        lines = (home / "lake.log").read_text().count("\n")
        check("a day: while the server does not answer, few requests are sent and few lines are logged", (requests < 200, lines < 10), (True, True))
        store = Store(weed, home / "store")
        store.start()
        store.client().create_bucket(Bucket="lake")
        proxy = Proxy(store, SEED + 8, port=port)
        up = time.monotonic()
        wait_for("the first segment", lambda: proxy.stored, 90)
        began = time.monotonic()
        wait_for("the end of the spool", lambda: deliverer.acknowledged == count)
        ended = time.monotonic()
        peak = deliverer.resident
        check("a day: the deliverer stops with 0", deliverer.stop(), 0)
        check(f"a day: each of {count} segments is stored, byte for byte, and nothing else",
              objects(store.client(), "lake") == {f"okta/{path}": digest for path, digest in expected.items()})
        check("a day: each segment had one successful PUT", sorted(proxy.stored.values()), [1] * count)
        check("a day: memory stays below 40 MiB", 0 < peak < 40 << 10)
        sent = sum(times for name, times in proxy.requests.items() if " " not in name)
        print(f"    {count} segments waited, {requests} requests and {lines} log lines during the outage; after it, the first segment was stored after "
              f"{began - up:.1f} s and the last {ended - began:.1f} s later ({count / (ended - began):.0f} segments/s), "
              f"{sent / count:.2f} requests each; peak memory {peak / 1024:.1f} MiB; prune said: {(pruned.stdout + pruned.stderr).strip()}")
    finally:
        if deliverer.process and deliverer.process.poll() is None:
            deliverer.kill()
        if proxy:
            proxy.stop()
        if store:
            store.stop()


class Hanging:
    """A server that accepts connections and requests, and never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Collector:
    """The process `tributary run`, which collects from okta-simulator."""

    def __init__(self, programs, home, events):
        self.programs, self.home, self.events = programs, home, events
        (home / "token").write_text("00a-token-of-the-test-suite-0123456789abcdef\n")
        (home / "token").chmod(0o600)
        self.simulator = subprocess.Popen(
            [programs / "okta-simulator", "--port", "0", "--token-file", home / "token", "--events", str(events), "--limit-per-minute", "1000000",
             "--seed", str(SEED), "--ready-file", home / "ready"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the simulator", (home / "ready").exists, 60)
        self.url = json.loads((home / "ready").read_text())["url"]
        self.process = None

    @property
    def configuration(self):
        return f"""
state_directory: {self.home}/state
runtime_directory: {self.home}/run
delivery_directory: {self.home}/deliver
spool: {{directory: {self.home}/spool, segment_max_age: 1s, segment_max_bytes: 256KiB}}
credentials:
  - {{name: acme-read, type: api_token, permissions: read, secret_file: {self.home}/token}}
integrations:
  - name: acme
    url: "{self.url}"
    data_ingest: {{credential: acme-read, start: 30d, poll_interval: 1s, rate_limit_share: 1}}
destinations:
"""

    def start(self):
        with open(self.home / "collector.log", "ab") as log:
            self.process = subprocess.Popen([self.programs / "tributary", "run", "--config", self.home / "tributary.yaml"], stderr=log, stdout=log)

    @property
    def lines(self):
        try:
            return [json.loads(line) for line in (self.home / "spool/_manifest.ndjson").read_text().splitlines()]
        except (OSError, ValueError):
            return []

    @property
    def collected(self):
        return sum(line["records"] for line in self.lines)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def end(self):
        for process in (self.process, self.simulator):
            if process and process.poll() is None:
                process.kill()
                process.wait()


def ten(programs, scratch, weed):
    """Measures ten destinations of one collector twice: first all of them work, then one hangs."""
    home = scratch / "ten"
    home.mkdir()
    store = Store(weed, home / "store")
    store.start()
    client = store.client()
    events = 100_000 if IS_LONG else 20_000
    seconds = {}
    try:
        for phase in ("good", "hanging"):
            seconds[phase] = ten_once(programs, home / phase, store, client, events, phase == "hanging")
        (good, good_collector), (bad, bad_collector) = seconds["good"], seconds["hanging"]
        print(f"    {events} events: the collector took {good_collector:.1f} s with ten good destinations and {bad_collector:.1f} s with one hanging; "
              f"the slowest of the nine had everything after {good:.1f} s and {bad:.1f} s; load {os.getloadavg()[0]:.1f}")
        # The machine may be busy, so the limits are loose. They show that nothing waits for a time-out (60 s) of the hanging destination.
        check("ten destinations: the collector is not delayed if one of them hangs", bad_collector < good_collector + 50)
        check("ten destinations: if one hangs, the other nine deliveries are not delayed", bad < good + 50)
    finally:
        store.stop()


def ten_once(programs, home, store, client, events, hangs):
    """Returns two durations in seconds: until nine destinations had everything, and until the collector had everything."""
    home.mkdir()
    what = "with one that hangs" if hangs else "all good"
    file = key_file(home)
    hanging = Hanging()
    collector = Collector(programs, home, events)
    names = [f"d{number}" for number in range(10)]
    text = collector.configuration
    for name in names:
        client.create_bucket(Bucket=f"{name}-{home.name}")
        port = hanging.port if hangs and name == "d9" else store.port
        text += (f"  - {{name: {name}, type: s3, bucket: {name}-{home.name}, endpoint: 'http://127.0.0.1:{port}', credentials: static, "
                 f"secret_file: {file}}}\n")
    (home / "tributary.yaml").write_text(text)
    deliverers = [Deliverer(programs, home, name) for name in names]
    nine = deliverers[:9]
    try:
        started = time.monotonic()
        collector.start()
        for deliverer in deliverers:
            deliverer.start()
        wait_for("all events", lambda: collector.collected >= events or collector.process.poll() is not None)
        collecting = time.monotonic() - started
        last = collector.lines[-1]["sequence"]
        wait_for("the nine", lambda: all(deliverer.acknowledged >= last for deliverer in nine))
        delivering = time.monotonic() - started
        if not hangs:
            wait_for("the tenth", lambda: deliverers[9].acknowledged >= last)
        status = subprocess.run([programs / "tributary", "status", "--config", home / "tributary.yaml"], capture_output=True, text=True)
        check(f"ten, {what}: the status shows nine destinations that have everything",
              status.stdout.count("nothing waits"), 9 if hangs else 10)
        check(f"ten, {what}: the collector stops with 0", collector.stop(), 0)
        check(f"ten, {what}: {events} events were collected, each once", (collector.collected, len(records_of(home))), (events, events))
        wait_for("the collector's last segments", lambda: all(deliverer.acknowledged >= collector.lines[-1]["sequence"] for deliverer in nine))
        if hangs:
            check("ten destinations: the hanging delivery has acknowledged nothing", deliverers[9].acknowledged, 0)
            check("ten destinations: the hanging delivery has at most ten connections", len(hanging.connections) <= 10)
            hanging_stop = time.monotonic()
            check("ten destinations: the hanging delivery stops with 0 in time", (deliverers[9].stop(), time.monotonic() - hanging_stop < 30), (0, True))
        check(f"ten, {what}: each deliverer stops with 0", [deliverer.stop() for deliverer in (nine if hangs else deliverers)],
              [0] * (9 if hangs else 10))
        wanted = {line["path"]: line["sha256"] for line in collector.lines if line["kind"] == "records"}
        chosen = random.Random(SEED)
        # Every destination must have the keys of all segments. The bytes are compared for only one destination, because all deliver the same files.
        for name in names[:9]:
            keys = {item["Key"] for page in client.get_paginator("list_objects_v2").paginate(Bucket=f"{name}-{home.name}")
                    for item in page.get("Contents", [])}
            if keys != set(wanted):
                check(f"ten, {what}: {name} has every segment", False)
        check(f"ten, {what}: one destination has {len(wanted)} segments, byte for byte", objects(client, f"{chosen.choice(names[:9])}-{home.name}") == wanted)
    finally:
        for deliverer in deliverers:
            if deliverer.process and deliverer.process.poll() is None:
                deliverer.kill()
        collector.end()
        hanging.stop()
    return delivering, collecting
