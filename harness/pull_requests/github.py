"""The requests to GitHub's API for a comment. They retry, and never show the token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from harness.errors import HarnessError
from harness.pull_requests.target import Head

API = "https://api.github.com"

_PAGE = 100
_TRIES = 4
#: Total time limit of one request with its retries, in seconds.
_PATIENCE_S = 240.0
_FIRST_PAUSE_S = 1.0
#: Pauses after a rate limit without an end time; GitHub asks for one minute, then for more.
_FIRST_PAUSE_OF_LIMIT_S = 60.0
#: Words in the message of a rate limit that has no header.
_WORDS_OF_LIMIT = ("rate limit", "abuse detection")

#: Errors before a request was sent.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

#: The REST API does not tell an App the owner of its token; this query does.
_WHO = "query { viewer { login } }"


class PostingError(HarnessError):
    """The comment could not be written."""


class NoRightsError(PostingError):
    """The token may not write: it belongs to a fork, or lacks a permission."""


class UncertainError(PostingError):
    """The answer was lost, so it is not known whether the comment was written."""


class Comment(msgspec.Struct, frozen=True):
    """The needed fields of one comment."""

    id: int
    author: str
    body: str


class GitHub:
    """GitHub's API, for one repository. Use it as a context manager.

    Args:
        repository: `owner/name`.
        token: A secret; never appears in an error or a log.
        api: The API's base URL.
        pause: Waits for a number of seconds; also available as :attr:`pause`.
        now: Seconds since 1970, as in the API's rate limit headers.
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
        self.pause = pause
        self._repository = repository
        self._now = now
        # On GitHub Enterprise Server, REST is at /api/v3 and GraphQL at /api/graphql.
        self._graphql = f"{api.rstrip('/').removesuffix('/v3')}/graphql"
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
        """Return the owner of the token: a user, or an App as `name[bot]`.

        Raises:
            PostingError: GitHub does not name the owner.
        """
        reply = self._demand("POST", self._graphql, json={"query": _WHO})
        name = ((reply.json().get("data") or {}).get("viewer") or {}).get("login")
        if not isinstance(name, str):
            raise PostingError(
                "cannot find the owner of the token",
                cause="GitHub's GraphQL API returned no viewer",
                remedy="use the token of a job, an App or a user",
            )
        return name

    def is_open(self, number: int) -> bool:
        """Return whether a pull request is open.

        Raises:
            PostingError: it does not exist, or cannot be read.
        """
        reply = self._demand("GET", f"/repos/{self._repository}/pulls/{number}")
        return bool(reply.json().get("state") == "open")

    def find_pull_request(self, head: Head) -> int | None:
        """Return the open pull request whose head is a commit; `None` if there is none.

        After another push the head is another commit. Commits of a fork are not in this
        repository, so the pull request is found by the fork's branch.

        Raises:
            PostingError: the pull requests cannot be read.
        """
        reply = self._demand(
            "GET",
            f"/repos/{self._repository}/pulls",
            params={"state": "open", "head": f"{head.owner}:{head.branch}", "per_page": _PAGE},
        )
        found = (item["number"] for item in reply.json() if item["head"]["sha"] == head.commit)
        return next(found, None)

    def list_comments(self, number: int) -> Iterator[Comment]:
        """Yield every comment of a pull request, the oldest first.

        Raises:
            PostingError: the comments cannot be read.
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
        """Write a comment and return its URL.

        Retried only if it was certainly not written: after a rate limit, or without a connection.

        Raises:
            UncertainError: the answer was lost.
            NoRightsError: the token may not write.
            PostingError: the comment cannot be written.
        """
        path = f"/repos/{self._repository}/issues/{number}/comments"
        reply = self._demand("POST", path, repeatable=False, json={"body": body})
        return str(reply.json().get("html_url", ""))

    def update_comment(self, comment: int, body: str) -> str | None:
        """Update a comment and return its URL; `None` if it was deleted.

        Raises:
            NoRightsError: the token may not write.
            PostingError: the comment cannot be written.
        """
        path = f"/repos/{self._repository}/issues/comments/{comment}"
        reply = self._request("PATCH", path, json={"body": body})
        if reply.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            return None
        return str(self._check(reply).json().get("html_url", ""))

    def _demand(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self._check(self._request(method, path, **request))

    def _request(
        self, method: str, path: str, *, repeatable: bool = True, **request: Any
    ) -> httpx.Response:
        """Send a request; retry it within the time limit where that may help.

        A request that is not repeatable is retried only if it certainly had no effect.
        """
        waited = 0.0
        for attempt in range(1, _TRIES + 1):
            answer = self._send(method, path, request)
            if not repeatable and (lost := _describe_loss(answer)):
                raise UncertainError(
                    "it is not known whether the comment was written",
                    cause=lost,
                    remedy="run the same command again: it finds and updates an existing comment",
                )
            pause = self._find_pause(answer, attempt)
            if pause is None or attempt == _TRIES or waited + pause > _PATIENCE_S:
                break
            self.pause(pause)
            waited += pause
        if isinstance(answer, httpx.TransportError):
            raise PostingError(
                "cannot reach GitHub's API",
                cause=type(answer).__name__,
                remedy="check the network and GITHUB_API_URL, then run the same command again",
            )
        return answer

    def _send(
        self, method: str, path: str, request: Mapping[str, Any]
    ) -> httpx.Response | httpx.TransportError:
        try:
            return self._client.request(method, path, **request)
        except httpx.TransportError as error:
            return error

    def _find_pause(
        self, answer: httpx.Response | httpx.TransportError, attempt: int
    ) -> float | None:
        """Return how long to wait before a retry may succeed."""
        growth = 2 ** (attempt - 1)
        if isinstance(answer, httpx.TransportError) or answer.is_server_error:
            return float(_FIRST_PAUSE_S * growth)
        if not _is_limited(answer):
            return None
        told = answer.headers.get("retry-after", "")
        if told.isdigit():
            return float(told)
        # The header describes only the limit that is used up, not other limits.
        reset = answer.headers.get("x-ratelimit-reset", "")
        if _is_used_up(answer) and reset.isdigit():
            return max(float(reset) - self._now(), 1.0)
        return float(_FIRST_PAUSE_OF_LIMIT_S * growth)

    def _check(self, reply: httpx.Response) -> httpx.Response:
        if reply.is_success:
            return reply
        what = f"GitHub refused: {reply.status_code} {reply.reason_phrase}"
        if _is_limited(reply):
            raise PostingError(
                what,
                cause="the rate limit is used up",
                remedy="run the same command again later; nothing is lost",
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
    message = _read_message(reply).lower()
    said = any(words in message for words in _WORDS_OF_LIMIT)
    return said or "retry-after" in reply.headers or _is_used_up(reply)


def _is_used_up(reply: httpx.Response) -> bool:
    return bool(reply.headers.get("x-ratelimit-remaining") == "0")


def _describe_loss(answer: httpx.Response | httpx.TransportError) -> str:
    """Describe how the answer to a request with a possible effect was lost; empty if it was not."""
    if isinstance(answer, httpx.TransportError):
        return "" if isinstance(answer, _NEVER_SENT) else type(answer).__name__
    return f"{answer.status_code} {answer.reason_phrase}" if answer.is_server_error else ""


def _read_message(reply: httpx.Response) -> str:
    try:
        message = reply.json().get("message", "")
    except (ValueError, AttributeError):
        return ""
    return message if isinstance(message, str) else ""
