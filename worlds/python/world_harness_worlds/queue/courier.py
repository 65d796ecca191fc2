"""Delivers messages to the app over HTTP."""

from __future__ import annotations

import logging
import socket
from types import TracebackType

import httpcore2

from .messages import Message
from .transport import ROUTE, Outcome, read_outcome, write_headers

_log = logging.getLogger("world_harness_worlds")
_CONNECT_S = 10.0
#: Shorter than the keep-alive of any server, so that the server does not close first.
_KEPT_S = 2.0
#: TCP keep-alive: a handler may take any time, but its machine must respond. The first probe is
#: sent after 15 s of silence, then one every 5 s; three without a response end the connection.
#: Some systems lack some of these options.
_SIGNS_OF_LIFE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class Courier:
    """Connections to an app. Use it as a context manager, on the event loop that makes the calls.

    It uses the connection pool below the SDK's HTTP client directly: a worker and its app need no
    redirects, cookies or proxies, and each would slow down every delivery.

    Args:
        base_url: The URL of the app.
    """

    def __init__(self, base_url: str) -> None:
        self._url = httpcore2.URL(base_url.rstrip("/") + ROUTE)
        self._pool = httpcore2.AsyncConnectionPool(
            max_connections=None, keepalive_expiry=_KEPT_S, socket_options=_list_options()
        )
        self._told = False

    async def __aenter__(self) -> Courier:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._pool.aclose()

    async def bring(self, message: Message, secret: bytes) -> Outcome:
        """Deliver a message, and wait for its outcome."""
        try:
            answer = await self._pool.request(
                "POST",
                self._url,
                headers=write_headers(message, secret),
                content=message.data,
                extensions={"timeout": {"connect": _CONNECT_S}},
            )
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            return Outcome("unseen", trouble=f"no server listens at the URL of the app: {error}")
        except _BROKEN as error:
            return Outcome("failed", trouble=f"the connection broke: {type(error).__name__}")
        outcome = read_outcome(answer.status, answer.content)
        if outcome.strange and not self._told:
            self._told = True
            _log.error(
                "%s; its messages are kept and delivered again: check that WORKFLOW_BASE_URL is "
                "the URL of the app, and that the app serves `wf.http_handler` at %s",
                *(outcome.trouble, ROUTE),
            )
        return outcome


def _list_options() -> list[tuple[int, int, int]]:
    asked = [
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _SIGNS_OF_LIFE.items()
        if hasattr(socket, name)
    ]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *asked]


_BROKEN = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
)
