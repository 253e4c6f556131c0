"""Makes the events for the measurements: NDJSON from the simulator."""
import json
import os
import random
import subprocess
import time
import urllib.request


def simulated(programs, path, events):
    token = path + ".token"
    with open(token, "w") as file:
        file.write("00benchmark\n")
    server = subprocess.Popen(
        [programs + "/okta-simulator", "--port", "0", "--token-file", token, "--events", str(events),
         "--history", "2d", "--limit-per-minute", "1000000"], stdout=subprocess.PIPE, text=True)
    try:
        url = json.loads(server.stdout.readline())["url"] + "/api/v1/logs?limit=1000&since=" + time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7 * 86400))
        written = 0
        with open(path, "w") as corpus:
            while written < events:
                request = urllib.request.Request(url, headers={"Authorization": "SSWS 00benchmark"})
                with urllib.request.urlopen(request) as answer:
                    rows = json.load(answer)
                    links = answer.headers.get_all("link")
                for row in rows:
                    corpus.write(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n")
                written += len(rows)
                url = next(link for link in links if 'rel="next"' in link).partition("<")[2].partition(">")[0]
    finally:
        server.terminate()
        server.wait()


def widened(corpus, path, size):
    """Writes the corpus with more text in each event's `debugData`, so that an event has `size` bytes on average. Half of the added text is the
    same in all events, and half is random digits."""
    events = sum(1 for _ in open(corpus, "rb"))
    room = size - os.path.getsize(corpus) // events
    generator = random.Random(events)
    with open(corpus) as lines, open(path, "w") as wide:
        for line in lines:
            event = json.loads(line)
            event["debugContext"] = context = event.get("debugContext") or {}
            context["debugData"] = data = context.get("debugData") or {}
            for number in range(room // 80 + 1):
                text = "status=%s, id=%032x" % (generator.choice(("POSITIVE", "NEGATIVE")), generator.getrandbits(128))
                # Each member is 80 bytes long, including the name, the quotation marks and the comma.
                data["stepNumber%03d" % number] = (text + ", reason=%s" % ("none" * 20))[:62][:max(0, room - 80 * number - 18)]
            wide.write(json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n")
