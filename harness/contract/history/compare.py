"""Compares the fold of a log with the entities that a World returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from harness.contract.history.replay import Entities, find_illegal_moves, fold
from harness.contract.model.rules import Rules
from harness.contract.model.values import Entity, is_absent, read_time

K = TypeVar("K", str, tuple[str, str])

#: Kind -> the fields that follow from the log in every World.
FIELDS = {
    "run": ("status", "deploymentId", "workflowName", "input", "output", "attributes"),
    "step": ("status", "attempt", "stepName", "input", "output", "retryAfter"),
    "hook": ("token", "metadata"),
    "wait": ("status", "resumeAt"),
}
_TIMES = frozenset({"retryAfter", "resumeAt"})
#: Field -> the clause that a difference in it breaks.
_CLAUSES = {
    ("run", "status"): "RUN-TERMINAL-ONCE",
    ("run", "attributes"): "ATTR-MERGE",
    ("step", "status"): "STEP-TERMINAL-ONCE",
    ("step", "attempt"): "STEP-START-COUNT",
    ("step", "retryAfter"): "STEP-RETRY-STATE",
    ("hook", "token"): "HOOK-LOOKUP",
    ("wait", "status"): "WAIT-COMPLETE-ONCE",
    ("wait", "resumeAt"): "WAIT-ENTITY",
}


def find_contradictions(
    events: Iterable[Mapping[str, Any]], entities: Entities, rules: Rules
) -> list[str]:
    """Return every illegal move of a log, and every difference between the log and the entities.

    Args:
        events: The whole log, with the events of each run in list order.
        entities: The entities that the World returned; kinds that are `None` are not compared.
        rules: The line's rules.

    Returns:
        One text for each, which starts with the id of the clause; empty if there is none.
    """
    log = list(events)
    folded = fold(log, rules)
    found = find_illegal_moves(log, rules)
    found += _compare_all("run", folded.runs, entities.runs, rules)
    found += _compare_all("step", folded.steps, entities.steps, rules)
    found += _compare_all("hook", folded.hooks, entities.hooks, rules)
    found += _compare_all("wait", folded.waits, entities.waits, rules)
    return found + _find_shared_tokens(entities.hooks)


def _compare_all(
    kind: str, folded: Mapping[K, Entity] | None, seen: Mapping[K, Entity] | None, rules: Rules
) -> list[str]:
    if folded is None or seen is None:
        return []
    found = []
    for key in sorted(folded.keys() | seen.keys()):
        if key not in seen:
            found.append(f"CRASH-ENTITY-EVENT: {_name(kind, key)} is in the log and not stored")
        elif key not in folded:
            found.append(f"CRASH-ENTITY-EVENT: {_name(kind, key)} is stored and not in the log")
        else:
            found += _compare(kind, _name(kind, key), folded[key], seen[key], rules)
    return found


def _compare(kind: str, name: str, folded: Entity, seen: Entity, rules: Rules) -> list[str]:
    found = []
    for field in FIELDS[kind]:
        if field == "attributes" and not rules.attributes:
            continue
        expected, actual = _present(field, folded), _present(field, seen)
        if field == "attributes":
            actual = actual or {}
        if expected != actual:
            clause = _CLAUSES.get((kind, field), "DATA-BYTES")
            found.append(
                f"{clause}: {name} has {field} {_quote(actual)}, its log says {_quote(expected)}"
            )
    return found


def _present(field: str, entity: Entity) -> Any:
    value = entity.get(field)
    if is_absent(value):
        return None
    # A log may keep a time in the form in which it was sent: a date, a text or a number.
    moment = read_time(value) if field in _TIMES else None
    # A World need not keep fractions of a millisecond.
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000) if moment else value


def _name(kind: str, key: str | tuple[str, str]) -> str:
    return f"{kind} {key}" if isinstance(key, str) else f"{kind} {key[1]} of {key[0]}"


def _quote(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _find_shared_tokens(hooks: Mapping[tuple[str, str], Entity] | None) -> list[str]:
    holders: dict[str, list[str]] = {}
    for key, hook in (hooks or {}).items():
        holders.setdefault(str(hook.get("token")), []).append(_name("hook", key))
    return [_describe_shared(token, names) for token, names in holders.items() if len(names) > 1]


def _describe_shared(token: str, names: Sequence[str]) -> str:
    return f"HOOK-TOKEN-UNIQUE: the token {token!r} belongs to {' and '.join(names)}"
