"""Errors in addition to those that the SDK defines."""

from __future__ import annotations

from world_harness_sdk import interface


class SetupError(Exception):
    """The storage must not or cannot be used. Nothing in it was changed.

    Args:
        what: What happened.
        cause: Why.
        remedy: How to fix it.
    """

    def __init__(self, what: str, *, cause: str, remedy: str) -> None:
        super().__init__(f"{what}: {cause}; {remedy}")
        self.what = what
        self.cause = cause
        self.remedy = remedy


class StorageError(interface.WorkflowWorldError):  # type: ignore[misc]
    """The storage could not answer a call; the SDK may repeat the call.

    Args:
        what: What happened.
        cause: Why.
        remedy: How to fix it.
        committed: `False` if nothing was written; `None` if that is unknown.
    """

    def __init__(
        self, what: str, *, cause: str, remedy: str, committed: bool | None = False
    ) -> None:
        super().__init__(f"{what}: {cause}; {remedy}", status=503, code="TRANSPORT")
        self.committed = committed


class WorkflowRunNotFoundError(interface.WorkflowWorldError, RuntimeError):  # type: ignore[misc]
    """There is no such run. Also a `RuntimeError`, as the SDK's own World raises."""

    def __init__(self, run_id: str) -> None:
        interface.WorkflowWorldError.__init__(
            self, f"no workflow run is called {run_id!r}", status=404
        )


def refuse(message: str, *, status: int = 400) -> Exception:
    """Make the refusal of a call that cannot succeed."""
    error: Exception = interface.WorkflowWorldError(message, status=status)
    return error


def conflict(message: str) -> Exception:
    """Make the refusal of a change that was already made."""
    error: Exception = interface.EntityConflictError(message)
    return error
