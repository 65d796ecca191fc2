"""From the end of a test to its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.adapters.world import NoAnswerError, OpenError, Refusal, Reply
from harness.certification.records import CheckRecord, Verdict, WitnessCall, clean_record
from harness.invocations import write_command
from suites.conformance.answers import describe, maybe, shorten
from suites.conformance.arena import Arena
from suites.conformance.racing import Race, explain
from suites.conformance.sessions import Session
from suites.conformance.violations import Inconclusive, NotApplicable, Violation

#: A witness is read by people: of a longer one the last calls are shown.
_LONGEST_WITNESS = 40


def describe_outcome(
    item: pytest.Item,
    *,
    clause: str,
    error: BaseException | None,
    duration_ms: float,
    arena: Arena | None,
    race: Race | None,
    session: Session,
    effort: str,
) -> CheckRecord:
    """Return the record of a test that ended."""
    verdict, message = _judge(error)
    replies: Sequence[Reply] = ()
    if verdict == "failed" and arena is not None:
        replies = getattr(error, "witness", ()) or tuple(arena.history)
    if verdict == "passed" and arena is not None and arena.only_records:
        verdict = "recorded"
    form = str(getattr(item, "callspec").params.get("form", "alone"))  # noqa: B009
    return clean_record(
        CheckRecord(
            clause=clause,
            check=_name_check(item),
            form=form,
            verdict=verdict,
            message=message,
            witness=_shorten_witness(replies),
            note=_note_background(arena),
            rounds=max(1, race.rounds) if race else 1,
            failed_rounds=_count_failed(verdict, race),
            duration_ms=duration_ms,
            answers=dict(arena.answers) if arena is not None else {},
            reproduce=_write_command(session, clause, effort),
        )
    )


def _judge(error: BaseException | None) -> tuple[Verdict, str]:
    match error:
        case None:
            judged: tuple[Verdict, str] = ("passed", "")
        case Violation():
            judged = ("failed", error.message)
        case Refusal() | NoAnswerError():
            judged = ("failed", explain(error))
        case NotApplicable():
            judged = ("not applicable", str(error))
        case Inconclusive():
            judged = ("inconclusive", str(error))
        case OpenError():
            judged = ("failed", f"the World could not be opened: {error}")
        case _:
            said = f"{type(error).__name__}: {error}"
            judged = ("inconclusive", f"the check itself failed with {said}")
    return judged


def _count_failed(verdict: str, race: Race | None) -> int:
    if verdict != "failed":
        return 0
    return max(1, race.failed_rounds) if race else 1


def _name_check(item: pytest.Item) -> str:
    # Its node id has no file where pytest runs in a folder that does not hold it.
    module = item.path.stem
    return f"{module}::{getattr(item, 'originalname', item.name)}"


def _note_background(arena: Arena | None) -> str:
    if arena is None:
        return ""
    errors = sorted({f"{error.name}: {error.message}" for error in arena.background_errors()})
    return f"its background work threw {'; '.join(errors)}"[:500] if errors else ""


def _shorten_witness(replies: Sequence[Reply]) -> tuple[WitnessCall, ...]:
    shown = list(replies)[-_LONGEST_WITNESS:]
    begin = min((reply.start for reply in shown if reply.start), default=0.0)
    return tuple(
        WitnessCall(
            process=reply.process,
            method=reply.call.method,
            args=_write_args(reply.call.args),
            outcome=describe(reply) if not reply.succeeded else _write_value(reply),
            start_ms=round(max(0.0, reply.start - begin), 2),
            end_ms=round(max(0.0, reply.end - begin), 2),
        )
        for reply in shown
    )


def _write_args(args: Sequence[Any]) -> str:
    return ", ".join(shorten(argument, 240) for argument in args)


def _write_value(reply: Reply) -> str:
    if reply.call.method != "events.create":
        return shorten(reply.value, 240)
    told = [str(maybe(reply.value, "event", "eventType") or "no event")]
    for kind in ("step", "wait", "hook", "run"):
        for name in ("status", "attempt"):
            answer = maybe(reply.value, kind, name)
            if answer is not None:
                told.append(f"{kind} {name} {answer}")
    return ", ".join(told)


def _write_command(session: Session, clause: str, effort: str) -> str:
    return write_command(
        [
            "world-harness",
            "certify",
            session.spec,
            "--line",
            session.line,
            *session.subject.options,
        ],
        {"--clause": clause, "--effort": effort},
    )
