"""An app as the harness sees one: it answers the two routes, and misbehaves on command. A script.

`tiny_app.py PORT` serves, `tiny_app.py build` builds. The environment says how it goes:
TINY_APP how the server behaves (words), TINY_RUN how a run goes (else its workflow's name says it),
TINY_BUILD how the build goes, and TINY_MARKS names a folder where files say what happens.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BEHAVIOR = set(os.environ.get("TINY_APP", "").split())
FOREVER_S = 600

SECRET_URL = "postgres://app:hunter2@db.example:5432/app"

#: Survives everything but SIGKILL, and says when it is ready for that.
STUBBORN = """
import signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def mark(name: str, content: object = "") -> None:
    """Leave a file that is there only when it is whole."""
    folder = os.environ.get("TINY_MARKS")
    if folder:
        # Several threads may leave one mark: each writes a separate file first.
        unfinished = Path(folder, f".{name}-{threading.get_ident()}")
        unfinished.write_text(str(content))
        unfinished.rename(Path(folder, name))


def marked(name: str) -> bool:
    return Path(os.environ["TINY_MARKS"], name).exists()


def start_family() -> None:
    """Start two children that ignore every polite signal: one of our group, one that left it."""
    for leaves in (False, True):
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", STUBBORN],
            stdout=subprocess.PIPE,
            start_new_session=leaves,
        )
        assert child.stdout
        child.stdout.readline()
        mark(f"child-{child.pid}", child.pid)


def complete(answer: Any) -> dict[str, Any]:
    """What a run that went well looks like; `start()` was called at 1000 ms."""
    return {
        "outcome": "completed",
        "runId": "run-1",
        "calledAtMs": 1000.0,
        "startReturnedAtMs": 1004.5,
        "createdAtMs": 1001.0,
        "startedAtMs": 1002.0,
        "completedAtMs": 1010.0,
        "answeredAtMs": 1010.25,
        "wokenBy": "signal",
        "settled": True,
        "answer": answer,
        "steps": [
            {
                "stepId": "step-1",
                "attempt": 1,
                "invocation": "one",
                "enteredAtMs": 1003.0,
                "leftAtMs": 1003.5,
            }
        ],
        "streams": [],
    }


def end(outcome: str, error: str | None) -> dict[str, Any]:
    return {"outcome": outcome, "calledAtMs": 1000.0, "error": error}


RUNS: dict[str, Callable[[list[Any]], dict[str, Any]]] = {
    "good": lambda arguments: complete(arguments[0]),
    "wrong": lambda arguments: complete("something else"),
    "fail": lambda arguments: end("failed", "FatalError: no luck"),
    "fail-silently": lambda arguments: end("failed", None),
    "time-out": lambda arguments: end("timeout", "no end within 200 ms"),
}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        if "mute" in BEHAVIOR:
            mark("starting")
            time.sleep(FOREVER_S)
        elif "sick" in BEHAVIOR:
            self.answer(500, b"the database is asleep")
        elif "garbage" in BEHAVIOR:
            self.answer(200, b"<html>Welcome!</html>")
        elif "garbled" in BEHAVIOR:
            self.answer(200, b'{"line": "\xff"}')
        else:
            self.answer(200, self.identify())

    def identify(self) -> bytes:
        identity = {
            "line": "tiny",
            "framework": "tiny",
            "world": "tiny",
            "node": "v0",
            "pid": 1 if "stranger" in BEHAVIOR else os.getpid(),
            "recording": False,
            "workflows": list(RUNS),
        }
        return json.dumps(identity).encode()

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        how = os.environ.get("TINY_RUN") or request["workflow"]
        mark("sampling")
        if how == "hang":
            time.sleep(FOREVER_S)
        elif how == "die":
            say("last words")
            os._exit(9)
        elif how == "break":
            self.answer(500, b"out of order")
        elif how == "garble":
            self.answer(200, b'{"outcome": "\xff"}')
        else:
            self.answer(200, json.dumps(RUNS[how](request["arguments"])).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    request_queue_size = 256


def serve(port: int) -> None:
    say("tiny app begins")
    if "die" in BEHAVIOR:
        for number in range(40):
            say(f"line {number} of the log")
        say(f"cannot connect to {SECRET_URL}")
        raise SystemExit(7)
    try:
        server = Server(("127.0.0.1", port), Handler)
    except OSError:
        # As Node says it.
        say(f"Error: listen EADDRINUSE: address already in use 127.0.0.1:{port}")
        raise SystemExit(1) from None
    mark("port", port)
    if "family" in BEHAVIOR:
        start_family()
    server.serve_forever()


def build() -> None:
    say("tiny build begins")
    how = os.environ.get("TINY_BUILD")
    if how == "fail":
        raise SystemExit("Error: cannot resolve 'workflow'")
    if how == "hang":
        start_family()
        mark("building")
        time.sleep(FOREVER_S)


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build()
    else:
        serve(int(sys.argv[1]))
