"""Destinations of type exec: the installed examples, while the deliverer is killed."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import spool
from harness import IS_LONG, KILLS, PROJECT, SEED, Deliverer, check, wait_for


class PostgreSQL:
    """A PostgreSQL server from Debian, which runs as an unprivileged user and listens on a socket in its own directory."""

    def __init__(self, home):
        self.programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.home = home / "postgresql"
        self.home.mkdir()
        self.as_user = []
        if os.getuid() == 0:
            shutil.chown(self.home, "nobody")
            self.as_user = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]

    def __enter__(self):
        self.control("initdb", "-D", self.home / "data", "-U", "loader", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
        self.control("pg_ctl", "start", "-w", "-D", self.home / "data", "-l", self.home / "log",
                     "-o", f"-c listen_addresses= -c unix_socket_directories={self.home}")
        return f"host={self.home} user=loader dbname=postgres"

    def __exit__(self, *_):
        self.control("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.home / "data")

    def control(self, program, *arguments):
        subprocess.run([*self.as_user, self.programs / program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def query(self, connection, text):
        return subprocess.run([self.programs / "psql", "-XAtq", "-d", connection, "-c", text], check=True, capture_output=True,
                              text=True).stdout.strip()


def kill_at(deliverer, chosen, count, kills):
    """Kills the deliverer repeatedly, at random positions and after random times."""
    for mark in sorted(chosen.sample(range(2, count - 5), kills)):
        wait_for(f"position {mark}", lambda: deliverer.acknowledged >= mark)
        time.sleep(chosen.uniform(0, 0.3))
        deliverer.kill()
        deliverer.start()


def counted(deliverer, chosen, file, count, kills):
    """Tests a command that does not recognize repeated segments. Each segment must arrive, with no more repeats than documented."""
    try:
        deliverer.start()
        kill_at(deliverer, chosen, count, kills)
        wait_for("the end of the spool", lambda: deliverer.acknowledged == count)
        check("a command that does not remember delivered segments: the deliverer stops with 0", deliverer.stop(), 0)
    finally:
        if deliverer.process.poll() is None:
            deliverer.kill()
    times = Counter(map(int, file.read_text().split()))
    repeats = sum(times.values()) - len(times)
    check("a command that does not remember delivered segments: each segment was delivered", sorted(times), list(range(1, count + 1)))
    check("a command that does not remember delivered segments: after a kill, at most the 3 segments that were being delivered are repeated", repeats <= 3 * kills)
    print(f"    {kills} kills, {count} segments, {repeats} delivered again (at most {3 * kills} allowed), one segment up to {max(times.values())} times")


def commands(programs, scratch):
    """Tests the installed examples: PostgreSQL, while the deliverer is killed, and rclone."""
    home = scratch / "commands"
    home.mkdir()
    scratch.chmod(0o755)
    home.chmod(0o755)
    chosen = random.Random(SEED + 3)
    count, kills = (400, KILLS) if IS_LONG else (60, 6)
    expected = spool.make(home / "spool", count, SEED + 3, size=20_000, compress=True)
    records = sum(json.loads(line)["records"] for line in open(home / "spool/_manifest.ndjson"))
    server = PostgreSQL(home)
    with server as connection:
        remote = home / "remote"
        (home / "rclone.conf").write_text("[archive]\ntype = alias\nremote = %s\n" % remote)
        os.environ["RCLONE_CONFIG"] = str(home / "rclone.conf")
        (home / "tributary.yaml").write_text(f"""
delivery_directory: {home}/deliver
spool: {{directory: {home}/spool}}
destinations:
  - name: warehouse
    type: exec
    command: [{PROJECT}/examples/load-postgresql, "{connection}"]
  - name: archive
    type: exec
    command: [{PROJECT}/examples/copy-with-rclone, "archive:okta"]
  - name: counts
    type: exec
    command: [/bin/sh, -c, "cat >/dev/null && echo $TRIBUTARY_SEQUENCE >>{home}/counted && sleep 0.05"]
    concurrency: 3
  - name: hangs
    type: exec
    command: [/bin/sleep, "100000"]
    timeout: 1d
""")
        deliverer = Deliverer(programs, home, "warehouse")
        hanging = Deliverer(programs, home, "hangs")
        archive = Deliverer(programs, home, "archive")
        try:
            hanging.start()
            archive.start()
            deliverer.start()
            kill_at(deliverer, chosen, count, kills)
            wait_for("the end of the spool", lambda: deliverer.acknowledged == count)
            check("PostgreSQL: the deliverer stops with 0", deliverer.stop(), 0)
            check("PostgreSQL has each event once", server.query(connection, "SELECT count(*), count(DISTINCT uid) FROM okta_events"),
                  f"{records}|{records}")
            check("PostgreSQL has each segment", server.query(connection, "SELECT count(*) FROM tributary_segments"), str(count))
            counted(Deliverer(programs, home, "counts"), chosen, home / "counted", count, kills)
            wait_for("rclone", lambda: archive.acknowledged == count)
            check("rclone: the deliverer stops with 0", archive.stop(), 0)
            found = {str(path.relative_to(remote / "okta")): hashlib.sha256(path.read_bytes()).hexdigest()
                     for path in (remote / "okta").rglob("*.zst")}
            check("rclone copied each segment, byte for byte", found == expected)
            status = subprocess.run([programs / "tributary", "status", "--config", home / "tributary.yaml"], capture_output=True, text=True)
            check("a hanging destination does not affect others, and the status shows its backlog",
                  "delivery hangs" in status.stdout and f"{count} segments" in status.stdout)
            check("the deliverer stops with 0 although its command hangs", hanging.stop(), 0)
            check("no process of a command is left", subprocess.run(["pgrep", "-fx", "/bin/sleep 100000"], capture_output=True).returncode, 1)
        finally:
            for each in (deliverer, hanging, archive):
                if each.process and each.process.poll() is None:
                    each.kill()
