"""Delivers Parquet in the layout of Security Lake, and reads it with pyarrow and DuckDB."""
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import pyarrow
import pyarrow.parquet

import spool
from harness import PROJECT, SEED, SEGMENTS, Deliverer, check, objects, records_of, wait_for
from store import KEY, SECRET, Proxy, Store


def security_lake(programs, scratch, weed):
    """Adds a destination in Security Lake's layout with `tributary destination`, and delivers while the deliverer is killed and answers get lost.

    Then pyarrow and DuckDB read the Parquet files."""
    home = scratch / "parquet"
    home.mkdir()
    chosen = random.Random(SEED + 6)
    count, kills = min(SEGMENTS, 40), 6
    spool.make(home / "spool", count, SEED + 6, size=20_000, compress=True)
    expected = records_of(home)
    store = Store(weed, home / "store")
    store.start()
    store.client().create_bucket(Bucket="lake")
    proxy = Proxy(store, SEED + 6)
    (home / "tributary.yaml").write_text(f"delivery_directory: {home}/deliver\nspool: {{directory: {home}/spool}}\n")
    os.environ["TRIBUTARY_PARQUET"] = str(PROJECT / "libexec/export-parquet")

    def destination(*words, secret=None):
        return subprocess.run([programs / "tributary", "destination", *words, "--config", home / "tributary.yaml"], input=secret,
                              capture_output=True, text=True)

    flags = ["--type", "s3", "--bucket", "lake", "--prefix", "ext", "--region", "eu-central-1", "--endpoint", f"http://127.0.0.1:{proxy.port}",
             "--credentials", "static", "--format", "parquet", "--layout", "security_lake", "--account-id", "111122223333", "--concurrency", "2"]
    key = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    without = destination("add", "lake", *flags, "--python", "/usr/bin/python3-that-is-missing", secret=key)
    check("destination add: if its Python is missing, nothing is saved, and the message says what to install",
          (without.returncode, "pip install pyarrow" in without.stderr, (home / "conf.d").exists()), (69, True, False))
    wrong = destination("add", "lake", *flags, "--python", sys.executable, secret=key.replace(SECRET, "wrong"))
    check("destination add: if the key is wrong, nothing is saved", (wrong.returncode, "SignatureDoesNotMatch" in wrong.stderr), (69, True))
    added = destination("add", "lake", *flags, "--python", sys.executable, secret=key)
    check("destination add: tests the destination, then saves it", added.returncode, 0)
    if added.returncode:
        print(added.stdout + added.stderr)
    kept = home / "credentials-deliver/lake/lake"
    check("destination add: only root can read the secret, and no configuration file contains it",
          (kept.stat().st_mode & 0o777, SECRET in (home / "conf.d/destination-lake.yaml").read_text() + added.stdout), (0o600, False))
    again = destination("add", "lake", *flags, secret=key)
    check("destination add: a name that is already used is refused", again.returncode, 65)
    show = json.loads(destination("show", "lake", "--json").stdout)
    check("destination show --json: names the unit in which programs can run", show["unit"], "tributary-deliver-exec@lake")
    check("the test object is removed", objects(store.client(), "lake"), {})
    proxy.stored.clear()
    proxy.lose = 0.125
    deliverer = Deliverer(programs, home, "lake")
    try:
        deliverer.start()
        for mark in sorted(chosen.sample(range(1, count - 4), kills)):
            wait_for(f"{mark} segments", lambda: deliverer.acknowledged >= mark)
            time.sleep(chosen.uniform(0, 0.4))
            deliverer.kill()
            deliverer.start()
        wait_for("the end of the spool", lambda: deliverer.acknowledged == count)
        check("Parquet: the deliverer stops with 0", deliverer.stop(), 0)
        check("Parquet: each segment is one object, with one successful PUT", sorted(proxy.stored.values()), [1] * count)
        check("Parquet: the keys are those of Security Lake", all(
            path.startswith("ext/okta-") and "/region=eu-central-1/accountId=111122223333/eventDay=202611" in path
            for path in objects(store.client(), "lake")))
        lines = [json.loads(line) for line in open(home / "spool/_manifest.ndjson")]
        wanted = {f"ext/okta-{line['partition']['class']}/region=eu-central-1/accountId=111122223333/"
                  f"eventDay={line['partition']['date'].replace('-', '')}/{Path(line['path']).name.split('.')[0]}.parquet" for line in lines}
        check("Parquet: the bucket has an object for each segment and nothing else", set(objects(store.client(), "lake")), wanted)
        found = {}
        for path in wanted:
            body = store.client().get_object(Bucket="lake", Key=path)["Body"].read()
            for row in pyarrow.parquet.ParquetFile(pyarrow.BufferReader(body)).read().to_pylist():
                found[row["metadata"]["uid"]] = (row["class_uid"], row["time"], row["message"], row["status_id"])
        plain = {uid: (record["class_uid"], record["time"], record["message"], record["status_id"]) for uid, record in expected.items()}
        check(f"Parquet: pyarrow reads all {len(plain)} records with the same contents as in the spool", found == plain)
        lake = duckdb.connect()
        lake.execute(f"LOAD '{next(Path(duckdb_extension_httpfs.__file__).parent.rglob('httpfs.duckdb_extension'))}'")
        lake.execute(f"CREATE SECRET lake (TYPE s3, KEY_ID '{KEY}', SECRET '{SECRET}', ENDPOINT '127.0.0.1:{store.port}', URL_STYLE 'path', USE_SSL false)")
        rows = lake.execute("SELECT metadata.uid, class_uid, time, message, status_id FROM read_parquet('s3://lake/ext/*/*/*/*/*.parquet', "
                            "hive_partitioning = true, union_by_name = true)").fetchall()
        check("Parquet: DuckDB reads the same records, each once", (len(rows), {row[0]: row[1:] for row in rows} == plain), (len(plain), True))
        proxy.lose = 0  # The command tests the destination without retries.
        edited = destination("edit", "lake", "--concurrency", "3", "--description", "the lake")
        text = (home / "conf.d/destination-lake.yaml").read_text()
        check("destination edit: makes the requested changes", (edited.returncode, "concurrency: 3" in text, "description: the lake" in text or 'description: "the lake"' in text),
              (0, True, True))
        removed = destination("remove", "lake", "--yes")
        check("destination remove: removes file and secret", (removed.returncode, (home / "conf.d/destination-lake.yaml").exists(), kept.exists()),
              (0, False, False))
    finally:
        if deliverer.process and deliverer.process.poll() is None:
            deliverer.kill()
        proxy.stop()
        store.stop()
