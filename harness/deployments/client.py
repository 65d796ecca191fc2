"""Talking to an app: what it says of itself, and one sample of one workflow."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import httpx
import msgspec

from harness.errors import DeploymentError, UsageError

T = TypeVar("T")

#: The app ends a run that takes too long by itself; this is what its answer may take on top.
_ANSWER_GRACE_S = 20.0
#: A header's words that are shorter are found in any text; they keep no secret.
_SHORTEST_SECRET = 5


class _Wire(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A message of the app's routes; names are camelCase on the wire."""


class AppIdentity(_Wire, frozen=True, kw_only=True):
    """What an app says of itself."""

    line: str
    framework: str
    world: str
    #: What runs it, and its version; the other is empty.
    node: str = ""
    python: str = ""
    pid: int
    recording: bool
    workflows: tuple[str, ...]


class StreamRequest(_Wire, frozen=True, kw_only=True):
    """A stream to read: the run's default one, or the one of a namespace."""

    namespace: str | None = None
    framed: bool = False


class SampleRequest(_Wire, frozen=True, kw_only=True):
    """One run to take, and how to report its answer."""

    workflow: str
    arguments: tuple[Any, ...]
    answer: Literal["value", "digest", "digests"] = "value"
    streams: tuple[StreamRequest, ...] = ()
    timeout_ms: float
    #: How long no invocation may be in flight before the app counts as idle again; with 0 it
    #: answers at once, for runs that are not alone.
    settle_ms: float = 25.0


class StepMark(_Wire, frozen=True, kw_only=True):
    """One execution of a step's body."""

    step_id: str
    attempt: int
    invocation: str | None
    entered_at_ms: float
    left_at_ms: float | None = None


class StreamReply(_Wire, frozen=True, kw_only=True):
    """A stream that was read to its end."""

    first_byte_at_ms: float | None = None
    ended_at_ms: float
    bytes: int
    digests: tuple[str | None, ...]


class Ledger(_Wire, frozen=True, kw_only=True):
    """What the run asked of its World."""

    invocations: dict[str, int]
    world_calls: dict[str, int]
    queue_messages: dict[str, int]
    bytes: dict[str, int]


class SampleReply(_Wire, frozen=True, kw_only=True):
    """One run, as the app saw it; times are ms since the epoch by the app's clock."""

    outcome: Literal["completed", "failed", "timeout"]
    error: str | None = None
    run_id: str | None = None
    called_at_ms: float
    start_returned_at_ms: float | None = None
    answered_at_ms: float | None = None
    created_at_ms: float | None = None
    started_at_ms: float | None = None
    completed_at_ms: float | None = None
    woken_by: Literal["signal", "poll"] | None = None
    settled: bool = False
    #: Whether one of several processes answered, which does not know what the others did.
    partial: bool = False
    answer: Any = None
    steps: tuple[StepMark, ...] = ()
    streams: tuple[StreamReply, ...] = ()
    ledger: Ledger | None = None


class AppClient:
    """The routes of one app.

    Args:
        base_url: Where it listens.
        headers: Sent with every request (for deployments behind protection).
        proxies: Whether the environment's proxies hold; never for an app on this machine.

    Raises:
        UsageError: the URL is none.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str] | None = None, *, proxies: bool = False
    ) -> None:
        self.base_url = base_url
        #: Host and port only: a URL can hold a secret.
        self.place = _read_url(base_url).netloc.decode().rpartition("@")[2]
        self._secrets = _list_secrets(base_url, headers or {})
        self._http = httpx.Client(base_url=base_url, headers=headers, trust_env=proxies)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def describe(self, error: httpx.HTTPError) -> str:
        """Say what went wrong, without what can be secret: URL, headers, and what echoes them."""
        if isinstance(error, httpx.HTTPStatusError):
            body = self._hide_secrets(" ".join(error.response.text.split()))[:200]
            return f"HTTP {error.response.status_code} {body}".strip()
        return f"{type(error).__name__}: {self._hide_secrets(str(error))}"

    def identify(self, timeout_s: float) -> AppIdentity:
        """Ask the app what it is.

        Raises:
            httpx.HTTPError: no healthy answer in time.
            DeploymentError: an answer that no app of this harness gives.
        """
        reply = self._http.get("/world-harness/app", timeout=timeout_s)
        reply.raise_for_status()
        return self._decode(reply, AppIdentity)

    def take_sample(self, request: SampleRequest) -> SampleReply:
        """Have the app run a workflow once.

        Raises:
            httpx.HTTPError: the app died, hung or answered with an error.
            DeploymentError: an answer that no app of this harness gives.
        """
        return self.ask(request, SampleReply, request.timeout_ms / 1000 + _ANSWER_GRACE_S)

    def ask(self, request: object, shape: type[T], timeout_s: float) -> T:
        """Send the app a request of its kind, as JSON.

        Raises:
            httpx.HTTPError: the app died, hung or answered with an error.
            DeploymentError: an answer of another shape.
        """
        reply = self._http.post(
            "/world-harness/requests",
            content=msgspec.json.encode(request),
            headers={"content-type": "application/json"},
            timeout=timeout_s,
        )
        reply.raise_for_status()
        return self._decode(reply, shape)

    def _decode(self, reply: httpx.Response, shape: type[T]) -> T:
        try:
            return msgspec.json.decode(reply.content, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DeploymentError(
                f"what answers at {self.place} is not an app of this harness",
                cause=f"{error}; it began with {self._hide_secrets(reply.text)[:80]!r}",
                remedy="give the base URL of an app made by `world-harness export`",
            ) from error

    def _hide_secrets(self, text: str) -> str:
        # The longest first: one may hold another.
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def _read_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        # What is wrong with it is not quoted: it can hold a secret.
        raise UsageError("the URL is none", remedy="write it as https://host or http://host:port")
    return url


def _list_secrets(base_url: str, headers: Mapping[str, str]) -> set[str]:
    """Return what no text may show: a URL's password, and the words of headers (but short ones)."""
    words = {word for value in headers.values() for word in value.split()}
    secrets = {word for word in words if len(word) >= _SHORTEST_SECRET}
    url = httpx.URL(base_url)
    if url.password:
        sent = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
        secrets |= {url.password, url.userinfo.decode().partition(":")[2], sent}
    return secrets
