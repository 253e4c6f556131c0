"""Delivers to a bucket of a real S3 server. Meanwhile the deliverer and the server are killed, and answers get lost."""
import json
import random
import subprocess
import time
from pathlib import Path

import duckdb
import duckdb_extension_httpfs

import spool
from harness import KILLS, PROJECT, SEED, SEGMENTS, Deliverer, check, configure, objects, wait_for
from store import KEY, SECRET, Proxy, Store


def killed_and_lost(programs, scratch, weed):
    """Kills the deliverer KILLS times and the server twice, and loses one answer in eight after the server has stored the object."""
    home = scratch / "killed"
    home.mkdir()
    chosen = random.Random(SEED)
    expected = spool.make(home / "spool", SEGMENTS, SEED)
    key_file = home / "key"
    key_file.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    store = Store(weed, home / "store")
    store.start()
    store.client().create_bucket(Bucket="lake")
    proxy = Proxy(store, SEED, lose=0.125)
    configure(home, proxy.port, key_file)
    deliverer = Deliverer(programs, home, "lake")
    try:
        killed = 0
        server_kills = 0
        marks = sorted(chosen.sample(range(1, SEGMENTS * 9 // 10), KILLS))
        deliverer.start()
        for number, mark in enumerate(marks):
            # Kills the deliverer shortly after this number of objects was stored.
            if not wait_for(f"{mark} segments", lambda: len(proxy.stored) >= mark or deliverer.process.poll() is not None):
                print((home / "lake.log").read_text()[-2000:])
                break
            time.sleep(chosen.uniform(0, 0.05))
            deliverer.kill()
            killed += 1
            if number in (KILLS // 3, KILLS * 2 // 3):
                store.kill()
                server_kills += 1
                deliverer.start()
                time.sleep(1)
                store.start()
            else:
                deliverer.start()
        wait_for("the end of the spool", lambda: deliverer.acknowledged == SEGMENTS)
        peak = deliverer.resident
        check("the deliverer stops with 0", deliverer.stop(), 0)
        check(f"the deliverer was killed {KILLS} times, and the server twice", (killed, server_kills), (KILLS, 2))
        check("answers were lost after the objects were stored", proxy.lost > 0)
        found = objects(store.client(), "lake")
        check(f"each of {SEGMENTS} segments is in the bucket, byte for byte, and nothing else",
              found == {f"okta/{path}": digest for path, digest in expected.items()})
        doubled = {path: count for path, count in proxy.stored.items() if count != 1}
        # Before a kill, the server may have stored an object without answering. Such a PUT does not count as successful.
        check("no segment had two successful PUTs", [path for path, count in doubled.items() if count > 1], [])
        puts, heads = proxy.requests.get("PUT", 0), proxy.requests.get("HEAD", 0)
        print(f"    {puts} PUT and {heads} HEAD for {SEGMENTS} segments, {(puts + heads) / SEGMENTS:.2f} requests each; "
              f"answers {proxy.answers}; {proxy.lost} lost; "
              f"peak memory of the last run {peak / 1024:.1f} MiB")
        check("memory stays below 40 MiB", 0 < peak < 40 << 10)
        log = (home / "lake.log").read_text()
        check("no secret is in the log", SECRET not in log)
        return store, home
    finally:
        if deliverer.process and deliverer.process.poll() is None:
            deliverer.kill()
        proxy.stop()


def quiet(programs, scratch, store):
    """Delivers without faults, which needs one request for each segment."""
    home = scratch / "quiet"
    home.mkdir()
    count = min(SEGMENTS, 300)
    spool.make(home / "spool", count, SEED + 1, size=20_000, compress=True)
    (home / "key").write_text(f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
    store.client().create_bucket(Bucket="quiet")
    proxy = Proxy(store, SEED)
    configure(home, proxy.port, home / "key")
    text = (home / "tributary.yaml").read_text().replace("bucket: lake", "bucket: quiet")
    (home / "tributary.yaml").write_text(text)
    deliverer = Deliverer(programs, home, "lake")
    try:
        deliverer.start()
        wait_for("the end of the spool", lambda: deliverer.acknowledged == count)
        check("without faults, one request is sent for each segment", proxy.requests.get("PUT", 0) + proxy.requests.get("HEAD", 0), count)
        # The report is written after the acknowledgement.
        wait_for("the deliverer's report", lambda: deliverer.report.get("state") == "live")
        report = deliverer.report
        check("the deliverer's report has the same numbers", (report.get("delivered_segments"), report.get("repeated_segments"), report.get("requests")),
              (count, 0, count))
        check("the deliverer stops with 0", deliverer.stop(), 0)
    finally:
        if deliverer.process.poll() is None:
            deliverer.kill()
        proxy.stop()
    return home, count


def refused(programs, scratch, store):
    """Delivers with a wrong secret and a missing bucket. Both must be reported, and correcting them must not need a restart."""
    home = scratch / "refused"
    home.mkdir()
    spool.make(home / "spool", 20, SEED + 2)
    (home / "key").write_text(f"aws_access_key_id={KEY}\naws_secret_access_key=wrong\n")
    configure(home, store.port, home / "key")
    text = (home / "tributary.yaml").read_text().replace("bucket: lake", "bucket: later")
    (home / "tributary.yaml").write_text(text)
    deliverer = Deliverer(programs, home, "lake")

    try:
        deliverer.start()
        wait_for("the refusal", lambda: "SignatureDoesNotMatch" in deliverer.problem)
        check("a wrong secret is reported", "does not accept the access key (SignatureDoesNotMatch" in deliverer.problem)
        check("the deliverer's state is waiting", deliverer.report.get("state"), "waiting")
        status = subprocess.run([programs / "tributary", "status", "--config", home / "tributary.yaml"], capture_output=True, text=True)
        check("tributary status shows the wrong secret", "SignatureDoesNotMatch" in status.stdout and status.returncode == 69)
        new = home / "key.new"
        new.write_text(f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
        new.rename(home / "key")
        wait_for("the missing bucket", lambda: "NoSuchBucket" in deliverer.problem or deliverer.acknowledged == 20)
        if deliverer.acknowledged < 20:
            check("a missing bucket is reported", "has no bucket later" in deliverer.problem)
            store.client().create_bucket(Bucket="later")
        wait_for("the end of the spool", lambda: deliverer.acknowledged == 20)
        check("the deliverer continues automatically once the bucket exists", len(objects(store.client(), "later")), 20)
        check("the deliverer stops with 0", deliverer.stop(), 0)
        log = (home / "lake.log").read_text()
        check("no secret is in the log", SECRET not in log and "=wrong" not in log)
    finally:
        if deliverer.process.poll() is None:
            deliverer.kill()


def duckdb_recipe(store, count):
    """Runs the recipe of docs/delivery.md that reads the bucket with DuckDB."""
    page = (PROJECT / "docs/delivery.md").read_text()
    recipe = page.split("## DuckDB on the bucket")[1].split("```sql\n")[1].split("```")[0]
    recipe = recipe.replace("KEY_ID 'AKIA…', SECRET '…'", f"KEY_ID '{KEY}', SECRET '{SECRET}', ENDPOINT '127.0.0.1:{store.port}', "
                            "URL_STYLE 'path', USE_SSL false").replace("s3://example-lake", "s3://quiet")
    extension = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
    lake = duckdb.connect()
    lake.execute(f"LOAD '{extension}'")
    rows = lake.execute(recipe).fetchall()
    expected = sum(json.loads(line)["records"] for line in open(count))
    check("DuckDB reads all records from the bucket, each event once",
          (sum(row[1] for row in rows), sum(row[2] for row in rows)), (expected, expected))


def bucket(programs, scratch, weed):
    """Runs all tests of this file with one server."""
    store = None
    try:
        store, _ = killed_and_lost(programs, scratch, weed)
        home, _ = quiet(programs, scratch, store)
        duckdb_recipe(store, home / "spool/_manifest.ndjson")
        refused(programs, scratch, store)
    finally:
        if store:
            store.stop()
