"""Replies: which errors count as a refusal, and which as a failure."""

from __future__ import annotations

import pytest

from harness.adapters.protocol import Call, Failure
from harness.adapters.world import Reply
from suites.conformance.answers import (
    CONFLICT,
    ENDED,
    expect_one_success,
    expect_refused,
    expect_success,
    field,
    is_refused,
    maybe,
)
from suites.conformance.violations import Violation


def reply(name: str = "", status: float | None = None, *, lost: str = "") -> Reply:
    failure = Failure(name=name, message="said no", status=status) if name else None
    return Reply(call=Call("events.create"), process=0, value={}, failure=failure, lost=lost)


SUCCESS = reply()
CONFLICTED = reply("EntityConflictError")


@pytest.mark.parametrize(
    ("answer", "names", "refused"),
    [
        (CONFLICTED, CONFLICT, True),
        (CONFLICTED, (), True),
        (reply("RunExpiredError"), ENDED, True),
        (reply("RunExpiredError"), CONFLICT, False),
        # An older World says it by its status; whether that is enough is a clause of its own.
        (reply("WorkflowAPIError", 409), CONFLICT, True),
        (reply("WorkflowAPIError", 410), CONFLICT, False),
        (reply("Error"), CONFLICT, False),
        (reply("Error"), (), True),
        # A known name is what counts, whatever its status says.
        (reply("RunExpiredError", 409), CONFLICT, False),
        # Bugs of the World's code are no refusals, even where any refusal will do.
        (reply("TypeError"), (), False),
        (reply("TypeError", 409), CONFLICT, False),
        (reply("KeyError"), (), False),
        (reply("NoSuchMethodError"), (), False),
        (SUCCESS, (), False),
        (reply("EntityConflictError", lost="no answer"), CONFLICT, False),
        (reply(lost="its adapter ended"), (), False),
    ],
)
def test_a_refusal_needs_a_known_name_or_status(
    answer: Reply, names: tuple[str, ...], refused: bool
) -> None:
    assert is_refused(answer, names) is refused
    if refused:
        expect_refused(answer, names, "it")
    else:
        with pytest.raises(Violation, match="it must be refused with"):
            expect_refused(answer, names, "it")


def test_the_value_of_a_successful_reply_is_returned() -> None:
    assert expect_success(SUCCESS, "it") == {}
    with pytest.raises(Violation, match="it must succeed, but ended with EntityConflictError"):
        expect_success(CONFLICTED, "it")


def test_exactly_one_of_several_replies_may_succeed() -> None:
    assert expect_one_success([CONFLICTED, SUCCESS, CONFLICTED], CONFLICT, "claims") is SUCCESS


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        ([SUCCESS, SUCCESS], "of 2 claims at once exactly one must succeed, but 2 did"),
        ([CONFLICTED], "but 0 did; the others ended with EntityConflictError: said no"),
        ([SUCCESS, reply("Error")], "every further one of the claims must be refused with"),
        ([SUCCESS, reply(lost="gone")], "but ended with gone"),
    ],
)
def test_several_replies_with_no_or_two_successes_or_other_errors_are_a_violation(
    replies: list[Reply], message: str
) -> None:
    with pytest.raises(Violation, match=message):
        expect_one_success(replies, CONFLICT, "claims")


def test_a_missing_part_of_an_answer_is_a_violation() -> None:
    answer = {"run": {"ids": ["a"]}}
    assert field(answer, "run", "ids", 0) == "a"
    assert maybe(answer, "run", "ids", 0) == "a"
    assert maybe(answer, "step", "ids") is None
    for path in (("step",), ("run", "ids", 1), ("run", "ids", 0, "deeper")):
        with pytest.raises(Violation, match="the answer has no"):
            field(answer, *path)
