"""GitHub's API as far as comments go: a real server with a memory, and failures on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-that-must-stay-secret"
REPOSITORY = "acme/app"
NUMBER = 7
#: Whom the token speaks for; an App's, unless a test says otherwise.
APP = "acme-app[bot]"


class FakeGitHub:
    """Remembers comments and requests."""

    def __init__(self) -> None:
        self.address = ""
        self.comments: dict[int, dict[str, Any]] = {}
        self.state = "open"
        #: Pull request -> where its commits were pushed to, and the last of them.
        self.heads: dict[int, tuple[str, str]] = {}
        #: Answered in turn instead of the real answer: status, headers, body.
        self.failures: list[tuple[int, dict[str, str], dict[str, Any]]] = []
        #: Only for this method; empty for every one.
        self.failing_method = ""
        self.requests: list[str] = []
        self.viewer: str | None = APP
        #: So many new comments are written, but their answer never comes; then how it fails.
        self.lost_answers = 0
        self.lost_as: Literal["502", "cut off"] = "502"
        self.forgets_on_update = False
        self.longest = 65_536

    def add(self, body: str, author: str = APP) -> int:
        number = len(self.comments) + 1
        self.comments[number] = {"id": number, "body": body, "user": {"login": author}}
        return number

    def answer(self, method: str, target: str, body: dict[str, Any]) -> tuple[int, Any]:
        # A server of one's own has the REST API below a path, and GraphQL beside it.
        path = urlsplit(target).path.removeprefix("/api").removeprefix("/v3")
        if path == "/user":
            # As to every App.
            return 403, {"message": "Resource not accessible by integration"}
        if path == "/graphql":
            viewer = {"login": self.viewer} if self.viewer else None
            return 200, {"data": {"viewer": viewer}}
        if path == f"/repos/{REPOSITORY}/pulls":
            return 200, self._list_pulls(target)
        if path == f"/repos/{REPOSITORY}/pulls/{NUMBER}":
            return 200, {"state": self.state}
        if path == f"/repos/{REPOSITORY}/issues/{NUMBER}/comments":
            return self._write(self.add(""), body, 201) if method == "POST" else self._list(target)
        return self._update(path, body)

    def _list_pulls(self, target: str) -> list[dict[str, Any]]:
        query = parse_qs(urlsplit(target).query)
        return [
            {"number": number, "head": {"sha": sha}}
            for number, (head, sha) in self.heads.items()
            if query["head"] == [head] and query["state"] == [self.state]
        ]

    def loses(self, method: str, target: str) -> bool:
        """Tell whether the answer to this request is to be lost, and count it."""
        written = method == "POST" and urlsplit(target).path.endswith("/comments")
        lost = written and self.lost_answers > 0
        self.lost_answers -= lost
        return lost

    def _list(self, target: str) -> tuple[int, Any]:
        query = {name: int(values[0]) for name, values in parse_qs(urlsplit(target).query).items()}
        size, page = query.get("per_page", 30), query.get("page", 1)
        return 200, list(self.comments.values())[size * (page - 1) : size * page]

    def _update(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        number = path.rsplit("/", 1)[-1]
        comment = int(number) if number.isdigit() else 0
        if self.forgets_on_update:
            self.comments.pop(comment, None)
        if comment not in self.comments:
            return 404, {"message": "Not Found"}
        return self._write(comment, body, 200)

    def _write(self, number: int, body: dict[str, Any], status: int) -> tuple[int, Any]:
        if len(body["body"]) > self.longest:
            return 422, {"message": "Body is too long (maximum is 65536 characters)"}
        self.comments[number]["body"] = body["body"]
        return status, {"html_url": f"https://github.example/{number}", "id": number}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeGitHub

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        self.fake.requests.append(f"{self.command} {self.path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {}, {"message": "Bad credentials"})
        elif self.fake.failures and self.fake.failing_method in ("", self.command):
            self._send(*self.fake.failures.pop(0))
        else:
            status, answer = self.fake.answer(self.command, self.path, body)
            if not self.fake.loses(self.command, self.path):
                self._send(status, {}, answer)
            elif self.fake.lost_as == "502":
                self._send(502, {}, {"message": "Server Error"})
            else:
                self.close_connection = True

    do_GET = do_POST = do_PATCH = _handle  # noqa: N815 - as the library wants it

    def _send(self, status: int, headers: dict[str, str], body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return None


@contextmanager
def serve_fake() -> Iterator[FakeGitHub]:
    """Serve a fake on a free port until the block ends."""
    fake = FakeGitHub()
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    fake.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
