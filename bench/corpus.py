"""Events to measure with, from the simulator, as NDJSON."""
import json
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
