"""Attributes: merged in log order, within limits, claimed once."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.adapters.protocol import Call
from suites.conformance.answers import (
    CONFLICT,
    NO_RUN,
    expect_one_success,
    expect_refused,
    expect_success,
    maybe,
    types_of,
)
from suites.conformance.arena import Arena
from suites.conformance.calls import fresh_id
from suites.conformance.forms import RACING, decides
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate

_INVALID = ("AttributeValidationError",)
#: The most characters of a key, bytes of a value, and keys of a run.
_KEY, _VALUE, _KEYS = 256, 256, 64

Changes = Mapping[str, str | None]


def _set(arena: Arena, run_id: str, changes: Changes, name: str = "", **more: Any) -> Call:
    """Make the call that changes attributes."""
    return _set_pairs(arena, run_id, list(changes.items()), name, **more)


def _set_pairs(
    arena: Arena, run_id: str, changes: Iterable[tuple[str, Any]], name: str = "", **more: Any
) -> Call:
    data = {
        "changes": [{"key": key, "value": value} for key, value in changes],
        "writer": {"type": "workflow"},
        **more,
    }
    return arena.events.create(run_id, "attr_set", name or fresh_id("attr"), data)


def _attributes(arena: Arena, run_id: str) -> dict[str, str]:
    return dict(maybe(arena.get_run(run_id), "attributes") or {})


def merge(changes: Sequence[Changes]) -> dict[str, str]:
    """Return what attributes are after changes in this order."""
    merged: dict[str, str] = {}
    for change in changes:
        for key, value in change.items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = value
    return merged


def _merge_log(log: Iterable[Any]) -> dict[str, str]:
    """Return what attributes are by the events of a log, in their order."""
    return merge(
        [
            {change["key"]: change.get("value") for change in event["eventData"]["changes"]}
            for event in log
            if event["eventType"] == "attr_set"
        ]
    )


def _expect_attributes(arena: Arena, run_id: str, wanted: Changes, what: str) -> None:
    found = _attributes(arena, run_id)
    if found != wanted:
        lost = sorted(wanted.keys() - found.keys())
        extra = sorted(found.keys() - wanted.keys())
        other = sorted(key for key in wanted.keys() & found.keys() if wanted[key] != found[key])
        told = [
            f"{words} {', '.join(keys)[:80]}"
            for words, keys in (("lacks", lost), ("still has", extra), ("has another", other))
            if keys
        ]
        violate(f"{what} the run {'; '.join(told)}")


@decides("ATTR-MERGE")
def test_attributes_are_the_sum_of_all_changes(arena: Arena) -> None:
    chance = random.Random(arena.effort.rounds)  # noqa: S311 - variety, not secrecy
    run_id = arena.running_run()
    made: list[Changes] = []
    for number in range(arena.effort.scaled(40, least=12)):
        keys = chance.sample("abcdefgh", chance.randint(1, 4))
        changes = {
            f"key-{key}": None if chance.random() < 0.3 else f"value {number}" for key in keys
        }
        answer = arena.do(_set(arena, run_id, changes))
        made.append(changes)
        told = maybe(answer, "run", "attributes")
        if told is not None and told != merge(made):
            violate(f"the answer to change {number + 1} has other attributes than their sum")
        _expect_attributes(arena, run_id, merge(made), f"after {number + 1} changes")
    if _merge_log(arena.log(run_id)) != merge(made):
        violate("the attributes by the log are not the sum of the changes")


@decides("ATTR-MERGE")
def test_an_empty_text_is_a_value_and_null_is_none(arena: Arena) -> None:
    run_id = arena.running_run()
    arena.do(_set(arena, run_id, {"kept": "", "gone": "x", "ключ": "значение"}))
    arena.do(_set(arena, run_id, {"gone": None, "never": None}))
    _expect_attributes(arena, run_id, {"kept": "", "ключ": "значение"}, "after a removal")


@decides("ATTR-MERGE", *RACING)
def test_writers_at_once_lose_no_change(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        arena.do(_set(arena, run_id, {"old": "x", "shared": "first"}))
        changes: list[Changes] = [
            {f"key-{index}": str(index), "shared": str(index)} for index in range(round_.width - 1)
        ]
        changes.append({"old": None})
        replies = round_.together(*[_set(arena, run_id, change) for change in changes])
        for reply in replies:
            expect_success(reply, "a change of attributes while others change theirs")
        wanted = _merge_log(arena.log(run_id))
        if set(wanted) != {"shared", *(f"key-{index}" for index in range(round_.width - 1))}:
            violate(f"by the log, {len(changes)} changes at once leave {len(wanted)} attributes")
        _expect_attributes(arena, run_id, wanted, f"after {len(changes)} changes at once")

    race(one_round)


@decides("ATTR-LIMITS")
def test_what_is_just_allowed_is_accepted(arena: Arena) -> None:
    run_id = arena.running_run()
    wanted = {"k" * _KEY: "one", "k": "v" * _VALUE, "two": "é" * (_VALUE // 2)}
    for key, value in wanted.items():
        reply = arena.try_(_set(arena, run_id, {key: value}))
        what = f"a key of {len(key)} characters with a value of {len(value.encode())} bytes"
        expect_success(reply, what)
    reserved = _set(arena, run_id, {"$note": "x"}, allowReservedAttributes=True)
    expect_success(arena.try_(reserved), "a reserved key in a call that allows them")
    _expect_attributes(arena, run_id, {**wanted, "$note": "x"}, "within the limits")


@decides("ATTR-LIMITS")
def test_what_breaks_a_limit_is_refused_and_changes_nothing(arena: Arena) -> None:
    run_id = arena.running_run()
    arena.do(_set(arena, run_id, {"kept": "x"}))
    before = len(arena.log(run_id))
    cases: list[tuple[str, list[tuple[str, Any]]]] = [
        ("an empty key", [("", "x")]),
        (f"a key of {_KEY + 1} characters", [("k" * (_KEY + 1), "x")]),
        (f"a value of {_VALUE + 1} bytes", [("key", "v" * (_VALUE + 1))]),
        (f"a value of {_VALUE // 2 + 1} letters of two bytes", [("key", "é" * (_VALUE // 2 + 1))]),
        ("one key twice", [("key", "x"), ("key", "y")]),
        ("a key that is reserved", [("$key", "x")]),
        ("a good key beside one that is too long", [("key", "x"), ("k" * (_KEY + 1), "x")]),
    ]
    for what, changes in cases:
        expect_refused(arena.try_(_set_pairs(arena, run_id, changes)), _INVALID, what)
        _expect_attributes(arena, run_id, {"kept": "x"}, f"after {what} was refused,")
    if len(arena.log(run_id)) != before:
        violate("a change that was refused is in the log")


@decides("ATTR-LIMITS")
def test_a_run_has_at_most_64_attributes(arena: Arena) -> None:
    run_id = arena.running_run()
    full: Changes = {f"key-{index}": "x" for index in range(_KEYS)}
    expect_success(arena.try_(_set(arena, run_id, full)), f"{_KEYS} attributes")
    for what, changes in (
        (f"attribute {_KEYS + 1}", {"more": "x"}),
        ("a new key that removes one which is not there", {"more": "x", "never": None}),
    ):
        expect_refused(arena.try_(_set(arena, run_id, changes)), _INVALID, what)
        _expect_attributes(arena, run_id, full, f"after {what} was refused,")
    swapped = _set(arena, run_id, {"key-0": None, "more": "x", "key-1": "y"})
    expect_success(arena.try_(swapped), f"a change after which there are {_KEYS} attributes")
    wanted = {**full, "more": "x", "key-1": "y"}
    del wanted["key-0"]
    _expect_attributes(arena, run_id, wanted, "after one key took the place of another,")


@decides("ATTR-CLAIM")
def test_a_change_under_a_used_name_is_refused(arena: Arena) -> None:
    run_id, name = arena.running_run(), fresh_id("attr")
    arena.do(_set(arena, run_id, {"key": "first"}, name))
    for value in ("first", "second"):
        reply = arena.try_(_set(arena, run_id, {"key": value}, name))
        expect_refused(reply, CONFLICT, "a second attr_set of one name")
    _expect_attributes(arena, run_id, {"key": "first"}, "after a second attr_set was refused,")
    other = arena.running_run()
    reply = arena.try_(_set(arena, other, {"key": "x"}, fresh_id("attr")))
    expect_success(reply, "an attr_set in another run")


@decides("ATTR-CLAIM", *RACING)
def test_of_changes_under_one_name_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id, name = arena.running_run(), fresh_id("attr")
        changes = [{f"key-{index}": "x"} for index in range(round_.width)]
        replies = round_.together(*[_set(arena, run_id, change, name) for change in changes])
        winner = expect_one_success(replies, CONFLICT, "attr_set of one name")
        logged = types_of(arena.log(run_id)).count("attr_set")
        if logged != 1:
            violate(f"one attr_set succeeded, but the log has {logged}")
        wanted = changes[replies.index(winner)]
        _expect_attributes(arena, run_id, wanted, "after one of several attr_set succeeded,")

    race(one_round)


@decides("ATTR-TERMINAL")
def test_no_attributes_are_set_on_an_ended_run(arena: Arena) -> None:
    for end in (
        arena.events.run_completed,
        arena.events.run_failed,
        arena.events.run_cancelled,
    ):
        run_id = arena.running_run()
        arena.do(_set(arena, run_id, {"key": "before"}))
        arena.do(end(run_id))
        count = len(arena.log(run_id))
        kind = end(run_id).args[1]["eventType"]
        reply = arena.try_(_set(arena, run_id, {"key": "after"}))
        expect_refused(reply, CONFLICT, f"attr_set after {kind}")
        _expect_attributes(arena, run_id, {"key": "before"}, f"after {kind} and an attr_set")
        if len(arena.log(run_id)) != count:
            violate(f"an attr_set after {kind} was refused, but is in the log")


@decides("ATTR-TERMINAL")
def test_no_attributes_are_set_on_an_unknown_run(arena: Arena) -> None:
    reply = arena.try_(_set(arena, fresh_id("wrun"), {"key": "x"}))
    names = () if arena.line == "py" else NO_RUN
    expect_refused(reply, names, "attr_set on a run that nobody created")


@decides("ATTR-TERMINAL", *RACING)
def test_no_change_stands_behind_the_end_of_its_run(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        calls = [_set(arena, run_id, {f"key-{index}": "x"}) for index in range(round_.width - 1)]
        ends = (arena.events.run_completed, arena.events.run_failed, arena.events.run_cancelled)
        end = ends[round_.number % len(ends)]
        calls.insert(round_.number % round_.width, end(run_id))
        replies = round_.together(*calls)
        for reply in replies:
            if not reply.succeeded:
                expect_refused(reply, CONFLICT, "attr_set while its run ends")
        log = arena.log(run_id)
        types = types_of(log)
        behind = types[types.index(end(run_id).args[1]["eventType"]) + 1 :]
        if "attr_set" in behind:
            violate(f"{behind.count('attr_set')} attr_set stand behind the end of their run")
        accepted = sum(maybe(reply.value, "event", "eventType") == "attr_set" for reply in replies)
        if types.count("attr_set") != accepted:
            violate(f"{accepted} attr_set were accepted, but the log has {types.count('attr_set')}")
        _expect_attributes(arena, run_id, _merge_log(log), "after its end")

    race(one_round)
