"""The few requests to GitHub's API that a comment takes, with patience and without the token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from harness.errors import HarnessError

API = "https://api.github.com"

#: Whose comments are ours where the token cannot be asked: that of GitHub Actions.
ACTIONS = "github-actions[bot]"

_PAGE = 100
_TRIES = 4
#: In all, for one request, in seconds.
_PATIENCE_S = 120.0
_FIRST_PAUSE_S = 1.0


class PostingError(HarnessError):
    """The comment could not be written."""


class NoRightsError(PostingError):
    """The token may not write: it is of a fork, or lacks a permission."""


class Comment(msgspec.Struct, frozen=True):
    """One comment, as far as it matters here."""

    id: int
    author: str
    body: str


class GitHub:
    """GitHub's API, for one repository. Use it as a context manager.

    Args:
        repository: `owner/name`.
        token: Secret: it stands in no error and no log.
        api: Address of the API.
        pause: Waits so many seconds.
        now: Seconds since 1970, as the API's own limits are counted.
    """

    def __init__(
        self,
        repository: str,
        token: str,
        *,
        api: str = API,
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._repository = repository
        self._pause = pause
        self._now = now
        self._client = httpx.Client(
            base_url=api,
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "world-harness",
            },
            timeout=30,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def find_own_name(self) -> str:
        """Return whom the token speaks for; that of GitHub Actions may not ask."""
        reply = self._request("GET", "/user")
        name = reply.json().get("login") if reply.is_success else None
        return name if isinstance(name, str) else ACTIONS

    def is_open(self, number: int) -> bool:
        """Tell whether a pull request is open.

        Raises:
            PostingError: there is none of that number, or it cannot be read.
        """
        reply = self._demand("GET", f"/repos/{self._repository}/pulls/{number}")
        return bool(reply.json().get("state") == "open")

    def list_comments(self, number: int) -> Iterator[Comment]:
        """Yield every comment of a pull request, the oldest first.

        Raises:
            PostingError: they cannot be read.
        """
        page = 1
        while True:
            reply = self._demand(
                "GET",
                f"/repos/{self._repository}/issues/{number}/comments",
                params={"per_page": _PAGE, "page": page},
            )
            found = reply.json()
            for item in found:
                author = (item.get("user") or {}).get("login", "")
                yield Comment(item["id"], author, item.get("body") or "")
            if len(found) < _PAGE:
                return
            page += 1

    def create_comment(self, number: int, body: str) -> str:
        """Write a comment and return its address.

        Raises:
            NoRightsError: the token may not.
            PostingError: it cannot be written.
        """
        path = f"/repos/{self._repository}/issues/{number}/comments"
        return str(self._demand("POST", path, json={"body": body}).json().get("html_url", ""))

    def update_comment(self, comment: int, body: str) -> str | None:
        """Renew a comment and return its address; `None` when it is gone.

        Raises:
            NoRightsError: the token may not.
            PostingError: it cannot be written.
        """
        path = f"/repos/{self._repository}/issues/comments/{comment}"
        reply = self._request("PATCH", path, json={"body": body})
        if reply.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            return None
        return str(self._check(reply).json().get("html_url", ""))

    def _demand(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self._check(self._request(method, path, **request))

    def _request(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request, again where that may help, within bounded time."""
        waited = 0.0
        for attempt in range(1, _TRIES + 1):
            try:
                reply = self._client.request(method, path, **request)
            except httpx.TransportError as error:
                failure: httpx.TransportError | None = error
                pause = _FIRST_PAUSE_S * 2 ** (attempt - 1)
            else:
                failure = None
                wanted = self._find_pause(reply, attempt)
                if wanted is None:
                    return reply
                pause = wanted
            if attempt == _TRIES or waited + pause > _PATIENCE_S:
                break
            self._pause(pause)
            waited += pause
        if failure is not None:
            raise PostingError(
                "GitHub's API cannot be reached",
                cause=type(failure).__name__,
                remedy="check the network and GITHUB_API_URL, then run the same command again",
            )
        return reply

    def _find_pause(self, reply: httpx.Response, attempt: int) -> float | None:
        """Return how long to wait before the same request is worth sending again."""
        if _is_limited(reply):
            told = reply.headers.get("retry-after", "")
            if told.isdigit():
                return float(told)
            reset = reply.headers.get("x-ratelimit-reset", "")
            return max(float(reset) - self._now(), 1.0) if reset.isdigit() else 60.0
        if reply.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return float(_FIRST_PAUSE_S * 2 ** (attempt - 1))
        return None

    def _check(self, reply: httpx.Response) -> httpx.Response:
        if reply.is_success:
            return reply
        what = f"GitHub refused: {reply.status_code} {reply.reason_phrase}"
        if _is_limited(reply):
            raise PostingError(
                what,
                cause="the limit of requests is used up",
                remedy="run the same command again later; nothing was lost",
            )
        if reply.status_code in (httpx.codes.FORBIDDEN, httpx.codes.UNAUTHORIZED):
            raise NoRightsError(
                what,
                cause=_read_message(reply),
                remedy="give the job `permissions: pull-requests: write`; in a pull request from "
                "a fork, comment from a `workflow_run` (docs/ci.md)",
            )
        raise PostingError(
            what, cause=_read_message(reply), remedy="check --repository and --pull-request"
        )


def _is_limited(reply: httpx.Response) -> bool:
    if reply.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return True
    if reply.status_code != httpx.codes.FORBIDDEN:
        return False
    return "retry-after" in reply.headers or reply.headers.get("x-ratelimit-remaining") == "0"


def _read_message(reply: httpx.Response) -> str:
    try:
        message = reply.json().get("message", "")
    except (ValueError, AttributeError):
        return ""
    return message if isinstance(message, str) else ""
