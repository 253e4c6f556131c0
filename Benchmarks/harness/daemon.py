"""Measures the time and memory that `tributary run` needs to make sealed, synced segments from the answers of an nginx on loopback. For comparison,
this module also measures the least possible cost of the same work."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import measure

CONFIGURATION = """state_directory: %(home)s/state
runtime_directory: %(home)s/run
spool: {directory: %(home)s/spool}
record: {raw_data: %(raw)s}
credentials:
  - {name: bench, type: api_token, permissions: read, secret_file: %(home)s/token}
integrations:
  - {name: bench, url: "%(url)s", data_ingest: {credential: bench, start: 1d}}
"""


def newest(folder):
    """Returns when a file below the folder was last written, in seconds since 1970."""
    times = [0]
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                times.append(os.stat(os.path.join(root, name)).st_mtime)
            except FileNotFoundError:  # deleted in the meantime
                pass
    return max(times)


def run(programs, work, pages, events, raw_data):
    """Runs the daemon until all pages are collected. Returns its cost, and the MB of sealed segments.

    The wall time is the time until the last commit, according to the files of the spool, plus the time of the stop, which
    includes the last seals. status.json is too coarse for this, because it is written once a second. It only shows when to look at the files.
    """
    home = tempfile.mkdtemp(prefix="daemon-", dir=work)
    try:
        with open(home + "/token", "w") as file:
            file.write("00benchmark\n")
        os.chmod(home + "/token", 0o600)
        with open(home + "/tributary.yaml", "w") as file:
            file.write(CONFIGURATION % {"home": home, "raw": str(raw_data).lower(), "url": pages.url})
        log = open(home + "/log", "w+")
        start = time.time()
        process = subprocess.Popen([programs + "/tributary", "run", "--config", home + "/tributary.yaml"], stderr=log)
        peak = measure.Peak(process.pid)
        collected = 0
        while collected < events:
            time.sleep(0.1)
            if process.poll() is not None:
                sys.exit("the daemon ended:\n" + open(home + "/log").read())
            try:
                with open(home + "/run/status.json") as file:
                    collected = sum(item["events"] + item["rejected"] for item in json.load(file)["integrations"])
            except (FileNotFoundError, json.JSONDecodeError):
                pass
        collecting = newest(home + "/spool") - start
        stop = time.time()
        process.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(process.pid, 0)
        wall = collecting + time.time() - stop
        if status:
            sys.exit("the daemon ended with %d:\n%s" % (status, open(home + "/log").read()))
        sealed = sum(os.path.getsize(os.path.join(root, name)) for root, _, names in os.walk(home + "/spool")
                     for name in names if name.endswith(".zst"))
        return measure.Cost(wall, usage.ru_utime + usage.ru_stime, peak.result()), sealed / 1e6
    finally:
        shutil.rmtree(home)


def floor(pages, parse, records):
    """Returns the CPU seconds of three steps that every collector needs: fetch pages (curl), parse JSON, and compress records (zstd).

    `parse` is the time of the second step, which was measured before.
    """
    curl = measure.once(["curl", "--compressed", "--silent", "--output", "/dev/null",
                         "%s/api/v1/logs?after=[0-%d]" % (pages.url, pages.count - 1)])
    zstd = measure.once(["zstd", "-q", "-3", "-c", "--single-thread", records])
    return curl.cpu, parse, zstd.cpu
