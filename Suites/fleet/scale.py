"""Runs three hundred orgs on three hosts. Checks the shares and what happens when a host leaves and returns. Compares the cost with that of one host."""
import json
import time

from bench import Fleet, Settings, report
from faults import outline

POLL = 5


def run(programs, scratch, seed):
    settings = Settings(orgs=300, hosts=3, ttl=10.0, rate=0.05, seconds=60)

    def fleet(home, hosts):
        home.mkdir()
        return Fleet(programs, home, hosts=hosts, orgs=settings.orgs, lease="etcd", ttl=settings.ttl, seed=seed, rate=settings.rate, events=20,
                     segment_max_age="60s", poll_interval=f"{POLL}s")

    several = fleet(scratch / "several", settings.hosts)
    try:
        seconds = play(several, settings)
    finally:
        several.close()
    single = fleet(scratch / "single", 1)
    try:
        single.start()
        single.wait_for_shares([0], within=POLL * 3)
        lines, alone = single.measure(settings.seconds)
        print("    one host alone:\n      " + "\n      ".join(lines), flush=True)
    finally:
        single.close()
    report(f"Okta gets no more requests from {settings.hosts} hosts than from one", seconds <= alone * 1.1, f"{seconds} and {alone} a minute")


def check_status(fleet):
    """Checks that `tributary fleet status` agrees with the requests that Okta receives."""
    code, said = fleet.hosts[0].command("fleet", "status", "--json")
    told = {one["name"]: one.get("host") for one in json.loads(said)["integrations"]} if code == 0 else said[-500:]
    seen = {name: fleet.hosts[number].name for name, number in fleet.holders(POLL * 3).items()}
    report("fleet status names for each integration the host that sends requests to Okta", told == seen, "" if told == seen else f"{str(told)[:200]} and {str(seen)[:200]}")


def drain(fleet, within):
    """Drains the first host with `tributary fleet drain`, and then lets it take its share again."""
    first, others = fleet.hosts[0], list(range(1, len(fleet.hosts)))
    began = time.monotonic()
    code, said = fleet.hosts[-1].command("fleet", "drain", first.name, "--wait")
    report("fleet drain --wait ends with 0", code == 0, "" if code == 0 else said[-300:])
    drained = time.monotonic() - began
    _, shares = fleet.wait_for_shares(others, within)
    code, said = fleet.hosts[-1].command("fleet", "undrain", first.name)
    report("fleet undrain ends with 0", code == 0, "" if code == 0 else said[-300:])
    took, after = fleet.wait_for_shares([0, *others], within)
    print(f"    {first.name} is drained in {drained:.1f} s, shares {shares}; taken back in {took:.0f} s, shares {after}; longest time without a request, "
          f"for each org: {outline(fleet.gaps(began, time.monotonic()))}")


def play(fleet, settings):
    everybody = list(range(settings.hosts))
    fleet.start()
    within = POLL * 3
    took, shares = fleet.wait_for_shares(everybody, within)
    print(f"# {settings.orgs} orgs: shares {shares} after {took:.0f} s", flush=True)
    lines, requests = fleet.measure(settings.seconds)
    print("    " + "\n    ".join(lines), flush=True)
    began = time.monotonic()
    code = fleet.hosts[-1].stop()
    stopped = time.monotonic() - began
    took, shares = fleet.wait_for_shares(everybody[:-1], within)
    print(f"    {fleet.hosts[-1].name} leaves in {stopped:.1f} s with {code}; shares {shares} after {stopped + took:.1f} s", flush=True)
    fleet.hosts[-1].start()
    took, shares = fleet.wait_for_shares(everybody, within)
    print(f"    the host returns: shares {shares} after {took:.1f} s; longest time without a request, for each org: "
          f"{outline(fleet.gaps(began, time.monotonic()))} (poll interval {POLL} s)")
    check_status(fleet)
    drain(fleet, within)
    again, pages = fleet.pages_asked_again()
    print(f"    pages with events {pages}, requested again {again}")
    complaints, numbers = fleet.settle()
    print(f"    {', '.join(f'{what} {number}' for what, number in numbers.items())}")
    report("if integrations are moved without a fault, no page is requested again", again == 0, again)
    report("with 300 orgs and a host that leaves and returns, each event is in the bucket once", not complaints, "; ".join(complaints))
    return requests
