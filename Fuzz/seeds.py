"""Makes seeds for the fuzz target from the lines of NDJSON files. Each line becomes three files in a directory: an event, a page and a stream.

    seeds.py DIRECTORY FILE.ndjson ...
"""
import sys

directory, files = sys.argv[1], sys.argv[2:]
number = 0
for name in files:
    with open(name, "rb") as lines:
        for line in lines:
            event = line.strip()
            # The first byte tells NormalizerFuzz how to read the rest.
            for choice, text in ((b"\x04", event), (b"\x1e", b"[" + event + b",{}]"), (b"\xff", event + b"\n{}\n")):
                with open("%s/%05d" % (directory, number), "wb") as seed:
                    seed.write(choice + text)
                number += 1
