"""What the event log of a run that has ended may hold, and that what comes later leaves it alone.

A run's life is told once: it is created and ended once, each of its steps is created once and has
one outcome, each wait and each hook begins and ends once. The starts and retries of a step may
stand there several times, and the starts of the run: how many concurrent starts leave is for the
World to decide.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from harness.nemesis.plans import MessageKind
from suites.engine.stage import PATIENCE_S, Ending, LoggedEvent, Run, wait_until
from suites.engine.violations import Inconclusive, violate

#: Events that tell of something which happens once, by what happens.
ONCE: dict[str, str] = {
    "run_created": "run_created",
    "step_created": "step_created",
    "step_completed": "step outcome",
    "step_failed": "step outcome",
    "wait_created": "wait_created",
    "wait_completed": "wait_completed",
    "hook_created": "hook_created",
    "hook_disposed": "hook_disposed",
}
#: The run itself, among the entities of its log.
RUN = "run"
#: Events that end a run.
ENDINGS = ("run_completed", "run_failed", "run_cancelled")
#: How long a log has to stay as it is before it is taken for complete.
_QUIET_S = 0.3
#: How long what was delivered again may take until it is through.
_THROUGH_S = 20.0


def read_settled(run: Run, within_s: float = PATIENCE_S) -> list[LoggedEvent]:
    """Return the log of a run that has ended, when nothing is added any more.

    A World may show a run as ended before the event of that can be listed.
    """
    deadline = time.monotonic() + within_s
    events = run.events()
    while time.monotonic() < deadline:
        time.sleep(_QUIET_S)
        later = run.events()
        if len(later) == len(events) and find_endings(later):
            return later
        events = later
    return events


def find_endings(events: Iterable[LoggedEvent]) -> list[str]:
    """Return the events that end the run."""
    return [item.event_type for item in events if item.event_type in ENDINGS]


def find_repeats(events: Iterable[LoggedEvent]) -> dict[str, Counter[str]]:
    """Return what is told more than once of an entity: entity -> what -> how often."""
    told: Counter[tuple[str, str]] = Counter(
        (item.correlation_id or RUN, ONCE[item.event_type])
        for item in events
        if item.event_type in ONCE
    )
    repeats: dict[str, Counter[str]] = {}
    for (entity, what), count in told.items():
        if count > 1:
            repeats.setdefault(entity, Counter())[what] = count
    return repeats


def judge_endings(run: Run) -> None:
    """Raise when the log of a run that has ended does not hold one ending.

    Raises:
        Violation: it holds none, or several.
    """
    endings = find_endings(read_settled(run))
    if len(endings) != 1:
        told = ", ".join(f"{count} {name}" for name, count in Counter(endings).items())
        violate(f"the log of one run holds {told or 'no ending'}", run.witness())


def judge_repeats(run: Run) -> None:
    """Raise when the log of a run that has ended tells twice what happens once.

    That the run ended once is `judge_endings`'s matter.

    Raises:
        Violation: it does; the witness is about what is told twice.
    """
    repeats = find_repeats(read_settled(run))
    if repeats:
        told = sum(repeats.values(), Counter[str]())
        kinds = ", ".join(f"{count} {what}" for what, count in sorted(told.items()))
        violate(
            f"the log tells again what happens once, of {len(repeats)} entities: {kinds}",
            run.witness(repeats.keys() - {RUN}),
        )


def deliver_all_again(run: Run, copies: int = 1) -> int:
    """Deliver messages of every kind again, and wait until they are through.

    Returns:
        How many were delivered.
    """
    before = len(run.journal().deliveries())
    kinds: Sequence[MessageKind] = ("start", "wake", "step")
    for kind in kinds:
        number = sum(item.cause == "world" for item in run.journal().deliveries(kind))
        for nth in {1, number} - {0}:
            if number:
                run.deliver_again(kind, nth=nth, copies=copies)
    wait_until(lambda: has_come_to_rest(run), _THROUGH_S)
    return len(run.journal().deliveries()) - before


def has_come_to_rest(run: Run) -> bool:
    """Tell whether every message that reached the engine is through."""
    journal = run.journal()
    outcomes = journal.outcomes()
    return all(item.delivery in outcomes for item in journal.deliveries())


def judge_unmoved(run: Run, ending: Ending, copies: int = 1) -> None:
    """Deliver the messages of a run that has ended again; raise when anything changes.

    Raises:
        Violation: something did.
        Inconclusive: nothing could be delivered.
    """
    events = read_settled(run)
    bodies = len(run.journal().executions())
    if not deliver_all_again(run, copies):
        raise Inconclusive("no message could be delivered again")
    later = read_settled(run)
    if run.status() != ending:
        violate(
            f"the run was {ending.status}; after its messages came again it is "
            f"{run.status().status}, or answers otherwise",
            run.witness(),
        )
    added = [item.event_type for item in later[len(events) :]]
    if [item.event_id for item in later[: len(events)]] != [item.event_id for item in events]:
        violate(
            "events of a run that had ended changed when its messages came again", run.witness()
        )
    if added:
        violate(
            f"messages that came again after the end added to the log: {', '.join(added)}",
            run.witness(),
        )
    if len(run.journal().executions()) != bodies:
        violate("a body was executed again after the end of its run", run.witness())
