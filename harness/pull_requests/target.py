"""The pull request for a comment: from the user, or from the event of GitHub Actions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import UsageError

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+")


class Head(msgspec.Struct, frozen=True):
    """The head commit of a finished workflow, and the branch that it was pushed to."""

    owner: str
    branch: str
    commit: str


class Target(msgspec.Struct, frozen=True):
    """One pull request."""

    repository: str
    #: Its number; or its head, if the number is not known yet.
    pull: int | Head
    #: The measured commit; empty if the event does not name it.
    commit: str = ""


def find_target(
    repository: str | None, number: int | None, environment: Mapping[str, str]
) -> Target:
    """Find the pull request that a report belongs to.

    Args:
        repository: `owner/name`, if the user gives it.
        number: The pull request's number, if the user gives it.
        environment: The process's environment, in which GitHub Actions describes its event.

    Raises:
        UsageError: neither the user nor the event names it.
    """
    event = _read_event(environment)
    pull = event.get("pull_request")
    told = pull if isinstance(pull, dict) else {}
    repository = repository or environment.get("GITHUB_REPOSITORY", "")
    number = number or _as_number(told.get("number"))
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError(
            "the repository of the pull request is not known",
            cause=f"{repository!r} is not a valid repository" if repository else "",
            remedy="pass --repository owner/name",
        )
    head = _read_head(event)
    found = number or head
    if not found:
        raise UsageError(
            "the number of the pull request is not known",
            cause="the event that started this job does not belong to a pull request",
            remedy="pass --pull-request NUMBER",
        )
    pushed = told.get("head")
    commit = pushed.get("sha", "") if isinstance(pushed, dict) else ""
    commit = commit or (head.commit if head else "")
    return Target(repository, found, commit if isinstance(commit, str) else "")


def _read_head(event: Mapping[str, Any]) -> Head | None:
    """Read the head of a finished workflow from a `workflow_run`; a fork's is only there."""
    try:
        run = event["workflow_run"]
        told = {
            "owner": run["head_repository"]["owner"]["login"],
            "branch": run["head_branch"],
            "commit": run["head_sha"],
        }
        return msgspec.convert(told, Head) if all(told.values()) else None
    except (KeyError, TypeError, msgspec.ValidationError):
        return None


def _read_event(environment: Mapping[str, str]) -> dict[str, Any]:
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        event = msgspec.json.decode(Path(path).read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return event if isinstance(event, dict) else {}


def _as_number(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
