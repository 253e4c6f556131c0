#!/usr/bin/env python3
"""Adds the org of a service app interactively, in a pseudo-terminal. Registers the public key when it is shown, as a person would in Okta's console.

    service_app.py SCREEN ORG PROGRAM…      ORG is a command that runs the simulated org; {key} in it is replaced by the public key's file

Saves the screen's text and the elapsed seconds, prints the simulator's process id, and exits with the program's exit code.
"""
import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

ANSWERS = [
    ("Name, such as", "lab"), ("Description", ""), ("Address of the org", os.environ["ORG_URL"]), ("Choice [1]", ""), ("How far back", ""),
    ("Choice [1]", "2"), ("Name of the credential [lab-read]", ""), ("Client ID of the app", "0oa1lab"), ("Domains", ""), ("IP ranges", ""),
]


def register(screen, command):
    """Reads the public key, a JSON object, from the screen, and starts an org that knows the key."""
    jwk = json.loads(re.search(r"\{[^{}]*\"kty\"[^{}]*\}", screen).group())
    assert "d" not in jwk, "the private key is on the screen"
    directory = tempfile.mkdtemp()
    key, ready = f"{directory}/app.jwk", f"{directory}/ready"
    with open(key, "w") as file:
        json.dump(jwk, file)
    words = [word.replace("{key}", key) for word in command.split()] + ["--ready-file", ready]
    org = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    limit = time.monotonic() + 30
    while not os.path.exists(ready):
        assert time.monotonic() < limit, "the simulator has not started within 30 s"
        time.sleep(0.05)
    print(org.pid, flush=True)


def main():
    started = time.monotonic()
    process, terminal = pty.fork()
    if process == 0:
        os.environ["NO_COLOR"] = "1"
        os.execvp(sys.argv[3], sys.argv[3:])
    screen = ""

    def look():
        nonlocal screen
        if not select.select([terminal], [], [], 1)[0]:
            return True
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # The program has closed the terminal.
            return False
        screen += piece.decode(errors="replace")
        return bool(piece)

    seen = 0
    for question, answer in ANSWERS:
        limit = time.monotonic() + 60
        while question not in screen[seen:]:
            if not look() or time.monotonic() > limit:
                print(f"not asked: {question}\n{screen}", file=sys.stderr)
                sys.exit(1)
        seen = screen.index(question, seen) + len(question)
        if question.startswith("Client ID"):
            register(screen, sys.argv[2])
        os.write(terminal, answer.encode() + b"\n")
    limit = time.monotonic() + 120
    while time.monotonic() < limit and look():
        pass
    with open(sys.argv[1], "w") as file:
        file.write(screen.replace("\r\n", "\n") + f"[{time.monotonic() - started:.1f} s]\n")
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if code != 0:
        print(screen, file=sys.stderr)
    sys.exit(code)


main()
