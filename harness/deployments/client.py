"""The HTTP client of an app: reads its identity, and takes one sample of one workflow."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import httpx
import msgspec

from harness.errors import DeploymentError, UsageError

T = TypeVar("T")

#: The app itself ends a run that takes too long; its answer may take this much longer.
_ANSWER_GRACE_S = 20.0
#: Shorter words of a header occur in any text and are not secrets.
_SHORTEST_SECRET = 5


class _Wire(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A message of the app's routes; its field names are camelCase in JSON."""


class AppIdentity(_Wire, frozen=True, kw_only=True):
    """What an app reports about itself."""

    line: str
    framework: str
    world: str
    #: Versions of Node and Python; the one that does not run the app is empty.
    node: str = ""
    python: str = ""
    pid: int
    recording: bool
    workflows: tuple[str, ...]


class StreamRequest(_Wire, frozen=True, kw_only=True):
    """A stream to read: the run's default stream, or the stream of a namespace."""

    namespace: str | None = None
    framed: bool = False
    #: Whether each line has a number and the time at which it was written.
    stamped: bool = False


class SampleRequest(_Wire, frozen=True, kw_only=True):
    """One run to start, and how to report its answer."""

    workflow: str
    arguments: tuple[Any, ...]
    answer: Literal["value", "digest", "digests"] = "value"
    streams: tuple[StreamRequest, ...] = ()
    #: Tokens of hooks that the app resumes in this order, each with its place in the list, as soon
    #: as the run waits for it.
    hooks: tuple[str, ...] = ()
    timeout_ms: float
    #: The app counts as idle again after this time without an invocation. With 0 it answers at
    #: once, for runs that overlap others.
    settle_ms: float = 25.0


class StartRequest(_Wire, frozen=True, kw_only=True):
    """Runs to start and leave; the app answers when each has entered a step."""

    workflow: str
    #: The arguments of each run.
    started: tuple[tuple[Any, ...], ...]
    timeout_ms: float


class StartReply(_Wire, frozen=True, kw_only=True):
    """The runs that were started."""

    run_ids: tuple[str, ...]


class FollowRequest(_Wire, frozen=True, kw_only=True):
    """Runs to wait for, whichever process started them."""

    followed: tuple[str, ...]
    timeout_ms: float


class FollowedRun(_Wire, frozen=True, kw_only=True):
    """How a run that was followed stands; a time is ms since the epoch, from the run's record."""

    run_id: str
    status: str
    answer: Any = None
    completed_at_ms: float | None = None


class FollowReply(_Wire, frozen=True, kw_only=True):
    """The runs that were followed, in the order of the request."""

    runs: tuple[FollowedRun, ...]


class StepMark(_Wire, frozen=True, kw_only=True):
    """One execution of a step's body."""

    step_id: str
    attempt: int
    invocation: str | None
    entered_at_ms: float
    left_at_ms: float | None = None


class ChunkMark(_Wire, frozen=True, kw_only=True):
    """One line of a stamped stream."""

    written_at_ms: float
    arrived_at_ms: float


class StreamReply(_Wire, frozen=True, kw_only=True):
    """A stream that was read to its end."""

    first_byte_at_ms: float | None = None
    ended_at_ms: float
    bytes: int
    #: Of a stamped stream, the digest of its lines without their times.
    digests: tuple[str | None, ...]
    #: The lines of a stamped stream.
    chunks: tuple[ChunkMark, ...] = ()


class Ledger(_Wire, frozen=True, kw_only=True):
    """The calls that the run made to its World."""

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
    #: Whether one of several processes answered; it does not know what the others did.
    partial: bool = False
    answer: Any = None
    steps: tuple[StepMark, ...] = ()
    streams: tuple[StreamReply, ...] = ()
    #: When the app called `resumeHook`, hook by hook.
    resumed_at_ms: tuple[float, ...] = ()
    ledger: Ledger | None = None


class AppClient:
    """The routes of one app.

    Args:
        base_url: Where it listens.
        headers: Sent with every request (for deployments behind protection).
        proxies: Whether to use the environment's proxies; never for an app on this machine.

    Raises:
        UsageError: the URL is not valid.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str] | None = None, *, proxies: bool = False
    ) -> None:
        self.base_url = base_url
        #: Host and port only: a URL can contain a secret.
        self.place = _read_url(base_url).netloc.decode().rpartition("@")[2]
        self._secrets = _list_secrets(base_url, headers or {})
        self._http = httpx.Client(base_url=base_url, headers=headers, trust_env=proxies)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def describe(self, error: httpx.HTTPError) -> str:
        """Describe an error without secrets: no URL, no headers, and no text that quotes them."""
        if isinstance(error, httpx.HTTPStatusError):
            body = self._hide_secrets(" ".join(error.response.text.split()))[:200]
            return f"HTTP {error.response.status_code} {body}".strip()
        return f"{type(error).__name__}: {self._hide_secrets(str(error))}"

    def identify(self, timeout_s: float) -> AppIdentity:
        """Ask the app what it is.

        Raises:
            httpx.HTTPError: no healthy answer came in time.
            DeploymentError: the answer is not from an app of this harness.
        """
        reply = self._http.get("/world-harness/app", timeout=timeout_s)
        reply.raise_for_status()
        return self._decode(reply, AppIdentity)

    def take_sample(self, request: SampleRequest) -> SampleReply:
        """Let the app run a workflow once.

        Raises:
            httpx.HTTPError: the app died, hung or answered with an error.
            DeploymentError: the answer is not from an app of this harness.
        """
        return self.ask(request, SampleReply, request.timeout_ms / 1000 + _ANSWER_GRACE_S)

    def ask(self, request: object, shape: type[T], timeout_s: float) -> T:
        """Send the app a request as JSON.

        Raises:
            httpx.HTTPError: the app died, hung or answered with an error.
            DeploymentError: the answer has another shape.
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
                f"the server at {self.place} is not an app of this harness",
                cause=f"{error}; its answer begins with {self._hide_secrets(reply.text)[:80]!r}",
                remedy="give the base URL of an app that `world-harness export` wrote",
            ) from error

    def _hide_secrets(self, text: str) -> str:
        # The longest first: one may contain another.
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def _read_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        # The error does not quote the URL: it can contain a secret.
        raise UsageError(
            "the URL is not valid", remedy="write it as https://host or http://host:port"
        )
    return url


def _list_secrets(base_url: str, headers: Mapping[str, str]) -> set[str]:
    """Return what no text may show: the URL's password, and the longer words of headers."""
    words = {word for value in headers.values() for word in value.split()}
    secrets = {word for word in words if len(word) >= _SHORTEST_SECRET}
    url = httpx.URL(base_url)
    if url.password:
        sent = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
        secrets |= {url.password, url.userinfo.decode().partition(":")[2], sent}
    return secrets
