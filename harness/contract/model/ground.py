"""The base of every part of the model: rules, state, the current call, and refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

from harness.contract.model.rules import PYTHON_NAMES, STATUSES, Refused, Rules
from harness.contract.model.state import EntityRow, Key, State
from harness.contract.model.values import Entity, is_undefined

TERMINAL_RUN = frozenset({"completed", "failed", "cancelled"})

_Self = TypeVar("_Self", bound="ModelGround")


class ModelGround:
    """The model without any rule.

    Args:
        rules: The rules of the line.
        state: The stored data; by default, nothing is stored.
    """

    #: Normalized call -> name of the method that answers it. Each part adds its calls.
    METHODS: ClassVar[dict[str, str]] = {}

    def __init__(self, rules: Rules, state: State | None = None) -> None:
        self.rules = rules
        self.state = State() if state is None else state
        #: The time of the current call, and the source of its new ids.
        self.now = datetime.fromtimestamp(0, UTC)
        self.fresh: Callable[[str], str] = _refuse_to_name

    def perform(
        self,
        method: str,
        args: Sequence[object],
        *,
        now: datetime,
        fresh: Callable[[str], str],
    ) -> Any:
        """Answer one normalized call.

        Args:
            method: Its name, such as `events.create`.
            args: Its arguments; undefined ones at the end count as omitted.
            now: The time of the call.
            fresh: Makes a new id from a prefix such as `wrun`.

        Raises:
            Refused: a World must refuse this call; the state is unchanged.
            LookupError: the line has no such method.
        """
        name = self.METHODS.get(method)
        if name is None or not self.has_method(method):
            raise LookupError(f"line {self.rules.line} has no method {method}")
        self.now = now
        self.fresh = fresh
        given = list(args)
        while given and is_undefined(given[-1]):
            given.pop()
        return getattr(self, name)(*given)

    def has_method(self, method: str) -> bool:
        """Tell whether Worlds of this line have a method."""
        latest = {"events.createBatch", "runs.waitForTerminalStatus"}
        return self.rules.latest or method not in latest

    def copy(self: _Self) -> _Self:
        """Return an independent copy of the model."""
        return type(self)(self.rules, self.state.copy())

    def refusal(self, name: str, message: str, *, retry_after: int | None = None) -> Refused:
        """Make a refusal with the name that the line uses for it."""
        status = STATUSES.get(name)
        if self.rules.python_names:
            name = PYTHON_NAMES.get(name, name)
        return Refused(name, message, status, retry_after)

    def bad_request(self, message: str) -> Refused:
        """Make the refusal of a call that can never succeed."""
        return Refused("WorkflowWorldError", message, 400)

    def next_serial(self) -> int:
        """Return the number of the next stored row."""
        self.state.serial += 1
        return self.state.serial

    def put(self, table: dict[Any, EntityRow], key: object, value: Entity) -> Entity:
        """Store a row, or replace it without changing its place."""
        old = table.get(key)
        table[key] = EntityRow(old.serial if old else self.next_serial(), value)
        return value

    def find_run(self, run_id: object) -> Entity:
        """Return a run.

        Raises:
            Refused: there is no such run.
        """
        row = self.state.runs.get(run_id) if isinstance(run_id, str) else None
        if row is None:
            raise self.refusal("WorkflowRunNotFoundError", f"no workflow run is called {run_id!r}")
        return row.value

    def is_ended(self, run: Mapping[str, Any]) -> bool:
        """Tell whether a run has reached a final status."""
        return run["status"] in TERMINAL_RUN

    def claim_once(self, run_id: str, kind: str, name: str) -> None:
        """Claim the right to create something, which exists once.

        Raises:
            Refused: it is already claimed.
        """
        claim = (run_id, kind, name)
        if claim in self.state.claims:
            raise self.refusal("EntityConflictError", f"{kind} {name!r} already exists")
        self.state.claims.add(claim)

    def key_of(self, run_id: str, name: str | None) -> Key:
        """Return the key of an entity of a run."""
        return (run_id, name or "")


def _refuse_to_name(prefix: str) -> str:
    raise RuntimeError(f"no call is being answered that could name a {prefix}")
