"""Quickly makes a spool like the daemon's: segments, plain or compressed with zstd, and a manifest with checksums."""
import datetime
import hashlib
import json
import os
import random
import subprocess
import zlib


def make(directory, segments, seed, size=2_000, compress=False, first=1, sealed_at=None):
    """Makes the spool. Returns the SHA-256 of each segment, by path.

    `size` is the average size of a segment in bytes. If `first` is above 1, the segments are added to an existing spool. `sealed_at` returns when a
    segment was sealed, in seconds since 1970; its argument is the number of the segment.
    """
    chosen = random.Random(seed)
    if first == 1:
        directory.mkdir(parents=True)
        (directory / "_acks").mkdir()
        (directory / "_staging").mkdir()
        identity = {"format": 1, "id": f"{chosen.getrandbits(128):032x}", "created": "2026-11-23T20:00:00.000Z"}
        (directory / "_spool.json").write_text(json.dumps(identity))
    digests = {}
    with open(directory / "_manifest.ndjson", "ab") as manifest:
        for number in range(first, first + segments):
            time = sealed_at(number) if sealed_at else 1_795_478_400
            line, path, digest = _segment(directory, number, chosen, size, compress, time)
            manifest.write(line)
            digests[path] = digest
        manifest.flush()
        os.fsync(manifest.fileno())
    return digests


def _segment(directory, number, chosen, size, compress, sealed_at):
    name = chosen.choice(["authentication", "account_change", "user_access"])
    date = f"2026-11-{chosen.randint(20, 24)}"
    folder = f"integration=acme/class={name}/date={date}"
    (directory / folder).mkdir(parents=True, exist_ok=True)
    path = f"{folder}/20261124T{number // 3600 % 24:02}{number // 60 % 60:02}{number % 60:02}000Z-{chosen.getrandbits(64):016x}.ndjson"
    lines = []
    length = 0
    wanted = max(1, int(size * chosen.uniform(0.5, 1.5)))
    while length < wanted:
        record = {"metadata": {"uid": f"{number}-{len(lines)}", "version": "1.8.0"}, "class_uid": 3002, "time": 1_795_000_000_000 + number,
                  "message": f"{chosen.getrandbits(800):x}", "status_id": chosen.randint(1, 2)}
        # Lines have the same form as the daemon's: no spaces, and metadata.uid first.
        lines.append(json.dumps(record, separators=(",", ":")) + "\n")
        length += len(lines[-1])
    content = "".join(lines).encode()
    plain = len(content)
    if compress:
        content = subprocess.run(["zstd", "-qc"], input=content, stdout=subprocess.PIPE, check=True).stdout
        path += ".zst"
    (directory / path).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    sealed = datetime.datetime.fromtimestamp(sealed_at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    line = {"sequence": number, "path": path, "integration": "acme", "partition": {"class": name, "date": date}, "kind": "records",
            "records": len(lines), "bytes": len(content), "uncompressed_bytes": plain, "sha256": digest,
            "first_time": 1_795_000_000_000, "last_time": 1_795_000_000_000, "sealed_at": sealed,
            "schema": "ocsf/1.8.0", "format": 1, "seal": f"acme/{number}"}
    text = json.dumps(line, separators=(",", ":"))[:-1].encode()
    return text + b',"line_crc32":"%08x"}\n' % zlib.crc32(text), path, digest
