"""The faults of a run: kills, pauses, partitions, failing services, lost answers. A seed determines them before the run."""
import random
import signal
import threading
import time
from dataclasses import dataclass

from engines import wait_for

WEIGHTS = {
    "kill": 3, "kill, disk lost": 1, "kill at stage": 1, "kill at decide": 1, "kill at publish": 1, "kill at forget": 1, "pause": 4, "stop": 1,
    "cut etcd": 3, "cut s3": 3, "cut okta": 2,
    "leader killed": 2, "store killed": 1,
    "answer lost": 2, "answer reset": 2, "answer late": 2, "request late": 2,
}
ENGINES = ("leader killed", "store killed")


@dataclass
class Fault:
    kind: str
    host: int
    seconds: float        # the duration of the fault
    direction: str        # the direction that a cut affects
    is_late: bool         # for a cut: whether its bytes are delivered later; for a kill at a step: whether it comes after the request
    count: int            # the number of PUTs that decide a seal and are affected
    gap: float            # seconds until the next fault
    began: float = 0
    ended: float = 0

    def __str__(self):
        what = {"cut": f" {self.direction}{', delivered after it' if self.is_late else ''}", "answer": f" × {self.count}", "request": f" × {self.count}"}
        if self.kind.startswith("kill at"):
            what["kill"] = f" {'after' if self.is_late else 'before'} its request,"
        where = "" if self.kind in ENGINES else f" collector-{self.host + 1}"
        return f"{self.kind}{where}{what.get(self.kind.split()[0], '')} {self.seconds:.1f} s"


def schedule(seed, count, hosts, ttl, lease, gap, kinds=()):
    """Chooses the faults. The same seed gives the same faults. `gap` is the average time between two faults, in seconds. `kinds` limits the kinds."""
    chosen = random.Random(f"{seed} faults")
    weights = {kind: weight for kind, weight in WEIGHTS.items()
               if (lease == "etcd" or kind not in ("cut etcd", "leader killed")) and (not kinds or kind in kinds)}
    faults = []
    for _ in range(count):
        kind = chosen.choices(list(weights), list(weights.values()))[0]
        # Most faults last longer than the lease.
        seconds = ttl * chosen.uniform(0.5, 3)
        if kind in ("pause", "answer late", "request late"):
            seconds = ttl * chosen.uniform(1.2, 3)
        if kind in ENGINES:
            seconds = chosen.uniform(0.2, 3)
        faults.append(Fault(kind, chosen.randrange(hosts), seconds, chosen.choice(("requests", "answers", "both")), chosen.random() < 0.7,
                            chosen.randint(1, 3), chosen.uniform(0.2, 1.8) * gap))
    return faults


class Chaos:
    """Carries out a schedule on a fleet. A fault waits until no other fault affects the same host or service."""

    def __init__(self, fleet, faults, is_loud=False):
        self.fleet, self.faults, self.is_loud = fleet, faults, is_loud
        self.busy = set()
        self.lock = threading.Lock()
        self.errors = []
        self.steps = 0        # kills that happened at a step of a seal

    def run(self):
        threads = []
        for fault in self.faults:
            resource = self._resource(fault)
            wait_for(f"the end of an earlier fault, before {fault}", lambda: self._take(resource), 300, every=0.05)
            thread = threading.Thread(target=self._carry_out, args=(fault, resource))
            thread.start()
            threads.append(thread)
            time.sleep(fault.gap)
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def _resource(self, fault):
        kind = fault.kind
        if kind.startswith("cut"):
            return (fault.host, kind)
        if kind in ENGINES:
            return kind
        return (fault.host, "decision" if kind.startswith(("answer", "request")) else "process")

    def _take(self, resource):
        with self.lock:
            if resource in self.busy:
                return False
            self.busy.add(resource)
            return True

    def _carry_out(self, fault, resource):
        fault.began = time.monotonic()
        if self.is_loud:
            print(f"    {fault.began - self.fleet.began:6.1f} s  {fault}", flush=True)
        try:
            getattr(self, "_" + fault.kind.split()[0].rstrip(","))(fault)
        except Exception as error:
            self.errors.append(error)
        fault.ended = time.monotonic()
        if self.is_loud and fault.kind in ENGINES:
            print(f"    {fault.ended - self.fleet.began:6.1f} s    up again", flush=True)
        with self.lock:
            self.busy.discard(resource)

    def _kill(self, fault):
        host = self.fleet.hosts[fault.host]
        if fault.kind.startswith("kill at"):
            self._kill_at(fault, host)
        host.kill()
        if fault.kind.endswith("disk lost"):
            host.lose_disk()
        time.sleep(fault.seconds)
        host.start()

    def _kill_at(self, fault, host):
        """Kills a host at its next step of a seal. A standby host has no steps and is killed immediately."""
        host.revive()
        struck = threading.Event()

        def strike():
            fault.began = time.monotonic()
            host.signal(signal.SIGKILL)
            struck.set()

        self.fleet.network.trap(fault.host, fault.kind.split()[-1], fault.is_late, strike)
        if struck.wait(15):
            self.steps += 1
        self.fleet.network.trap(fault.host, None, None, None)

    def _pause(self, fault):
        host = self.fleet.hosts[fault.host]
        host.revive()
        host.signal(signal.SIGSTOP)
        time.sleep(fault.seconds)
        host.signal(signal.SIGCONT)

    def _stop(self, fault):
        host = self.fleet.hosts[fault.host]
        host.revive()
        code = host.stop()
        if code != 0:
            host.exits.append(code)
        time.sleep(fault.seconds)
        host.start()

    def _cut(self, fault):
        service = fault.kind.split()[1]
        self.fleet.network.cut(fault.host, service, fault.direction, fault.is_late)
        time.sleep(fault.seconds)
        self.fleet.network.heal(fault.host, service)

    def _leader(self, fault):
        etcd = self.fleet.etcd
        node = wait_for("a leader of etcd", lambda: {"node": found} if (found := etcd.leader()) is not None else None)["node"]
        etcd.kill(node)
        time.sleep(fault.seconds)
        etcd.start(node)
        wait_for("a leader of etcd after the restart", lambda: etcd.leader() is not None)

    def _store(self, fault):
        self.fleet.bucket.kill()
        time.sleep(fault.seconds)
        self.fleet.bucket.start()

    def _answer(self, fault):
        """Lets the fault affect the next PUTs with which this host decides a seal, even if these are sent much later."""
        self.fleet.network.strike(fault.host, fault.kind, fault.seconds, fault.count)

    _request = _answer


@dataclass
class Takeover:
    """A takeover: another host queries an org's log after a fault of the previous host."""
    seconds: float
    what: str
    was_reachable: bool   # whether all hosts could reach etcd, S3 and Okta
    was_alone: bool       # whether there was no other fault at the same time

    def __lt__(self, other):
        return self.seconds < other.seconds


def takeovers(fleet, faults):
    """Finds the takeovers and their durations: from a fault to the first request of another host for the same org."""
    ends = {*(kind for kind in WEIGHTS if kind.startswith("kill")), "pause", "cut etcd" if fleet.lease == "etcd" else "cut s3"}
    asked = {}
    for request, _, _ in fleet.network.requests["okta"]:
        asked.setdefault(request.port, []).append((request.at, request.host))
    for requests in asked.values():
        requests.sort()
    found = []
    for fault in faults:
        if fault.kind not in ends:
            continue
        for port, requests in asked.items():
            before = [host for at, host in requests if fault.began - 10 < at < fault.began]
            # The relay may deliver a request of the failed host a moment after the fault, so requests within 0.2 s of the fault are ignored.
            after = [(at, host) for at, host in requests if at > fault.began + 0.2]
            if not before or before[-1] != fault.host or not after or after[0][1] == fault.host:
                continue
            until = after[0][0]
            near = [other for other in faults if other is not fault and other.began < until and other.ended > fault.began - fleet.ttl
                    and not other.kind.startswith(("answer", "request late"))]
            found.append(Takeover(until - fault.began, f"{fleet.orgs.names[port]} after {fault} at {fault.began - fleet.began:.1f} s",
                                  not any(other.kind in ENGINES or other.kind.startswith("cut") for other in near), not near))
    return found


def outline(seconds):
    """Returns number, median and maximum of some durations, as text."""
    ordered = sorted(seconds)
    return f"{len(ordered)}, median {ordered[len(ordered) // 2]:.1f} s, worst {ordered[-1]:.1f} s" if ordered else "none"
