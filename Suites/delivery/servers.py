"""Destinations of type http, with simulations of the three servers."""
import json
import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import spool
from harness import IS_LONG, KILLS, SEED, SEGMENTS, Deliverer, check, records_of, wait_for
from services import SECRET, Service


def services(programs, scratch, kind):
    """Delivers to a simulated server with size limits. The deliverer is killed, answers get lost, and the server is busy at times."""
    home = scratch / kind
    home.mkdir()
    chosen = random.Random(SEED + 5)
    count, kills, concurrency = (400, KILLS, 3) if IS_LONG else (min(SEGMENTS, 60), min(KILLS, 10), 3)
    spool.make(home / "spool", count, SEED + 5, size=120_000, compress=True)
    expected = records_of(home)
    quiet = kind == "splunk"
    service = Service(kind, SEED, largest=50_000 if kind != "clickhouse" else 1 << 30)
    place = {"elasticsearch": "index: okta-{date}", "clickhouse": "table: lake.okta\n    user: loader", "splunk": "index: okta"}[kind]
    (home / "tributary.yaml").write_text(f"""
delivery_directory: {home}/deliver
spool: {{directory: {home}/spool}}
destinations:
  - name: lake
    type: http
    protocol: {kind}
    url: http://127.0.0.1:{service.port}
    {place}
    secret_file: {home}/credentials-deliver/lake/lake
    concurrency: {concurrency}
    request_bytes: 64KiB
""")

    def credential(command, secret):
        return subprocess.run([programs / "tributary", "credential", command, "lake", "--for", "deliver/lake", "--config",
                               home / "tributary.yaml"], input=secret, capture_output=True, text=True).returncode

    def check_destination():
        return subprocess.run([programs / "tributary", "destination", "check", "lake", "--config", home / "tributary.yaml"],
                              capture_output=True, text=True)

    check(f"{kind}: credential add stores a secret", credential("add", "wrong\n"), 0)
    check(f"{kind}: credential add does not replace a secret", credential("add", SECRET), 65)
    refused = check_destination()
    check(f"{kind}: a refused secret is reported", (refused.returncode, "does not accept the" in refused.stdout), (69, True))
    check(f"{kind}: credential rotate replaces the secret", credential("rotate", SECRET + "\n"), 0)
    guarantee = {"splunk": "at least once"}.get(kind, "exactly once")
    check(f"{kind}: destination check succeeds", check_destination().returncode, 0)
    check(f"{kind}: destination check stores nothing", len(service.records), 0)
    # `destination check` does not retry, so answers are lost and refused only from here on. For Splunk, the test counts the records that are stored
    # twice because of kills. Lost answers would cause repeated records, too, so none is lost.
    service.lose, service.busy = 0 if quiet else 0.05, 0.05
    deliverer = Deliverer(programs, home, "lake")
    try:
        deliverer.start()
        for mark in sorted(chosen.sample(range(2, count * 9 // 10), kills)):
            wait_for(f"{kind}: {mark} segments", lambda: deliverer.acknowledged >= mark)
            time.sleep(chosen.uniform(0, 0.05))
            deliverer.kill()
            deliverer.start()
        wait_for(f"{kind}: the end of the spool", lambda: deliverer.acknowledged == count)
        peak = deliverer.own
        report = deliverer.report
        check(f"{kind}: the deliverer stops with 0", deliverer.stop(), 0)
        check(f"{kind}: each of {len(expected)} records is stored with the same contents as in the spool", service.contents == expected)
        twice = sum(times - 1 for times in service.records.values())
        segments = {uid.split("-")[0] for uid, times in service.records.items() if times > 1}
        print(f"    {kind}: {kills} kills, {service.answers['lost']} answers lost; {twice} records twice, of {len(segments)} segments; "
              f"answers {dict(service.answers)}; largest request {service.largest_seen}; peak memory besides the program's code {peak / 1024:.1f} MiB")
        if quiet:
            check(f"{kind}: a kill repeats at most {concurrency} segments, and a busy answer one batch",
                  len(segments) <= kills * concurrency + service.answers[429] + service.answers[503])
            check(f"{kind}: a record is stored again only after a kill", max(service.records.values()) <= 1 + kills)
        else:
            check(f"{kind}: no record is stored twice", twice, 0)
        check(f"{kind}: no request exceeds its size limit", service.largest_seen <= 64 << 10)
        check(f"{kind}: the deliverer's report names the guarantee", report.get("guarantee"), guarantee.replace(" ", "_"))
        status = subprocess.run([programs / "tributary", "status", "--config", home / "tributary.yaml"], capture_output=True, text=True)
        check(f"{kind}: the status names the guarantee", guarantee in status.stdout)
        check(f"{kind}: memory without the program's code stays below 24 MiB", 0 < peak < 24 << 10)
        log = (home / "lake.log").read_text()
        check(f"{kind}: no secret is in the log or the report", SECRET not in log + json.dumps(report))
    finally:
        if deliverer.process.poll() is None:
            deliverer.kill()
        service.stop()


def servers(programs, scratch):
    """Tests the three kinds of servers at the same time."""
    with ThreadPoolExecutor() as pool:
        for run in [pool.submit(services, programs, scratch, kind) for kind in ("elasticsearch", "clickhouse", "splunk")]:
            run.result()
