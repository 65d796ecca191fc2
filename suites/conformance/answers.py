"""Reading a World's answers, and saying what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from harness.adapters.protocol import Failure
from harness.adapters.world import Reply
from suites.conformance.violations import violate

#: Names by which the runtime knows a refusal -> the HTTP status that older Worlds use instead.
STATUS_OF = {
    "EntityConflictError": 409,
    "RunExpiredError": 410,
    "PreconditionFailedError": 412,
    "TooEarlyError": 425,
    "ThrottleError": 429,
    "WorkflowRunNotFoundError": 404,
    "HookNotFoundError": 404,
}

#: Errors of the language: a World that throws one has a bug, and refused nothing.
_ACCIDENTS = {
    *("TypeError", "ReferenceError", "RangeError", "SyntaxError", "InternalError"),
    *("AttributeError", "KeyError", "IndexError", "NameError", "UnboundLocalError"),
    "NoSuchMethodError",
}

CONFLICT = ("EntityConflictError",)
EXPIRED = ("RunExpiredError",)
ENDED = ("EntityConflictError", "RunExpiredError")
NO_RUN = ("WorkflowRunNotFoundError",)
NO_HOOK = ("HookNotFoundError",)


def field(value: Any, *path: str | int) -> Any:
    """Return a part of an answer; a part that is not there is a violation.

    Args:
        value: An answer.
        path: Keys and indexes, from the outside in.
    """
    for depth, key in enumerate(path):
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            where = ".".join(map(str, path[: depth + 1]))
            violate(f"the answer has no {where}: {shorten(value)}")
    return value


def maybe(value: Any, *path: str | int) -> Any:
    """Return a part of an answer, or `None` where there is none."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def shorten(value: object, limit: int = 160) -> str:
    """Return a value as text of bounded length."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def describe(reply: Reply) -> str:
    """Say in a few words how a call ended."""
    if reply.lost:
        return reply.lost
    if reply.failure is not None:
        return f"{reply.failure.name or 'an error'}: {reply.failure.message}"[:200]
    return "success"


def is_refused(reply: Reply, names: Collection[str] = ()) -> bool:
    """Tell whether the World refused a call, in one of the ways given (in any, when none is).

    The status of a name counts as the name: which of the two a World uses is decided by a clause
    of its own (ERR-NAMES).
    """
    failure = reply.failure
    if failure is None or reply.lost or is_accident(failure):
        return False
    if not names or failure.name in names:
        return True
    known = failure.name in STATUS_OF
    return not known and failure.status in {STATUS_OF[name] for name in names if name in STATUS_OF}


def is_accident(failure: Failure) -> bool:
    """Tell whether what was thrown is a bug of the World's code, not an answer."""
    return failure.name in _ACCIDENTS


def expect_success(reply: Reply, what: str) -> Any:
    """Return the value of a call that must succeed."""
    if not reply.succeeded:
        violate(f"{what} must succeed, but ended with {describe(reply)}")
    return reply.value


def expect_refused(reply: Reply, names: Collection[str], what: str) -> None:
    """See that a call was refused, in one of the ways given."""
    if not is_refused(reply, names):
        wanted = " or ".join(names) or "an error"
        violate(f"{what} must be refused with {wanted}, but ended with {describe(reply)}")


def expect_one_success(replies: Sequence[Reply], names: Collection[str], what: str) -> Reply:
    """See that exactly one of several calls succeeded and all others were refused; return it."""
    winners = [reply for reply in replies if reply.succeeded]
    if len(winners) != 1:
        others = sorted({describe(reply) for reply in replies if not reply.succeeded})
        violate(
            f"of {len(replies)} {what} at once exactly one must succeed, but {len(winners)} did"
            + (f"; the others ended with {', '.join(others)}" if others else "")
        )
    for reply in replies:
        if not reply.succeeded:
            expect_refused(reply, names, f"every further one of the {what}")
    return winners[0]


def types_of(events: Iterable[Any]) -> list[str]:
    """Return the types of events, in their order."""
    return [str(maybe(event, "eventType")) for event in events]
