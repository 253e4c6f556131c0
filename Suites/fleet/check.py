"""Checks that each event is in the bucket once. Reads the bucket with boto3 and gzip, and compares it with the events that the orgs have generated."""
import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError

from engines import BUCKET, PREFIX

SEAL = re.compile(rf"{PREFIX}/_tributary/seals/([^/]+)/(\d{{12}})\.json")
STAGED = re.compile(rf"{PREFIX}/_tributary/(bundles|windows)/([^/]+)/(\d{{12}})-([0-9a-f]{{32}})")
SEGMENT = re.compile(rf"{PREFIX}/((?:_rejected/)?integration=([^/]+)/.*\.ndjson\.gz)")


class Reader:
    """The contents of the bucket. Objects never change, so each object is read only once, unless `forget` is called."""

    def __init__(self, bucket):
        self.client = bucket.client()
        self.forget()

    def forget(self):
        self.seals = {}       # (integration, generation) → the object
        self.segments = {}    # path → (integration, SHA-256, uids)
        self.staged = set()   # ("bundles" or "windows", integration, generation, commit)
        self.strange = []     # keys that should not exist
        self.unreadable = []  # keys that the store lists but can't read
        self.unfinished = 0   # segments of the newest seals that are not published yet; the next host that opens the journal publishes them

    def look(self):
        """Reads the objects that are new since the last call."""
        self.staged, self.strange, self.unreadable, wanted = set(), [], [], []
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for item in page.get("Contents", []):
                key = item["Key"]
                if found := SEAL.fullmatch(key):
                    if (found[1], int(found[2])) not in self.seals:
                        wanted.append(key)
                elif found := STAGED.fullmatch(key):
                    self.staged.add((found[1], found[2], int(found[3]), found[4]))
                elif found := SEGMENT.fullmatch(key):
                    if found[1] not in self.segments:
                        wanted.append(key)
                elif not key.startswith(f"{PREFIX}/_tributary/"):
                    self.strange.append(key)
        with ThreadPoolExecutor(4) as pool:
            for key, body in zip(wanted, pool.map(self.read, wanted)):
                if body is not None:
                    self._take(key, body)

    def read(self, key):
        """An object's content; None if the store can't read it. If the store still can't read it after a restart, this is a complaint."""
        try:
            return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            self.unreadable.append(f"{key}: {error}")
            return None

    def _take(self, key, body):
        if found := SEAL.fullmatch(key):
            self.seals[found[1], int(found[2])] = json.loads(body)
            return
        found = SEGMENT.fullmatch(key)
        uids = [json.loads(line)["metadata"]["uid"] for line in gzip.decompress(body).splitlines()]
        self.segments[found[1]] = (found[2], hashlib.sha256(body).hexdigest(), uids)

    def events(self):
        """How often each event is in the bucket: integration → uid → count."""
        counts = defaultdict(Counter)
        for integration, _, uids in self.segments.values():
            counts[integration].update(uids)
        return counts


def is_all_there(reader, expected):
    """Whether all expected events are in the bucket. `expected` maps each integration to its uids."""
    reader.look()
    counts = reader.events()
    return not reader.unreadable and all(counts[name].keys() >= uids for name, uids in expected.items())


def verdict(reader, expected, everything):
    """Returns what is wrong, and numbers to print. The bucket must contain all events of `expected`, and only events of `everything`."""
    complaints = []
    counts = reader.events()
    twice = {(name, uid): number for name, found in counts.items() for uid, number in found.items() if number > 1}
    missing = [(name, uid) for name, uids in expected.items() for uid in uids - counts[name].keys()]
    invented = [(name, uid) for name, found in counts.items() for uid in found.keys() - everything.get(name, set())]
    for what, found in (("twice", twice), ("missing", missing), ("never generated", invented), ("strange keys", reader.strange),
                        ("unreadable keys", reader.unreadable)):
        if found:
            complaints.append(f"{len(found)} {what}: {', '.join(map(str, list(found)[:3]))}")
    complaints += seals_and_segments(reader, twice)
    numbers = {
        "events": sum(len(found) for found in counts.values()), "twice": len(twice), "missing": len(missing),
        "seals": len(reader.seals), "segments": len(reader.segments), "staged objects left": len(reader.staged),
        "segments not published yet": reader.unfinished,
    }
    return complaints, numbers


def is_in_bundle(reader, seal, segment):
    """Whether the bundle still contains the segment, so that the next host can publish it. This is allowed only for the newest seal. In
    fleet.pml, this property is `kept`."""
    if not any(one[0] == "bundles" and one[3] == seal["commit"] for one in reader.staged):
        return False
    start = sum(other["bytes"] for other in seal["segments"][:seal["segments"].index(segment)])
    body = reader.read(f"{PREFIX}/{seal['bundle']['key']}") or b""
    return hashlib.sha256(body[start:start + segment["bytes"]]).hexdigest() == segment["sha256"]


def seals_and_segments(reader, twice):
    """Compares seals and segments. The seals are the manifest of the bucket, so they must name every segment."""
    complaints, listed, generations, newest = [], {}, defaultdict(list), {}
    for name, generation in reader.seals:
        newest[name] = max(generation, newest.get(name, 0))
    for (name, generation), seal in sorted(reader.seals.items()):
        generations[name].append(generation)
        if seal["integration"] != name or seal["generation"] != generation:
            complaints.append(f"the seal {name}/{generation} contains the name {seal['integration']}/{seal['generation']}")
        for segment in seal["segments"]:
            if segment["path"] in listed:
                complaints.append(f"{segment['path']} is in two seals")
            listed[segment["path"]] = (name, generation)
            found = reader.segments.get(segment["path"])
            if found is None and generation == newest[name] and is_in_bundle(reader, seal, segment):
                reader.unfinished += 1
            elif found is None:
                complaints.append(f"{segment['path']} of seal {name}/{generation} by {seal['host']} is missing")
            elif found[1] != segment["sha256"] or len(found[2]) != segment["records"]:
                complaints.append(f"{segment['path']} of seal {name}/{generation} differs from what the seal says")
    complaints += [f"{path} is in no seal" for path in reader.segments.keys() - listed.keys()]
    for name, found in generations.items():
        if found != list(range(2, len(found) + 2)):
            complaints.append(f"the seals of {name} have a gap: {len(found)} seals, from {found[:3]} to {found[-1]}")
    for name, generation in newest.items():
        if ("windows", name, generation, reader.seals[name, generation]["commit"]) not in reader.staged:
            complaints.append(f"the identity windows of the newest seal {name}/{generation} are missing")
    rejected = [path for path in reader.segments if path.startswith("_rejected/")]
    if rejected:
        complaints.append(f"{len(rejected)} segments of rejected records")
    for name, uid in list(twice)[:3]:
        places = [f"{listed.get(path)} {path.rsplit('/', 1)[1]}" for path, (owner, _, uids) in reader.segments.items() if owner == name and uid in uids]
        complaints.append(f"{name} {uid} is in {' and '.join(places)}")
    return complaints if len(complaints) < 12 else [*complaints[:12], f"and {len(complaints) - 12} more"]
