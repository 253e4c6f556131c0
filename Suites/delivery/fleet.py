"""Loaders and deliveries of a fleet. Real daemons seal into a real bucket while deliveries are killed and answers get lost."""
import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from store import KEY, SECRET, Proxy, Store, free_ports

ORGS = 3
EVENTS = 300
KILLS = 6


class Bench:
    """etcd, a store, an org simulator, and two hosts of a fleet."""

    def __init__(self, suite, programs, home, weed, seed):
        self.suite, self.programs, self.home = suite, programs, home
        home.mkdir()
        self.chosen = random.Random(seed)
        self.store = Store(weed, home / "store")
        self.processes = {}
        self.key = home / "key"
        self.key.write_text(f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
        self.key.chmod(0o600)
        self.token = home / "token"
        self.token.write_text("00fleet-test-token\n")
        self.token.chmod(0o600)

    def spawn(self, name, *command, **more):
        with open(self.home / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen([str(word) for word in command], stderr=log, **{"stdout": log, **more})
        return self.processes[name]

    def start(self):
        self.store.start()
        for bucket in ("fleet", "copy"):
            self.store.client().create_bucket(Bucket=bucket)
        self.proxy = Proxy(self.store, 1, lose=0.1)
        client, peer = free_ports(2)
        self.etcd = f"http://127.0.0.1:{client}"
        self.spawn("etcd", "etcd", "--data-dir", self.home / "etcd", "--listen-client-urls", self.etcd, "--advertise-client-urls", self.etcd,
                   "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                   "--initial-cluster", f"default=http://127.0.0.1:{peer}")
        simulator = self.spawn("simulator", self.programs / "okta-simulator", "--orgs", ORGS, "--token-file", self.token, "--events", EVENTS,
                               "--rate", 5, "--port", 0, "--limit-per-minute", 1000000, stdout=subprocess.PIPE, text=True)
        self.orgs = [json.loads(simulator.stdout.readline())["url"] for _ in range(ORGS)]
        for host in (0, 1):
            self.configure(host)
            self.spawn(f"host-{host}", self.programs / "tributary", "run", "--config", self.config(host))

    def config(self, host):
        return self.home / f"host-{host}/tributary.yaml"

    def configure(self, host, destination="copy"):
        home = self.home / f"host-{host}"
        (home / "run").mkdir(parents=True, exist_ok=True)
        orgs = "\n".join(f"  - {{name: org-{number}, url: '{url}', data_ingest: {{credential: c, poll_interval: 1s, start: '2026-01-01T00:00:00Z'}}}}"
                         for number, url in enumerate(self.orgs))
        self.config(host).write_text(f"""
state_directory: {home}/state
runtime_directory: {home}/run
delivery_directory: {home}/deliver
spool: {{directory: {home}/spool, segment_max_age: 2s}}
fleet:
  name: prod
  host: host-{host}
  log: {{bucket: fleet, prefix: okta, endpoint: 'http://127.0.0.1:{self.store.port}', credentials: static, secret_file: {self.key}}}
  lease: {{type: etcd, ttl: 2s, endpoints: ['{self.etcd}']}}
credentials:
  - {{name: c, type: api_token, permissions: read, secret_file: {self.token}}}
integrations:
{orgs}
destinations:
  - name: lake
    type: s3
    bucket: {destination}
    endpoint: http://127.0.0.1:{self.proxy.port}
    credentials: static
    secret_file: {self.key}
""")

    def deliver(self, host):
        return self.spawn(f"deliver-{host}", self.programs / "tributary", "deliver", "lake", "--config", self.config(host))

    def report(self, host):
        try:
            report = json.loads((self.home / f"host-{host}/deliver/lake/status.json").read_text())
        except (OSError, ValueError):
            return {}
        process = self.processes.get(f"deliver-{host}")
        return report if process and report.get("pid") == process.pid else {}

    def log(self, name):
        return (self.home / f"{name}.log").read_text()

    def spool(self, *words):
        return subprocess.run([self.programs / "tributary", "spool", *words, "--config", self.config(0)], capture_output=True, text=True)

    def acknowledgement(self):
        try:
            body = self.store.client().get_object(Bucket="fleet", Key="okta/_tributary/acks/lake.json")["Body"].read()
            return json.loads(body)
        except Exception:
            return {}

    def stop(self, name, seconds=60):
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        return process.wait(seconds)

    def end(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        self.proxy.stop()
        self.store.stop()


def segments(bench):
    """Reads the fleet's bucket without Tributary's code. Returns the SHA-256 of each segment with records, by path."""
    found = bench.suite.objects(bench.store.client(), "fleet")
    return {key.removeprefix("okta/"): digest for key, digest in found.items() if key.startswith("okta/integration=")}


def killed(bench):
    """Kills deliveries, loses one answer in ten, and stops a host, while the hosts seal."""
    check, wait_for = bench.suite.check, bench.suite.wait_for
    delivered = lambda: len(bench.proxy.stored)
    bench.deliver(0)
    for number in range(KILLS):
        mark = delivered() + bench.chosen.randint(2, 12)
        if not wait_for(f"{mark} segments", lambda: delivered() >= mark, 120):
            print(bench.log("deliver-0")[-3000:])
            break
        time.sleep(bench.chosen.uniform(0, 0.3))
        bench.processes["deliver-0"].kill()
        bench.processes["deliver-0"].wait()
        if number == KILLS // 2:
            bench.processes["host-1"].kill()
            bench.processes["host-1"].wait()
            bench.spawn("host-1", bench.programs / "tributary", "run", "--config", bench.config(1))
        bench.deliver(0)
    for host in (0, 1):
        check(f"host {host} stops with 0", bench.stop(f"host-{host}"), 0)
    expected = segments(bench)
    wait_for("a delivery of all segments", lambda: delivered() >= len(expected) and bench.report(0).get("state") == "live", 60)
    check("answers were lost after their requests were carried out", bench.proxy.lost > 0)
    check(f"each of {len(expected)} segments is at the destination, byte for byte, and nothing else",
          bench.suite.objects(bench.store.client(), "copy") == expected)
    check("no segment had two successful PUTs", [path for path, count in bench.proxy.stored.items() if count > 1], [])
    check("no secret is in the log", SECRET not in bench.log("deliver-0"))
    check("only the running delivery has files left", len(list(Path(os.environ["TMPDIR"]).glob("tributary-deliver-lake-*"))), 1)
    return expected


def turns(bench):
    """Starts the delivery on another host. It must wait until the first host's delivery ends, and continue from a position that a user has set."""
    check, wait_for = bench.suite.check, bench.suite.wait_for
    bench.deliver(1)
    wait_for("the standby", lambda: bench.report(1).get("state") == "standby", 60)
    check("the waiting delivery names the host that delivers", bench.report(1).get("holder"), "host-0")
    status = subprocess.run([bench.programs / "tributary", "status", "--config", bench.config(1)], capture_output=True, text=True).stdout
    check("tributary status says which host delivers", "standby" in status and "host-0 delivers" in status)
    check("the delivery of host 0 stops with 0", bench.stop("deliver-0"), 0)
    wait_for("the delivery of host 1", lambda: bench.report(1).get("state") == "live", 60)
    check("host 1 delivers now", bench.acknowledgement().get("host"), "host-1")
    integration, position = sorted(bench.acknowledgement()["integrations"].items())[0]
    text = f"{integration}/{position['generation']}/{position['segments']}"
    check("a user can set the acknowledgement", bench.spool("ack", "--bucket", "--loader", "lake", "--through", text).returncode, 0)
    wait_for("the position that the user has set", lambda: "another process has acknowledged" in bench.log("deliver-1") and bench.acknowledgement().get("host") == "host-1", 120)
    wait_for("its state", lambda: bench.report(1).get("state") == "live", 60)
    check("the delivery of host 1 stops with 0", bench.stop("deliver-1"), 0)
    check("no segment was stored twice", [path for path, count in bench.proxy.stored.items() if count > 1], [])
    check("no host delivers after the deliveries have stopped", "run" in bench.acknowledgement(), False)


def lines(run):
    return [json.loads(line) for line in run.stdout.splitlines()]


def commands(bench, expected):
    check = bench.suite.check
    listed = lines(bench.spool("list", "--bucket", "--json"))
    check("spool list prints every segment", {line["path"]: line["sha256"] for line in listed if line["kind"] == "records"}, expected)
    positions = [line["position"].split("/") for line in listed]
    check("spool list prints segments in the order of integrations and seals", positions, sorted(positions, key=lambda p: (p[0], int(p[1]), int(p[2]))))
    check("the delivery has acknowledged all segments", bench.spool("list", "--bucket", "--loader", "lake").stdout, "")
    middle = [line for line in listed if line["integration"] == "org-1"][3]["position"]
    rest = lines(bench.spool("list", "--bucket", "--json", "--integration", "org-1", "--since-manifest", middle))
    check("spool list continues after a position", [line["position"] for line in rest],
          [line["position"] for line in listed if line["integration"] == "org-1"][4:])
    check("a loader registers", bench.spool("ack", "--bucket", "--loader", "warehouse", "--through", "0").returncode, 0)
    check("the loader acknowledges a segment", bench.spool("ack", "--bucket", "--loader", "warehouse", "--through", middle).returncode, 0)
    again = lines(bench.spool("list", "--bucket", "--json", "--integration", "org-1", "--loader", "warehouse"))
    check("spool list continues after the loader's acknowledgement", again, rest)
    back = bench.spool("ack", "--bucket", "--loader", "warehouse", "--through", "org-1/2/0")
    check("spool ack refuses an earlier position", (back.returncode, "do not go back" in back.stderr), (65, True))
    beyond = bench.spool("ack", "--bucket", "--loader", "warehouse", "--through", "org-1/4711/0")
    check("spool ack refuses a position after the newest seal", (beyond.returncode, "has no seal of org-1" in beyond.stderr), (65, True))
    check("spool list refuses a position after the newest seal, too", bench.spool("list", "--bucket", "--since-manifest", "org-1/4711/1").returncode, 65)
    check("the loaders are listed", [line.split()[0] for line in bench.spool("ack", "--bucket", "--list").stdout.splitlines()], ["lake", "warehouse"])
    check("a loader is removed", bench.spool("ack", "--bucket", "--loader", "warehouse", "--remove").returncode, 0)

    records = bench.spool("cat", "--bucket").stdout.splitlines()
    uids = collections.Counter((json.loads(line)["metadata"]["uid"]) for line in records)
    check("spool cat prints every record once", (len(records), max(uids.values())), (sum(line["records"] for line in listed), 1))
    one = bench.spool("cat", "--bucket", listed[0]["path"]).stdout.splitlines()
    check("spool cat prints the records of one segment", len(one), listed[0]["records"])
    check("spool cat prints one event by its uid", len(bench.spool("cat", "--bucket", "--uid", next(iter(uids))).stdout.splitlines()), 1)
    check("spool cat prints a limited number of records", len(bench.spool("cat", "--bucket", "--limit", "7", "--class", "authentication").stdout.splitlines()), 7)
    for words in (["prune", "--older-than", "1d"], ["export", "--parquet", "x", "--region", "r", "--account-id", "1" * 12], ["list"]):
        run = bench.spool(*words)
        check(f"spool {words[0]} without --bucket says that the bucket is the spool", (run.returncode, "s3://fleet/okta" in run.stderr), (64, True))
    bench.configure(1, destination="fleet")
    text = bench.config(1).read_text().replace(f"127.0.0.1:{bench.proxy.port}", f"127.0.0.1:{bench.store.port}")
    bench.config(1).write_text(text)
    own = subprocess.run([bench.programs / "tributary", "check", "--config", bench.config(1)], capture_output=True, text=True)
    check("tributary check refuses the fleet's own bucket as a destination", (own.returncode, "the fleet's own" in own.stderr), (78, True))
    return listed, len(uids)


def broken(bench, listed):
    """Runs `spool verify` on an undamaged bucket, and after each kind of damage."""
    check, client = bench.suite.check, bench.store.client()

    def verify():
        run = bench.spool("verify", "--bucket", "--json")
        report = json.loads(run.stdout) if run.stdout else {}
        return run.returncode, sorted({(problem["kind"], problem["path"]) for problem in report.get("problems", [])}), report

    status, problems, report = verify()
    check("spool verify finds no problem in the undamaged bucket", (status, problems), (0, []))
    check("spool verify reads all segments", (report.get("checked"), report.get("records")), (len(listed), sum(line["records"] for line in listed)))
    # Chooses a segment that is not the first of its integration and class.
    seen, victim = set(), None
    for line in listed:
        name = (line["integration"], line["partition"].get("class"))
        victim = victim or (line["path"] if name in seen else None)
        seen.add(name)
    key = f"okta/{victim}"
    body = client.get_object(Bucket="fleet", Key=key)["Body"].read()

    client.delete_object(Bucket="fleet", Key=key)
    check("spool verify reports a missing segment", verify()[:2], (65, [("missing", victim)]))
    check("spool list omits the missing segment", victim in bench.spool("list", "--bucket").stdout, False)
    check("spool list --gone marks the missing segment", [line["state"] for line in lines(bench.spool("list", "--bucket", "--json", "--gone")) if line["path"] == victim], ["gone"])
    client.put_object(Bucket="fleet", Key=key, Body=body[:40] + bytes([body[40] ^ 255]) + body[41:])
    status, problems, _ = verify()
    check("spool verify reports a damaged segment", (status, ("digest", victim) in problems and {path for _, path in problems} == {victim}), (65, True))
    check("spool cat refuses a damaged segment", bench.spool("cat", "--bucket", victim).returncode, 74)
    client.put_object(Bucket="fleet", Key=key, Body=body[:-9])
    check("spool verify reports a truncated segment", ("size", victim) in verify()[1])
    client.put_object(Bucket="fleet", Key=key, Body=body)

    stranger = victim.rsplit("/", 1)[0] + "/20260101T000000000Z-0123456789abcdef.ndjson.zst"
    client.put_object(Bucket="fleet", Key=f"okta/{stranger}", Body=body)
    client.put_object(Bucket="fleet", Key="okta/integration=org-0/notes.txt", Body=b"x")
    client.put_object(Bucket="fleet", Key="okta/integration=other/x.ndjson.zst", Body=b"x")
    check("spool verify reports objects that no seal names", verify()[:2], (65, sorted([
        ("unlisted", stranger), ("foreign", "integration=org-0/notes.txt"), ("unlisted", "integration=other/x.ndjson.zst")])))
    for path in (stranger, "integration=org-0/notes.txt", "integration=other/x.ndjson.zst"):
        client.delete_object(Bucket="fleet", Key=f"okta/{path}")

    bundle = "_tributary/bundles/org-0/000000000002-" + "0" * 32
    client.put_object(Bucket="fleet", Key=f"okta/{bundle}", Body=b"x")
    check("spool verify reports a leftover bundle", verify()[:2], (65, [("leftover", bundle)]))
    client.delete_object(Bucket="fleet", Key=f"okta/{bundle}")

    seal = "_tributary/seals/org-2/000000000004.json"
    kept = client.get_object(Bucket="fleet", Key=f"okta/{seal}")["Body"].read()
    client.put_object(Bucket="fleet", Key=f"okta/{seal}", Body=b"{}")
    check("spool verify reports a damaged seal", ("damagedSeal", seal) in verify()[1])
    client.delete_object(Bucket="fleet", Key=f"okta/{seal}")
    check("spool verify reports a missing seal", ("sealGap", "_tributary/seals/org-2/000000000005.json") in verify()[1])
    over = bench.spool("list", "--bucket", "--integration", "org-2", "--since-manifest", "org-2/3/1")
    check("spool list stops at a missing seal", (over.returncode, "that begins generation 4 is not in" in over.stderr), (65, True))
    after = bench.spool("list", "--bucket", "--integration", "org-2", "--since-manifest", "org-2/5/0")
    check("spool list continues after the missing seal", (after.returncode, "org-2/5/1" in after.stdout), (0, True))
    client.put_object(Bucket="fleet", Key=f"okta/{seal}", Body=kept)
    # Adds a seal with the same events, as if two hosts had sealed them.
    document = json.loads(kept)
    double = next(segment for segment in document["segments"] if segment["kind"] == "records")
    path = double["path"].replace("Z-", "Z-0", 1)
    client.copy_object(Bucket="fleet", Key=f"okta/{path}", CopySource={"Bucket": "fleet", "Key": f"okta/{double['path']}"})
    document["segments"].append({**double, "path": path})
    client.put_object(Bucket="fleet", Key=f"okta/{seal}", Body=json.dumps(document).encode())
    status, problems, report = verify()
    check("spool verify reports duplicate events", (status, {kind for kind, _ in problems}, report["problem_count"]), (65, {"duplicate"}, double["records"]))
    client.delete_object(Bucket="fleet", Key=f"okta/{path}")
    client.put_object(Bucket="fleet", Key=f"okta/{seal}", Body=kept)

    windows = [item["Key"] for item in client.list_objects_v2(Bucket="fleet", Prefix="okta/_tributary/windows/org-1/")["Contents"]][-1]
    kept = client.get_object(Bucket="fleet", Key=windows)["Body"].read()
    client.delete_object(Bucket="fleet", Key=windows)
    check("missing windows", verify()[:2], (65, [("windows", windows.removeprefix("okta/"))]))
    client.put_object(Bucket="fleet", Key=windows, Body=kept)
    check("spool verify finds no problem in the repaired bucket", verify()[:2], (0, []))


def recipes(bench, listed, events):
    """Runs the recipes about fleets in docs/loaders.md."""
    import duckdb
    import duckdb_extension_httpfs
    check = bench.suite.check
    page = (bench.suite.PROJECT / "docs/loaders.md").read_text().split("## A fleet's bucket")[1].split("\n## ")[0]
    query, = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    query = query.replace("KEY_ID 'AKIA…', SECRET '…'", f"KEY_ID '{KEY}', SECRET '{SECRET}', ENDPOINT '127.0.0.1:{bench.store.port}', "
                          "URL_STYLE 'path', USE_SSL false").replace("s3://example-okta-lake/okta", "s3://fleet/okta")
    lake = duckdb.connect()
    lake.execute(f"LOAD '{next(Path(duckdb_extension_httpfs.__file__).parent.rglob('httpfs.duckdb_extension'))}'")
    rows = lake.execute(query).fetchall()
    total = sum(line["records"] for line in listed if line["kind"] == "records")
    check("DuckDB reads each event of the fleet once", (sum(row[-2] for row in rows), sum(row[-1] for row in rows)), (total, events))

    loop, = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    work = bench.home / "work"
    work.mkdir()
    environment = {**os.environ, "PATH": f"{bench.programs}:{os.environ['PATH']}"}
    # The loop runs the program twice for each segment, so it is limited to one integration.
    script = loop.replace("list --bucket", "list --integration org-0 --bucket").replace("--bucket", f"--bucket --config {bench.config(0)}")
    own = sum(line["records"] for line in listed if line["kind"] == "records" and line["integration"] == "org-0")
    for number in (1, 2):
        run = subprocess.run(["bash", "-c", script], cwd=work, env=environment, capture_output=True, text=True)
        check(f"run {number} of the loop ends with 0", run.returncode, 0)
        if run.returncode:
            print(run.stderr[-2000:])
        uids = collections.Counter(json.loads(line)["uid"] for file in work.glob("delivered/*") for line in file.read_text().splitlines())
        check("the loop has delivered each event once", (len(uids), max(uids.values(), default=0)), (own, 1))
    check("the second run of the loop had nothing to deliver", bench.spool("list", "--bucket", "--integration", "org-0", "--loader", "archive").stdout, "")


def fleet(suite, programs, scratch, weed, seed):
    if not shutil.which("etcd"):
        print("skipped  fleet: etcd is not installed; run scripts/install-dependencies delivery")
        return
    (scratch / "tmp").mkdir()
    os.environ["TMPDIR"] = str(scratch / "tmp")
    bench = Bench(suite, programs, scratch / "fleet", weed, seed)
    try:
        bench.start()
        marks = [time.monotonic()]
        expected = killed(bench)
        marks.append(time.monotonic())
        turns(bench)
        marks.append(time.monotonic())
        listed, events = commands(bench, expected)
        marks.append(time.monotonic())
        broken(bench, listed)
        marks.append(time.monotonic())
        recipes(bench, listed, events)
        marks.append(time.monotonic())
        print("    " + ", ".join(f"{name} {end - start:.0f} s" for name, start, end in zip(
            ("killed", "turns", "commands", "verify", "recipes"), marks, marks[1:])))
    finally:
        bench.end()
        if suite.failures:
            print(bench.log("deliver-0")[-1500:])
