"""Common code of the suite: the size of a run, checks, a deliverer process, and functions that read a store's contents."""
import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SEGMENTS = int(os.environ.get("SEGMENTS", "300"))
KILLS = int(os.environ.get("KILLS", "6"))
SEED = int(os.environ.get("SEED", "1"))
# Tests that need more time per segment use fewer segments: a small number in the short form, and a larger one in the long form.
IS_LONG = SEGMENTS >= 10_000

failures = []


def check(what, found, expected=True):
    print(f"{'ok' if found == expected else 'NOT OK'}  {what}", flush=True)
    if found != expected:
        print(f"    found {str(found)[:500]}\n    expected {str(expected)[:500]}", flush=True)
        failures.append(what)


class Deliverer:
    """The process `tributary deliver NAME` with its log."""

    def __init__(self, programs, home, name, environment=None):
        self.programs, self.home, self.name = programs, home, name
        self.environment = {**os.environ, **(environment or {})}
        self.process = None

    def start(self):
        with open(self.home / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "tributary", "deliver", self.name, "--config", self.home / "tributary.yaml"], stderr=log, stdout=log,
                env=self.environment)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        # Waits until the program handles signals. Before that, SIGTERM would end the process immediately.
        wait_for("the start", lambda: self.report.get("pid") == self.process.pid or self.process.poll() is not None, 60)
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    @property
    def acknowledged(self):
        try:
            return json.loads((self.home / f"spool/_acks/{self.name}.json").read_text())["sequence"]
        except (OSError, ValueError):
            return 0

    @property
    def report(self):
        try:
            return json.loads((self.home / f"deliver/{self.name}/status.json").read_text())
        except (OSError, ValueError):
            return {}

    @property
    def problem(self):
        """The problem that the deliverer reports; empty if there is none."""
        return (self.report.get("problem") or {}).get("message", "")

    @property
    def resident(self):
        """The peak resident memory, in KiB."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            return int(status.split("VmHWM:")[1].split()[0])
        except (OSError, IndexError):
            return 0

    @property
    def own(self):
        """The peak resident memory in KiB, without the present pages of files (RssFile), because a debug build has more of these."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            return self.resident - int(status.split("RssFile:")[1].split()[0])
        except (OSError, IndexError):
            return 0


def wait_for(what, condition, seconds=600):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            check(f"waited for {what}", False)
            return False
        time.sleep(0.02)
    return True


def configure(home, port, key_file, more=""):
    (home / "tributary.yaml").write_text(f"""
state_directory: {home}/state
runtime_directory: {home}/run
delivery_directory: {home}/deliver
spool: {{directory: {home}/spool}}
destinations:
  - name: lake
    type: s3
    bucket: lake
    prefix: okta
    endpoint: http://127.0.0.1:{port}
    credentials: static
    secret_file: {key_file}
{more}
""")


def objects(client, bucket):
    """Reads the bucket without Tributary's code. Returns the SHA-256 of each object, by key."""
    found = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            body = client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            found[item["Key"]] = hashlib.sha256(body).hexdigest()
    return found


def records_of(home):
    """The records by uid, read from the files of the spool."""
    found = {}
    for line in open(home / "spool/_manifest.ndjson"):
        file = home / "spool" / json.loads(line)["path"]
        text = subprocess.run(["zstd", "-dqc", file], check=True, capture_output=True).stdout if file.suffix == ".zst" else file.read_bytes()
        for record in map(json.loads, text.splitlines()):
            found[record["metadata"]["uid"]] = record
    return found
