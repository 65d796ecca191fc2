"""Limits: how long a log may get is said, and its last event is still taken."""

from __future__ import annotations

from suites.conformance.answers import expect_success, maybe, shorten
from suites.conformance.arena import Arena
from suites.conformance.forms import decides
from suites.conformance.logs import create_steps
from suites.conformance.violations import NotApplicable, violate

#: What the SDK assumes where nothing else is configured.
_DEFAULT = 25_000
#: How low the limit is set, so that a log can reach it.
_LOW = 50


@decides("LIMIT-EVENTS")
def test_run_started_says_how_many_events_a_run_may_have(arena: Arena) -> None:
    answer = arena.do(arena.events.run_started(arena.new_run()))
    limit = maybe(answer, "maxEvents")
    if limit is None:
        violate("run_started does not report maxEvents, so nothing stops a run that loops")
    arena.record("max-events", limit)
    if limit != _DEFAULT:
        violate(f"with nothing configured, run_started reports {shorten(limit)} as maxEvents")


@decides("LIMIT-EVENTS", cost=2)
def test_a_log_that_is_full_takes_the_event_that_fails_the_run(arena: Arena) -> None:
    site = arena.fresh_site()
    world = site.open(env={"WORKFLOW_MAX_EVENTS": str(_LOW)})
    run_id = arena.new_run(world)
    answer = arena.do(arena.events.run_started(run_id), world)
    limit = maybe(answer, "maxEvents")
    if limit != _LOW:
        raise NotApplicable(f"its limit cannot be lowered for a check; it reports {limit}")
    create_steps(arena, run_id, limit + 5, world=world)
    reply = world.attempt(arena.events.run_failed(run_id))
    expect_success(reply, f"run_failed behind {limit + 7} events, of which {limit} are allowed,")
    status = maybe(arena.get_run(run_id, world), "status")
    if status != "failed":
        violate(f"a run that was failed with a full log is {status}")
    last = arena.log(run_id, world)[-1]
    if last["eventType"] != "run_failed":
        violate(f"the last event of a run that was failed with a full log is {last['eventType']}")
