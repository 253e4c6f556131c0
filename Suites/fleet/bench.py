"""A complete fleet on this machine: services, orgs, hosts with their namespaces, and the checks at the end."""
import os
import random
import shutil
import threading
import time
from pathlib import Path

import check
from engines import Bucket, Etcd, Orgs, TooLate, wait_for
from hosts import Host, build_interposer, fleet_keys
from network import Network

failures = []


def report(what, good, more=""):
    print(f"{'ok' if good else 'NOT OK'}  {what}{': ' + str(more) if more != '' else ''}", flush=True)
    if not good:
        failures.append(what)
    return good


class Settings:
    """The settings of a run. Each has its value from the environment, or its default."""

    def __init__(self, **defaults):
        for name, value in defaults.items():
            given = os.environ.get(name.upper())
            setattr(self, name, value if given is None else type(value)(given))


class Fleet:
    def __init__(self, programs, scratch, *, hosts, orgs, lease, ttl, seed, rate, events=50, is_fenced=True, clocks=300,
                 segment_max_age="5s", poll_interval="1s"):
        self.home = scratch
        self.lease, self.ttl = lease, ttl
        self.etcd = self.bucket = self.orgs = self.network = None
        self.hosts = []
        self.is_over = threading.Event()
        try:
            self._build(programs, hosts, orgs, seed, rate, events, is_fenced, clocks, segment_max_age, poll_interval)
        except BaseException:
            self.close()
            raise
        self.reader = check.Reader(self.bucket)
        self.began = time.monotonic()
        threading.Thread(target=self._watch, daemon=True).start()

    def _build(self, programs, hosts, orgs, seed, rate, events, is_fenced, clocks, segment_max_age, poll_interval):
        chosen = random.Random(f"{seed} clocks")
        self.programs = self.home / "bin"
        self.programs.mkdir(parents=True)
        self.program = Path(shutil.copy(programs / "tributary", self.programs / "tributary"))
        self.etcd = Etcd(self.home / "etcd") if self.lease == "etcd" else None
        self.bucket = Bucket(self.home / "store", is_open=not is_fenced)
        self.orgs = Orgs(programs, self.home / "orgs", orgs, rate, events)
        services = {"s3": [self.bucket.port], "okta": self.orgs.ports}
        if self.etcd:
            services["etcd"] = self.etcd.clients
        self.network = Network(hosts, services)
        if not is_fenced:
            self.network.drop_condition()
        library = build_interposer(self.home)
        for number in range(hosts):
            host = Host(number, self.home / f"host{number + 1}", self.program, library, self.network.namespaces[number],
                        clock=chosen.randint(-clocks, clocks) if clocks else 0)
            host.configure(self.orgs, fleet_keys(host.name, self.bucket, self.etcd, self.ttl), segment_max_age=segment_max_age, poll_interval=poll_interval)
            self.hosts.append(host)

    def _watch(self):
        while not self.is_over.wait(1):
            for host in self.hosts:
                if host.is_running:
                    host.note()

    def start(self):
        """Starts all hosts, and waits until each org was queried."""
        for host in self.hosts:
            host.start()
        self.wait_until_all_are_asked()

    def wait_until_all_are_asked(self, seconds=120):
        since = time.monotonic()
        wait_for("a request to each org", lambda: self.asked_since(since) == len(self.orgs.ports) or not self._some_run(), seconds)
        if not self._some_run():
            raise TooLate(f"the hosts ended: {self.hosts[0].log.read_text()[-1500:]}")

    def _some_run(self):
        return any(host.is_running for host in self.hosts)

    def asked_since(self, since):
        """The number of orgs that have been queried since this time."""
        found = set()
        for request, _, _ in reversed(self.network.requests["okta"]):
            if request.at < since - 60:
                break
            if request.at >= since:
                found.add(request.port)
        return len(found)

    def holders(self, within=5):
        """For each integration that was queried in the last `within` seconds: the number of the host that queried it last."""
        now, found = time.monotonic(), {}
        for request, _, _ in reversed(self.network.requests["okta"]):
            if request.at < now - within - 30:
                break
            if request.at > now - within and "/logs" in request.target:
                found.setdefault(self.orgs.names[request.port], request.host)
        return found

    def shares(self, within=5):
        """The number of integrations that each host queries."""
        found = list(self.holders(within).values())
        return [found.count(number) for number in range(len(self.hosts))]

    def wait_for_shares(self, hosts, within=5, seconds=120):
        """Waits until these hosts share all integrations evenly and no other host has any. Returns (seconds, shares)."""
        began, share = time.monotonic(), len(self.orgs.ports) / len(hosts)

        def is_fair():
            # Considers only the queries since the beginning of this call.
            shares = self.shares(min(within, time.monotonic() - began))
            return sum(shares) == len(self.orgs.ports) and all(
                abs(count - share) <= 1 if number in hosts else count == 0 for number, count in enumerate(shares))

        try:
            wait_for(f"fair shares of hosts {[number + 1 for number in hosts]}", is_fair, seconds, every=0.5)
        except TooLate as late:
            raise TooLate(f"{late}; they have {self.shares(within)}") from None
        return time.monotonic() - began, self.shares(within)

    def gaps(self, since, until):
        """For each org, the longest time without a request, in seconds."""
        asked = {port: [since] for port in self.orgs.ports}
        for request, _, _ in self.network.requests["okta"]:
            if since <= request.at < until:
                asked[request.port].append(request.at)
        return [max(after - before for before, after in zip(sorted(times), [*sorted(times)[1:], until])) for times in asked.values()]

    def measure(self, seconds):
        """Measures a quiet period. Returns requests, processor time and memory as lines to print, and the requests to Okta per minute."""
        began, before = time.monotonic(), [host.note()[0] for host in self.hosts]
        wait_for("the end of the measurement", lambda: time.monotonic() >= began + seconds, seconds + 5)
        ended = time.monotonic()
        lines = [f"{service}: {total} requests a minute {methods}" for service in sorted(self.network.requests)
                 for total, methods in [self.per_minute(service, began, ended)]]
        for host, spent in zip(self.hosts, before):
            now, resident = host.note()
            if resident:
                lines.append(f"{host.name}: processor {(now - spent) / (ended - began) * 100:.1f} %, memory {resident / 1024:.0f} MiB (most {host.largest >> 10})")
        return lines, self.per_minute("okta", began, ended)[0]

    def generated(self):
        return {name: set(self.orgs.uuids(port)) for port, name in self.orgs.names.items()}

    def settle(self, seconds=180):
        """Waits until all events that were generated so far are in the bucket, then stops the hosts. Returns what is wrong, and numbers to print."""
        expected = self.generated()
        # Reads most objects now, so that the time measured below does not include the time to read them.
        self.reader.look()
        began, complaints = time.monotonic(), []
        try:
            wait_for("all events in the bucket", lambda: check.is_all_there(self.reader, expected), seconds, every=1)
        except TooLate as late:
            complaints.append(str(late))
        self.settled_in = time.monotonic() - began
        stops = [None] * len(self.hosts)

        def stop(number):
            stops[number] = self.hosts[number].stop()

        threads = [threading.Thread(target=stop, args=(number,)) for number in range(len(self.hosts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any(stops):
            complaints.append(f"the exit codes of the hosts are {stops}")
        complaints += [f"{host.name} exited unexpectedly, with the codes {host.exits}" for host in self.hosts if host.exits]
        for host in self.hosts:
            complaints += [f"{host.name} has logged: {line}" for line in host.log.read_text().splitlines() if " critical " in line][:3]
        self.reader.forget()
        self.reader.look()
        more, numbers = check.verdict(self.reader, expected, self.generated())
        return complaints + more, numbers

    def per_minute(self, service, since, until):
        """Returns the requests per minute: in total, and by method."""
        counts = {}
        for request, _, _ in self.network.requests[service]:
            if since <= request.at < until:
                counts[request.method] = counts.get(request.method, 0) + 1
        minutes = max(until - since, 1e-9) / 60
        return round(sum(counts.values()) / minutes), {method: round(count / minutes) for method, count in sorted(counts.items())}

    def pages_asked_again(self):
        """Returns the number of pages with events that were requested more than once, and the number of all pages with events."""
        seen, again, pages = set(), 0, 0
        for request, status, size in self.network.requests["okta"]:
            # An answer without events has only about 900 bytes, most of them headers. So a larger answer has events.
            if status == 200 and size > 2000 and "after=" in request.target:
                pages += 1
                again += (request.port, request.target) in seen
                seen.add((request.port, request.target))
        return again, pages

    def close(self):
        self.is_over.set()
        for host in self.hosts:
            if host.is_running:
                host.kill()
        for part in (self.network, self.orgs, self.bucket, self.etcd):
            if part is not None:
                getattr(part, "close" if part is self.network else "stop")()
