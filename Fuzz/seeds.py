"""Puts lines of NDJSON files as seeds for the fuzz target into a directory: each as an event, a page and a stream.

    seeds.py DIRECTORY FILE.ndjson ...
"""
import sys

directory, files = sys.argv[1], sys.argv[2:]
number = 0
for name in files:
    with open(name, "rb") as lines:
        for line in lines:
            event = line.strip()
            # NormalizerFuzz reads from the first byte how to treat the rest.
            for choice, text in ((b"\x04", event), (b"\x1e", b"[" + event + b",{}]"), (b"\xff", event + b"\n{}\n")):
                with open("%s/%05d" % (directory, number), "wb") as seed:
                    seed.write(choice + text)
                number += 1
