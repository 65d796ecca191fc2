"""Errors a user can meet: what happened, why, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from harness.exit_codes import ExitCode


class HarnessError(Exception):
    """An error that a user can act on.

    Args:
        what: What happened: one sentence without a final period.
        cause: Why, if it is known; may contain the last lines of a log.
        remedy: What to do next; a command if there is one.
    """

    exit_code = ExitCode.ENVIRONMENT

    def __init__(self, what: str, *, cause: str = "", remedy: str = "") -> None:
        self.what = what
        self.cause = cause
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [self.what]
        if self.cause:
            parts.append(f"  because: {self.cause}")
        if self.remedy:
            parts.append(f"  what to do: {self.remedy}")
        return "\n".join(parts)


class UsageError(HarnessError):
    """The user's request is not valid."""

    exit_code = ExitCode.USAGE


class DescriptionError(UsageError):
    """A data file (line, framework, world, scenario, profile) cannot be read."""


class InstallError(HarnessError):
    """Packages of a line could not be installed."""


class BuildError(HarnessError):
    """An app could not be built."""


class ServiceError(HarnessError):
    """A server that a World needs is not available."""


class DeploymentError(HarnessError):
    """An app's server did not start, did not become healthy, or died."""


class ResultsError(HarnessError):
    """A file of results, or a certificate, is not what was asked for."""

    exit_code = ExitCode.USAGE


class UnwritableError(ResultsError):
    """A file of results, or a certificate, cannot be written."""

    exit_code = ExitCode.ENVIRONMENT


def unknown(
    kind: str,
    name: str,
    known: Iterable[str],
    *,
    source: str = "`world-harness list` shows everything",
) -> UsageError:
    """Make the error for an unknown name; it suggests similar names.

    Args:
        kind: The kind of thing that should have the name.
        name: The unknown name.
        known: All known names.
        source: Where to find all of them.
    """
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"choose from: {', '.join(known)}"
    return UsageError(
        f"no {kind} is called {name!r}",
        remedy=f"{hint} ({source})",
    )
