#!/usr/bin/env python3
"""Runs a program in a pseudo-terminal, answers its questions, and saves the screen's text.

    terminal.py ANSWERS SCREEN PROGRAM…     ANSWERS is a JSON array of pairs: words to wait for, and the answer

Exits with the program's exit code, or with 1 if an expected question does not appear within a minute.
"""
import json
import os
import pty
import select
import sys
import time


def main():
    answers = json.load(open(sys.argv[1]))
    started = time.monotonic()
    process, terminal = pty.fork()
    if process == 0:
        os.environ["NO_COLOR"] = "1"
        os.execvp(sys.argv[3], sys.argv[3:])
    screen = b""

    def look(seconds):
        nonlocal screen
        if not select.select([terminal], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # The program has closed the terminal.
            return False
        screen += piece
        return bool(piece)

    seen = 0
    missing = None
    for question, answer in answers:
        limit = time.monotonic() + 60
        while question.encode() not in screen[seen:]:
            if not look(1) or time.monotonic() > limit:
                missing = question
                break
        if missing:
            break
        seen = screen.index(question.encode(), seen) + len(question.encode())
        os.write(terminal, answer.encode() + b"\n")
    limit = time.monotonic() + 120
    while not missing and time.monotonic() < limit and look(1):
        pass
    text = screen.decode(errors="replace").replace("\r\n", "\n")
    with open(sys.argv[2], "w") as file:
        file.write(text + f"[{time.monotonic() - started:.1f} s]\n")
    if missing:
        print(f"not asked: {missing}\n{text}")
        sys.exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if code != 0:
        print(text)
    sys.exit(code)


main()
