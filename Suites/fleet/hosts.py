"""A collector host: `tributary run` in a network namespace, with its own state directory and wall clock."""
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "faults"))
from engines import BUCKET, PREFIX, wait_for  # noqa: E402
from harness import Control, processor_seconds  # noqa: E402


def build_interposer(home):
    """Builds the library that shifts only the wall clock of a process. Returns its path."""
    library = home / "interpose.so"
    subprocess.run(["cc", "-Wall", "-Werror", "-shared", "-fPIC", "-O1", "-o", library, HERE.parent / "faults/interpose.c", "-ldl"], check=True)
    return library


def fleet_keys(name, bucket, etcd, ttl):
    """The section `fleet` of a host's configuration."""
    lease = f"type: etcd, endpoints: [{', '.join(f'http://127.0.0.1:{port}' for port in etcd.clients)}]" if etcd else "type: s3"
    return f"""
fleet:
  name: test
  host: {name}
  log:
    bucket: {BUCKET}
    prefix: {PREFIX}
    endpoint: http://127.0.0.1:{bucket.port}
    credentials: static
    secret_file: {bucket.keys}
  lease: {{{lease}, ttl: {ttl:g}s}}
"""


class Host:
    """A collector host. Its wall clock is ahead by `clock` seconds. If `namespace` is None, it runs in the current namespace."""

    def __init__(self, number, home, program, library, namespace, clock=0):
        self.number, self.name, self.home, self.program, self.library = number, f"collector-{number + 1}", home, program, library
        self.namespace, self.clock = namespace, clock
        home.mkdir()
        self.control = Control(home / "control")
        self.control["clock_offset"] = clock
        self.configuration = home / "tributary.yaml"
        self.log = home / "log"
        self.process = None
        self.spent, self.seen, self.largest = 0.0, 0.0, 0   # processor seconds of earlier processes, and of all processes; peak memory in KiB
        self.exits = []

    def configure(self, orgs, fleet, *, segment_max_age="5s", poll_interval="1s", more=""):
        integrations = "".join(
            f"  - {{name: {name}, url: 'http://127.0.0.1:{port}', data_ingest: {{credential: read, poll_interval: {poll_interval}, start: 1d}}}}\n"
            for port, name in orgs.names.items())
        self.configuration.write_text(f"""
state_directory: {self.home}/state
runtime_directory: {self.home}/run
spool: {{directory: {self.home}/spool, segment_max_age: {segment_max_age}, compression: gzip}}
{fleet}
{more}
credentials:
  - {{name: read, type: api_token, permissions: read, secret_file: {orgs.token}}}
integrations:
{integrations}""")

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        environment = dict(os.environ, LD_PRELOAD=str(self.library), FAULTS_CONTROL=str(self.control.path), FAULTS_BELOW="")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*(self.namespace.enter if self.namespace else []), self.program, "run", "--config", self.configuration],
                stdout=log, stderr=log, env=environment, start_new_session=True)

    def note(self):
        """Records the resource usage. Returns the processor seconds of all the host's processes so far, and the resident memory now, in KiB."""
        try:
            spent = self.spent + processor_seconds(self.process.pid)
            resident = int(Path(f"/proc/{self.process.pid}/status").read_text().split("VmRSS:")[1].split()[0])
        except (OSError, IndexError, AttributeError):
            return self.seen, 0
        self.seen, self.largest = spent, max(self.largest, resident)
        return spent, resident

    def signal(self, number):
        if self.is_running:
            self.process.send_signal(number)

    def kill(self):
        self.spent, _ = self.note()
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=90):
        """Stops the host normally and returns the exit code. Returns 0, too, if SIGTERM ends the process before the program handles signals."""
        self.spent, _ = self.note()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
            return 0 if code == -signal.SIGTERM else code
        except subprocess.TimeoutExpired:
            self.kill()
            return "killed, because it did not stop"

    def lose_disk(self):
        """Deletes state and spool, as if the host had a new disk."""
        for name in ("state", "spool", "run"):
            shutil.rmtree(self.home / name, ignore_errors=True)

    def revive(self):
        """Starts the host if its process has ended, and notes an unexpected exit code."""
        if not self.is_running:
            if self.process is not None and self.process.returncode not in (-signal.SIGKILL, -signal.SIGTERM, 0):
                self.exits.append(self.process.returncode)
            self.start()

    def command(self, *arguments):
        """Runs `tributary ARGUMENTS` in this host's namespace. Returns exit code and output."""
        outcome = subprocess.run([*(self.namespace.enter if self.namespace else []), self.program, *arguments, "--config", self.configuration],
                                 capture_output=True, text=True, timeout=60)
        return outcome.returncode, outcome.stdout + outcome.stderr

    def wait_until_it_reports(self):
        wait_for(f"the status of {self.name}", (self.home / "run/status.json").exists)
