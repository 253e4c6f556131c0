#!/usr/bin/env python3
"""Measures the lag of the tail during a backfill. A simulated org has older events and a live stream. A daemon on its first run
collects both, and is killed now and then. At the end, the script counts how often each event was collected.

    backfill.py PRODUCTS [--events 200000] [--rate 20] [--limit 600] [--kills 0]

Prints one JSON line. The lag is `lag_seconds` of status.json during the backfill (docs/status.md). status.json is written once a second.
"""
import argparse
import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("products")
parser.add_argument("--events", type=int, default=200_000)
parser.add_argument("--rate", type=float, default=20)
parser.add_argument("--limit", type=int, default=600, help="the org's requests a minute")
parser.add_argument("--kills", type=int, default=0)
parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
arguments = parser.parse_args()
choose = random.Random(arguments.seed)


def started(command, **more):
    return subprocess.Popen(command, **more)


with tempfile.TemporaryDirectory() as root:
    ready = root + "/ready"
    simulator = started([arguments.products + "/okta-simulator", "--token", "t0ken", "--events", str(arguments.events),
                         "--history", "60d", "--rate", str(arguments.rate), "--late", "0.02",
                         "--limit-per-minute", str(arguments.limit), "--ready-file", ready], stdout=subprocess.DEVNULL)
    try:
        while not os.path.exists(ready):
            time.sleep(0.05)
        url = json.load(open(ready))["url"]
        with open(root + "/token", "w") as file:
            file.write("t0ken\n")
        with open(root + "/tributary.yaml", "w") as file:
            file.write(f"""state_directory: {root}/state
runtime_directory: {root}/run
spool:
  directory: {root}/spool
  segment_max_age: 1h
record:
  raw_data: false
credentials:
  - name: read
    type: api_token
    permissions: read
    secret_file: {root}/token
integrations:
  - name: acme
    url: {url}
    data_ingest:
      credential: read
      poll_interval: 5s
      start: 90d
""")

        def daemon():
            return started([arguments.products + "/tributary", "run", "--config", root + "/tributary.yaml"],
                           stderr=open(root + "/log", "a"))

        def integration():
            try:
                return json.load(open(root + "/run/status.json"))["integrations"][0]
            except (OSError, ValueError, IndexError):
                return {}

        process, lags, kills, began, saw = daemon(), [], 0, time.monotonic(), False
        while True:
            time.sleep(0.5)
            if process.poll() is not None:
                sys.exit("the daemon ended:\n" + open(root + "/log").read()[-3000:])
            now = integration()
            if now.get("backfill"):
                saw = True
                # The tail has all events up to its last answer, so the lag is the time since that answer.
                if "lag_seconds" in now:
                    lags.append(now["lag_seconds"])
                if kills < arguments.kills and choose.random() < 0.1:
                    kills += 1
                    process.kill()
                    process.wait()
                    process = daemon()
            elif saw and now.get("state") == "live":
                break
            if time.monotonic() - began > 1500:
                sys.exit("too long:\n" + open(root + "/log").read()[-3000:])
        took = time.monotonic() - began
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        stats = json.load(urllib.request.urlopen(url + "/_simulator/stats"))
        log = [line for line in urllib.request.urlopen(url + "/_simulator/uuids").read().decode().split()]
        seen = collections.Counter()
        cat = started([arguments.products + "/tributary", "spool", "cat", "--config", root + "/tributary.yaml"],
                      stdout=subprocess.PIPE, text=True)
        for line in cat.stdout:
            seen[line[len('{"metadata":{"uid":"'):].partition('"')[0]] += 1
        # The org wrote more events after the daemon had stopped. So the spool has only the beginning of the log, which must have no gap.
        expected = log[:len(seen)]
        lags.sort()
        print(json.dumps({
            "seed": arguments.seed, "history": arguments.events, "collected": len(seen), "kills": kills,
            "lost": len(set(expected) - set(seen)), "doubled": sum(count > 1 for count in seen.values()),
            "seconds": round(took, 1), "requests": stats["requests"], "rate_limited": stats["rateLimited"],
            "at_once": stats["maximumInFlight"], "samples": len(lags),
            "lag_p50_s": lags[len(lags) // 2] if lags else None,
            "lag_p99_s": lags[min(len(lags) - 1, len(lags) * 99 // 100)] if lags else None,
            "lag_max_s": lags[-1] if lags else None}))
    finally:
        simulator.terminate()
