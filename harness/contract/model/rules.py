"""What differs between the lines of the SDK, and how the model refuses."""

from __future__ import annotations

import msgspec


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """A call that the World must refuse.

    Args:
        name: The error's name, by which the runtime knows what to do.
        message: What is wrong, for people.
        status: The HTTP status that goes with the name.
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

#: What the Python SDK calls an error that the TypeScript one has another name for.
PYTHON_NAMES = {
    "WorkflowRunNotFoundError": "RuntimeError",
    "AttributeValidationError": "WorkflowWorldError",
}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """One line's rules: a spec version, and the features that are not a matter of it."""

    line: str
    spec_version: int
    #: `step_started` with the input creates the step, too.
    lazy_start: bool = False
    #: `events.create` answers with what was appended since a cursor or a count.
    delta: bool = False
    #: `run_started` on a running run answers with the events, too.
    preload_again: bool = False
    #: A create that carries `stateUpdatedAt` is refused when the run has moved on.
    precondition: bool = False
    #: A hook's token can stay reserved after the run's end.
    retention: bool = False
    #: `events.createBatch` and `runs.waitForTerminalStatus`, resumes known by `resumeId`, several
    #: statuses in one filter.
    latest: bool = False
    attributes: bool = False
    python_names: bool = False
    max_events: int = 25_000

    @property
    def slots(self) -> bool:
        """Whether an event's id is its place in its run's log."""
        return self.spec_version >= 6

    @property
    def shape(self) -> str:
        """Which of the three interfaces a World of this line has."""
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
