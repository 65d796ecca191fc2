"""One comment a pull request, renewed in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from harness.pull_requests.github import Comment, GitHub, UncertainError
from harness.pull_requests.target import Head

#: Before a comment whose answer was lost is looked for, in seconds.
_PAUSES_S = (1.0, 2.0, 4.0)


class Posted(msgspec.Struct, frozen=True):
    """What became of a comment."""

    outcome: Literal["created", "updated", "closed", "none"]
    address: str = ""
    #: Other comments of ours that hold the marker too, and are left as they are.
    others: int = 0


def post_comment(
    github: GitHub, pull: int | Head, marker: str, render: Callable[[str], str]
) -> Posted:
    """Write the comment, or renew it where there is one.

    A closed pull request gets none, nor does one that is to merge another commit by now.

    Only a comment of our own is renewed: anybody can write the marker into one of theirs. Of
    several, the oldest is. Where the answer to a new comment is lost, it is looked for before it is
    written again.

    Args:
        github: Whose comments.
        pull: The pull request's number, or what it would merge.
        marker: What tells the comment from others.
        render: Makes the body from the body that it takes the place of; empty where there is none.

    Raises:
        NoRightsError: the token may not write.
        PostingError: it cannot be written.
    """
    number = pull if isinstance(pull, int) else github.find_pull_request(pull)
    if number is None:
        return Posted("none")
    if not github.is_open(number):
        return Posted("closed")
    for pause in _PAUSES_S:
        try:
            return _write(github, number, _find_own(github, number, marker), render)
        except UncertainError:
            github.pause(pause)
    return _write(github, number, _find_own(github, number, marker), render)


def _find_own(github: GitHub, number: int, marker: str) -> list[Comment]:
    marked = [comment for comment in github.list_comments(number) if marker in comment.body]
    name = github.find_own_name() if marked else ""
    return [comment for comment in marked if comment.author == name]


def _write(
    github: GitHub, number: int, own: Sequence[Comment], render: Callable[[str], str]
) -> Posted:
    for comment in own[:1]:
        address = github.update_comment(comment.id, render(comment.body))
        if address is not None:
            return Posted("updated", address, len(own) - 1)
    # There is none, or it was deleted since it was found.
    previous = own[0].body if own else ""
    return Posted("created", github.create_comment(number, render(previous)), max(len(own) - 1, 0))
