"""Steps: creation is a claim, every start counts, one outcome."""

from __future__ import annotations

from suites.conformance.answers import CONFLICT, expect_one_success, types_of
from suites.conformance.calls import fresh_id
from suites.conformance.forms import RACING, decides
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate


@decides("STEP-CREATE-ATOMIC", *RACING)
def test_of_many_creations_of_one_step_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id, step_id = arena.running_run(), fresh_id("step")
        replies = round_.together(*[arena.events.step_created(run_id, step_id)] * round_.width)
        expect_one_success(replies, CONFLICT, "creations of one step")
        created = types_of(arena.log(run_id)).count("step_created")
        if created != 1:
            violate(f"one creation succeeded, but the log has {created} step_created")

    race(one_round)
