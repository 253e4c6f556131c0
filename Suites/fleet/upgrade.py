"""Restarts three hosts one after the other under load, with another binary. Checks exactly-once, and measures how long each org gets no request."""
import os
import shutil
import time
from pathlib import Path

from bench import Fleet, Settings, report
from faults import outline


def run(programs, scratch, seed):
    """NEW=BINDIR contains the binary for the restarted hosts. By default, it is a copy of the same binary."""
    settings = Settings(orgs=50, hosts=3, ttl=10.0, rate=2.0)
    fleet = Fleet(programs, scratch / "fleet", hosts=settings.hosts, orgs=settings.orgs, lease="etcd", ttl=settings.ttl, seed=seed, rate=settings.rate)
    everybody = list(range(settings.hosts))
    try:
        new = Path(shutil.copy(Path(os.environ.get("NEW", programs)) / "tributary", fleet.programs / "tributary-new"))
        fleet.start()
        _, shares = fleet.wait_for_shares(everybody)
        print(f"# {settings.orgs} orgs with {settings.rate:g} events a second each; shares {shares}", flush=True)
        began = time.monotonic()
        for host in fleet.hosts:
            stopping = time.monotonic()
            code = host.stop()
            stopped = time.monotonic()
            host.program = new
            host.start()
            _, shares = fleet.wait_for_shares(everybody)
            print(f"    {host.name} stopped in {stopped - stopping:.1f} s with {code}, is back with shares {shares} after {time.monotonic() - stopped:.1f} s; "
                  f"longest time without a request: {outline(fleet.gaps(stopping, time.monotonic()))}", flush=True)
        print(f"    over the whole upgrade, for each org: {outline(fleet.gaps(began, time.monotonic()))} (poll interval 1 s)")
        again, pages = fleet.pages_asked_again()
        complaints, numbers = fleet.settle()
        print(f"    {', '.join(f'{what} {number}' for what, number in numbers.items())}; pages with events {pages}, requested again {again}")
        report("during a rolling upgrade, no page is requested again", again == 0, again)
        report("after a rolling upgrade under load, each event is in the bucket once", not complaints, "; ".join(complaints))
    finally:
        fleet.close()
