"""What is run and measured: one workflow, its arguments and its answer."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from harness.languages import BY_LANGUAGE, Language


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One workflow, its arguments and its answer (`suites/workflows/bench/scenarios.toml`).

    An argument `"{seed}"` becomes a number that differs between samples, so that no World can
    reuse an earlier answer.
    """

    id: str
    title: str
    workflow: str
    arguments: tuple[int | str, ...]
    #: The expectation of the apps' contents that checks the answer.
    expects: str
    #: What the app returns: the value, its SHA-256, or one SHA-256 per item.
    answer: Literal["value", "digest", "digests"] = "value"
    kind: Literal["steps", "streams", "latency"] = "steps"
    #: What is measured of it, by the names in `harness/measure/measures.py`.
    measures: tuple[str, ...] = ()
    #: How long each of its sleeps is asked to last, in ms.
    asked_ms: float = 0
    #: How many hooks of the run the app resumes, one after the other. Their tokens are
    #: `resume-<seed>-0`, `resume-<seed>-1`…
    hooks: int = 0
    #: How many runs are under way when the app is killed; 0 if it is not.
    killed_runs: int = 0
    #: How many streams of the run are read; 0 for none, 1 for its default stream.
    streams: int = 0
    #: Whether the streams are `source-0`, `source-1`… or the default one.
    namespaced: bool = False
    #: Whether each line of the one stream has a number and the time at which it was written.
    stamped: bool = False
    #: Whether the one stream holds frames of several sources.
    framed: bool = False
    #: Samples per fork, unless the profile sets another number.
    samples: int = 1
    timeout_s: float = 30
    #: Only in profiles that include it (hundreds of steps, many streams).
    extended: bool = False
    #: Of an extended one: no pattern matches it, only its name in a profile or an option.
    by_name: bool = False
    #: Language -> what is different there, as a note beside its numbers.
    notes: Annotated[dict[Language, str], BY_LANGUAGE] = {}
    #: Scenarios that differ only in `size` share a family: how cost grows is fitted over them.
    family: str
    size: int

    @property
    def decides(self) -> bool:
        """Whether its workflow time says who is faster: of a latency, the harness sets the pace."""
        return self.kind != "latency"
