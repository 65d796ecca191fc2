"""Encodes a delivery over HTTP: headers, signature and response."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from collections.abc import Mapping
from urllib.parse import quote, unquote

from .messages import Message

ROUTE = "/.well-known/workflow/v1/flow"

_QUEUE_NAME = "x-vqs-queue-name"
_MESSAGE_ID = "x-vqs-message-id"
_ATTEMPT = "x-vqs-message-attempt"
_SIGNATURE = "x-workflow-signature"
#: Characters of a name that a header can carry unescaped.
_PLAIN = "!#$&'()*+,/:;<=>?@[]^`{|}~ "


class BadDeliveryError(Exception):
    """A request that does not come from a worker of this World.

    Args:
        status: The status of the response.
        message: What is wrong with the request.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The outcome of a delivery."""

    #: `done`, `later`, `failed`, or `unseen` if no handler was called.
    kind: str
    seconds: float = 0.0
    key: str | None = None
    #: Why it failed.
    trouble: str = ""
    #: Whether something other than a handler of the SDK responded.
    strange: bool = False


def write_headers(message: Message, secret: bytes) -> dict[str, str]:
    """Return the headers of a delivery."""
    return {
        "content-type": "application/octet-stream",
        _QUEUE_NAME: quote(message.queue_name, safe=_PLAIN),
        _MESSAGE_ID: message.message_id,
        _ATTEMPT: str(message.attempt),
        _SIGNATURE: _sign(message, secret),
    }


def read_message(prefix: str, headers: Mapping[str, str], body: bytes, secret: bytes) -> Message:
    """Return the message of a delivery.

    Args:
        prefix: The required prefix of the queue's name.
        headers: The headers, in any case.
        body: The complete body.
        secret: The secret of the store.

    Raises:
        BadDeliveryError: the request is not a valid delivery.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in (_QUEUE_NAME, _MESSAGE_ID, _ATTEMPT) if not given.get(name)]
    if missing:
        raise BadDeliveryError(400, f"missing {', '.join(missing)}")
    attempt = given[_ATTEMPT]
    if not (attempt.isascii() and attempt.isdigit()):
        raise BadDeliveryError(400, f"{_ATTEMPT} is not a number")
    message = Message(given[_MESSAGE_ID], unquote(given[_QUEUE_NAME]), int(attempt), body)
    if not message.queue_name.startswith(prefix):
        raise BadDeliveryError(400, "this is not a queue that is handled here")
    if not body:
        raise BadDeliveryError(400, "missing body")
    if not hmac.compare_digest(given.get(_SIGNATURE, "").encode(), _sign(message, secret).encode()):
        raise BadDeliveryError(401, f"{_SIGNATURE} is not valid for this store")
    return message


def _sign(message: Message, secret: bytes) -> str:
    head = f"{message.queue_name}\n{message.message_id}\n{message.attempt}\n".encode()
    return hmac.new(secret, head + message.data, hashlib.sha256).hexdigest()


def write_outcome(outcome: Outcome) -> tuple[int, bytes]:
    """Return the status and body that report an outcome to a worker."""
    if outcome.kind == "unseen":
        return 503, _write({"error": outcome.trouble, "unseen": True})
    if outcome.kind == "failed":
        return 500, _write({"error": outcome.trouble})
    if outcome.kind == "later":
        return 200, _write({"timeoutSeconds": outcome.seconds, "idempotencyKey": outcome.key})
    return 200, _write({"ok": True})


def read_outcome(status: int, body: bytes) -> Outcome:
    """Return the outcome in a response; only a handler of the SDK can report `done`."""
    content = _read(body)
    seconds = content.get("timeoutSeconds")
    if status == 200 and isinstance(seconds, (int, float)):
        key = content.get("idempotencyKey")
        return Outcome("later", float(seconds), str(key) if key else None)
    if status == 200 and content.get("ok") is True:
        return Outcome("done")
    if status != 200 and content.get("error"):
        kind = "unseen" if content.get("unseen") is True else "failed"
        return Outcome(kind, trouble=str(content["error"]))
    trouble = f"the URL of the app responds with {status}, but not from a handler of the SDK"
    return Outcome("failed", trouble=trouble, strange=True)


def _write(content: Mapping[str, object]) -> bytes:
    return json.dumps(content).encode("ascii")


def _read(body: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
