"""Runs five hosts and fifty orgs with all kinds of faults. At the end, each event must be in the bucket once."""
import time

from bench import Fleet, Settings, report
from faults import Chaos, outline, schedule, takeovers

USUAL = {"hosts": 5, "orgs": 50, "events": 20, "ttl": 2.0, "lease": "etcd", "fence": "on", "gap": 0.0, "rate": 0.5, "loud": 0, "kinds": ""}


def run(programs, scratch, seed, **changes):
    settings = Settings(**{**USUAL, **changes})
    gap = settings.gap or settings.ttl * 1.2
    fleet = Fleet(programs, scratch, hosts=settings.hosts, orgs=settings.orgs, lease=settings.lease, ttl=settings.ttl, seed=seed, rate=settings.rate,
                  is_fenced=settings.fence != "off")
    print(f"# {settings.hosts} hosts, {settings.orgs} orgs, {settings.events} faults, lease {settings.lease}, TTL {settings.ttl:g} s, fence {settings.fence}, "
          f"SEED={seed}; clocks {', '.join(f'{host.clock:+}' for host in fleet.hosts)} s", flush=True)
    try:
        fleet.start()
        began = time.monotonic()
        chaos = Chaos(fleet, schedule(seed, settings.events, settings.hosts, settings.ttl, settings.lease, gap,
                                      settings.kinds.split(",") if settings.kinds else ()), bool(settings.loud))
        chaos.run()
        ended = time.monotonic()
        fleet.network.calm()
        for host in fleet.hosts:
            host.revive()
        complaints, numbers = fleet.settle()
        describe(fleet, chaos, numbers, began, ended)
        what = f"lease {settings.lease}, {settings.events} faults: each event once, none lost"
        if settings.fence == "off":
            print(f"    without the fence: {'; '.join(complaints) or 'no complaint'}")
            return report("without the fence, events are in the bucket twice, and the suite notices this", numbers["twice"] > 0, numbers["twice"])
        return report(what, not complaints, "; ".join(complaints))
    finally:
        fleet.close()


def describe(fleet, chaos, numbers, began, ended):
    kinds = {}
    for fault in chaos.faults:
        kinds[fault.kind] = kinds.get(fault.kind, 0) + 1
    found = takeovers(fleet, chaos.faults)
    again, pages = fleet.pages_asked_again()
    print(f"    {', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))}; kills at a step of a seal {chaos.steps}; "
          f"faults at PUTs that decide a seal: {dict(fleet.network.struck())}")
    print(f"    {', '.join(f'{what} {number}' for what, number in numbers.items())}; faults took {ended - began:.0f} s, and all events were in the bucket {fleet.settled_in:.0f} s later")
    for what, those in (("all", found), ("with etcd, S3 and Okta up for all hosts", [one for one in found if one.was_reachable]), ("and no other fault at that time", [one for one in found if one.was_alone])):
        print(f"    takeovers, {what}: {outline([one.seconds for one in those])}{f' ({max(those).what})' if those else ''}")
    print(f"    pages with events {pages}, requested again {again}")
    for service in sorted(fleet.network.requests):
        total, methods = fleet.per_minute(service, began, ended)
        print(f"    {service}: {total} requests a minute {methods}")
    spent = [host.spent / (time.monotonic() - fleet.began) * 100 for host in fleet.hosts]
    print(f"    processor {', '.join(f'{part:.1f} %' for part in spent)}; peak memory {', '.join(f'{host.largest >> 10} MiB' for host in fleet.hosts)}", flush=True)
