"""Runs many simulated orgs in one process, and one daemon that collects them all. Checks that each event is collected exactly once. Measures the
memory, the fairness between orgs, and the daemon's CPU time after the last event."""
import collections
import concurrent.futures
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import measure

TOKEN = "00benchmark"


class Orgs:
    """`count` simulated orgs with `events` events each. The last `hanging` of these orgs never answer."""

    def __init__(self, programs, home, count, events, hanging):
        self.command = [programs + "/okta-simulator", "--port", "0", "--orgs", str(count), "--token-file", home + "/token",
                        "--events", str(events), "--history", "1h", "--limit-per-minute", "1000000"]
        self.count, self.hanging = count, hanging

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.urls = [json.loads(self.process.stdout.readline())["url"] for _ in range(self.count)]
        for url in self.urls[self.count - self.hanging:]:
            urllib.request.urlopen(url + "/_simulator/faults", data=b'[{"kind": "hang"}]').close()
        return self

    def each(self, path, urls):
        def fetch(url):
            with urllib.request.urlopen(url + path) as answer:
                return answer.read()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(fetch, urls))

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def configuration(home, urls, page):
    lines = ["state_directory: %s/state" % home, "runtime_directory: %s/run" % home,
             "spool: {directory: %s/spool, segment_max_age: 1m}" % home, "credentials:",
             "  - {name: bench, type: api_token, permissions: read, secret_file: %s/token}" % home, "integrations:"]
    for number, url in enumerate(urls):
        lines.append('  - {name: org%04d, url: "%s", data_ingest: {credential: bench, start: 1d, poll_interval: 15s, '
                     'page_size: %d, rate_limit_share: 1.0}}' % (number, url, page))
    return "\n".join(lines) + "\n"


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sealed(spool):
    """Returns how often each uid is in the segments, by integration. The segments are read with the system's zstd."""
    segments = [os.path.join(root, name) for root, _, names in os.walk(spool) for name in names
                if name.endswith(".ndjson.zst") and "/_" not in root]
    found = collections.defaultdict(collections.Counter)
    by_org = collections.defaultdict(list)
    for path in segments:
        by_org[path.partition("integration=")[2].partition("/")[0]].append(path)
    for org, paths in by_org.items():
        lines = subprocess.run(["zstd", "-dcq"] + paths, stdout=subprocess.PIPE, check=True).stdout.splitlines()
        found[org].update(line[len('{"metadata":{"uid":"'):].partition(b'"')[0].decode() for line in lines)
    return found, len(segments)


def status(home):
    try:
        with open(home + "/run/status.json") as file:
            return json.load(file)["integrations"]
    except (FileNotFoundError, json.JSONDecodeError):
        return []


def run(programs, work, count, events, page, hanging, rest):
    """Runs the measurement, and prints the results."""
    home = tempfile.mkdtemp(prefix="orgs-", dir=work)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with open(home + "/token", "w") as file:
            file.write(TOKEN + "\n")
        os.chmod(home + "/token", 0o600)
        healthy = count - hanging
        with Orgs(programs, home, count, events, hanging) as orgs:
            with open(home + "/tributary.yaml", "w") as file:
                file.write(configuration(home, orgs.urls, page))
            log = open(home + "/log", "w")
            start = time.time()
            process = subprocess.Popen([programs + "/tributary", "run", "--config", home + "/tributary.yaml"], stderr=log)
            peak = measure.Peak(process.pid)
            while sum(item["state"] == "live" for item in status(home)) < healthy:
                time.sleep(1)
                if process.poll() is not None or time.time() - start > 900:
                    sys.exit("not all are live:\n" + open(home + "/log").read()[-4000:])
            collecting_cpu = cpu_seconds(process.pid)
            seen = [json.loads(text) for text in orgs.each("/_simulator/stats", orgs.urls[:healthy])]
            took = [(item["reachedEndAt"] - item["firstPageAt"]) / 1000 for item in seen]
            end = max(item["reachedEndAt"] for item in seen) / 1000 - start
            # The remaining records of the backlog are sealed within a minute. After that, the daemon only polls.
            time.sleep(65 if rest else 0)
            before, at = cpu_seconds(process.pid), time.time()
            time.sleep(rest)
            share = (cpu_seconds(process.pid) - before) / (time.time() - at) * 100 if rest else 0
            process.send_signal(signal.SIGTERM)
            code = process.wait()
            expected = [text.decode().split() for text in orgs.each("/_simulator/uuids", orgs.urls[:healthy])]
        if code:
            sys.exit("the daemon ended with %d:\n%s" % (code, open(home + "/log").read()[-4000:]))
        found, segments = sealed(home + "/spool")
        lost = sum(len(set(uids) - set(found["org%04d" % number])) for number, uids in enumerate(expected))
        doubled = sum(times > 1 for org in found.values() for times in org.values())
        extra = sum(len(org) for org in found.values()) + lost - sum(len(uids) for uids in expected)
        print("%d orgs, %d of them hanging, %d events each in pages of %d" % (count, hanging, events, page))
        print("  exactly once: %d lost, %d duplicated, %d that no org has, of %d; %d segments"
              % (lost, doubled, extra, sum(len(uids) for uids in expected), segments))
        print("  backlog: the end of the last healthy org's log was reached after %.1f s; %.1f CPU s, %.2f per 100,000 events"
              % (end, collecting_cpu, collecting_cpu / (healthy * events) * 1e5))
        print("  fairness: from first page to the end of the log %.1f s fastest, %.1f s median, %.1f s slowest"
              % (min(took), statistics.median(took), max(took)))
        print("  peak memory: %.1f MiB" % peak.result())
        if rest:
            print("  at rest, 15 s interval: %.2f %% of a core" % share, flush=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        shutil.rmtree(home)
