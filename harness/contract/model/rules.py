"""The rules that differ between the lines of the SDK, and refusals."""

from __future__ import annotations

import msgspec


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """A call that the World must refuse.

    Args:
        name: The name of the error, which tells the runtime how to react.
        message: A description for people.
        status: The HTTP status that belongs to the name.
        retry_after: Seconds until the same call can succeed.
    """

    def __init__(
        self,
        name: str,
        message: str,
        status: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.status = status
        self.retry_after = retry_after


#: Error name -> status.
STATUSES = {
    "EntityConflictError": 409,
    "RunExpiredError": 410,
    "PreconditionFailedError": 412,
    "TooEarlyError": 425,
    "WorkflowRunNotFoundError": 404,
    "HookNotFoundError": 404,
    "AttributeValidationError": 400,
}

#: Name of an error in the TypeScript SDK -> its name in the Python SDK.
PYTHON_NAMES = {
    "WorkflowRunNotFoundError": "RuntimeError",
    "AttributeValidationError": "WorkflowWorldError",
}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one line: its spec version, and features that do not follow from it."""

    line: str
    spec_version: int
    #: `step_started` with an input also creates the step.
    lazy_start: bool = False
    #: `events.create` can return the events since a cursor or a count.
    delta: bool = False
    #: `run_started` on a running run also returns the events.
    preload_again: bool = False
    #: A create with `stateUpdatedAt` is refused if the run has changed since then.
    precondition: bool = False
    #: The token of a hook can stay reserved after the end of the run.
    retention: bool = False
    #: `events.createBatch` and `runs.waitForTerminalStatus`, resumes identified by `resumeId`,
    #: several statuses in one filter.
    latest: bool = False
    attributes: bool = False
    python_names: bool = False
    max_events: int = 25_000

    @property
    def slots(self) -> bool:
        """Whether the id of an event is its place in the run's log."""
        return self.spec_version >= 6

    @property
    def shape(self) -> str:
        """The interface of the Worlds of this line: one of three."""
        return "v5" if self.line.startswith("v5") else self.line


RULES = {
    "v4": Rules(line="v4", spec_version=3, precondition=True),
    "v5": Rules(
        line="v5",
        spec_version=5,
        lazy_start=True,
        delta=True,
        preload_again=True,
        attributes=True,
    ),
    "v5-latest": Rules(
        line="v5-latest",
        spec_version=7,
        lazy_start=True,
        delta=True,
        preload_again=True,
        attributes=True,
        retention=True,
        latest=True,
    ),
    "py": Rules(line="py", spec_version=5, attributes=True, python_names=True),
}
