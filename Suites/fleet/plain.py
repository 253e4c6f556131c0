"""Compares an old binary (OLD=BINDIR) with the new one, on hosts without `fleet:` that collect from the same orgs. Compares events, requests,
processor time and memory."""
import gzip
import json
import os
import shutil
import time
from collections import Counter
from pathlib import Path

from bench import Settings, report
from engines import Orgs, wait_for
from hosts import Host, build_interposer
from network import Network


def collected(host):
    """How often each event is in the host's spool, by integration."""
    found = {}
    for path in (host.home / "spool").glob("integration=*/class=*/date=*/*.ndjson.gz"):
        name = path.relative_to(host.home / "spool").parts[0].split("=")[1]
        uids = (json.loads(line)["metadata"]["uid"] for line in gzip.decompress(path.read_bytes()).splitlines())
        found.setdefault(name, Counter()).update(uids)
    return found


def run(programs, scratch, seed):
    settings = Settings(orgs=20, rate=5.0, seconds=60, old="")
    if not settings.old:
        return print("skipped  plain: OLD=BINDIR is not set")
    orgs = Orgs(programs, scratch / "orgs", settings.orgs, settings.rate, 1000)
    network = Network(2, {"okta": orgs.ports})
    library = build_interposer(scratch)
    hosts = []
    try:
        for number, (what, directory) in enumerate((("old", Path(settings.old)), ("new", programs))):
            program = Path(shutil.copy(directory / "tributary", scratch / f"tributary-{what}"))
            host = Host(number, scratch / what, program, library, network.namespaces[number])
            host.configure(orgs, "")
            hosts.append(host)
            host.start()
        ends = {"at": None}

        def is_over():
            ends["at"] = ends["at"] or time.monotonic() + settings.seconds
            for host in hosts:
                host.note()
            return time.monotonic() > ends["at"]

        wait_for("the end of the measurement", is_over, settings.seconds + 10, every=1)
        # Measures both hosts at the same moment.
        figures = [(*host.note(), sum(request.host == host.number for request, _, _ in network.requests["okta"])) for host in hosts]
        expected = {name: set(orgs.uuids(port)) for port, name in orgs.names.items()}
        wait_for("all events in both spools", lambda: all(
            (found := collected(host)) and all(found.get(name, Counter()).keys() >= uids for name, uids in expected.items()) for host in hosts), 60, every=1)
        for what, host, (spent, resident, requests) in zip(("old", "new"), hosts, figures):
            code = host.stop()
            twice = sum(number > 1 for found in collected(host).values() for number in found.values())
            print(f"    {what}: processor {spent:.2f} s, memory {resident / 1024:.1f} MiB (most {host.largest / 1024:.1f}), {requests} requests, "
                  f"{sum(len(found) for found in collected(host).values())} events, {twice} twice, stopped with {code}", flush=True)
            report(f"a host without fleet, {what}: each event once", twice == 0 and code == 0)
    finally:
        for host in hosts:
            if host.is_running:
                host.kill()
        network.close()
        orgs.stop()
