"""Transports a message from the worker to the queue handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from harness.contract.model import QueueMessage
from worlds.reference.codec import read_value, write_value

QUEUE_NAME = "x-vqs-queue-name"
MESSAGE_ID = "x-vqs-message-id"
ATTEMPT = "x-vqs-message-attempt"

#: The user's handler: takes message and metadata, returns seconds to wait or `None`.
UserHandler: TypeAlias = Callable[[Any, dict[str, Any]], Awaitable[Mapping[str, Any] | None]]
#: The HTTP handler that the user mounts: takes headers and body, returns status and body.
QueueHandler: TypeAlias = Callable[[Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]


class Answer(msgspec.Struct, frozen=True):
    """The response to a delivery."""

    status: int
    body: bytes

    @property
    def seconds_to_wait(self) -> float | None:
        """Return the seconds after which the handler wants the message again, or `None`."""
        if self.status not in {200, 503}:
            return None
        try:
            content = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return None
        seconds = content.get("timeoutSeconds") if isinstance(content, dict) else None
        return float(seconds) if isinstance(seconds, (int, float)) else None


class BadRequest(Exception):  # noqa: N818 - an answer, not a mistake
    """A request that does not come from a worker of a World."""


async def post(port: int, path: str, message: QueueMessage) -> Answer:
    """Send one message to a handler, and wait for the response without a time limit.

    Raises:
        OSError: no server listens, or the connection broke.
    """
    body = msgspec.json.encode(write_value(message.payload))
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"{QUEUE_NAME}: {message.queue_name}\r\n{MESSAGE_ID}: {message.message_id}\r\n"
        f"{ATTEMPT}: {message.attempt}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode("latin-1", "replace") + body)
        await writer.drain()
        return await _read_answer(reader)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise ConnectionResetError("the response is incomplete") from error
    finally:
        writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:])
    }
    status = int(head[0].split(" ", 2)[1])
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.read()
    return Answer(status, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    return b"".join(parts)


def read_delivery(
    prefix: str, headers: Mapping[str, str], body: bytes
) -> tuple[Any, dict[str, Any]]:
    """Return the message and its metadata.

    Raises:
        BadRequest: the request is not a delivery, or not for this handler.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in (QUEUE_NAME, MESSAGE_ID, ATTEMPT) if not given.get(name)]
    if missing:
        raise BadRequest(f"header {missing[0]} is missing")
    if not given[QUEUE_NAME].startswith(prefix):
        raise BadRequest(f"this handler accepts only messages of {prefix}")
    if not given[ATTEMPT].isdecimal():
        raise BadRequest(f"header {ATTEMPT} must be a number")
    try:
        message = read_value(msgspec.json.decode(body))
    except (msgspec.DecodeError, ValueError) as error:
        raise BadRequest("the body is not a message") from error
    metadata = {
        "attempt": int(given[ATTEMPT]),
        "queueName": given[QUEUE_NAME],
        "messageId": given[MESSAGE_ID],
    }
    return message, metadata
