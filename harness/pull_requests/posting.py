"""One comment per pull request, which is updated in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from harness.pull_requests.github import Comment, GitHub, UncertainError
from harness.pull_requests.target import Head

#: Pause before looking for a comment whose answer was lost, in seconds.
_PAUSES_S = (1.0, 2.0, 4.0)


class Posted(msgspec.Struct, frozen=True):
    """The result of posting a comment."""

    outcome: Literal["created", "updated", "closed", "none"]
    address: str = ""
    #: Our other comments with the marker; they stay unchanged.
    others: int = 0


def post_comment(
    github: GitHub, pull: int | Head, marker: str, render: Callable[[str], str]
) -> Posted:
    """Write the comment, or update an existing one.

    A pull request that is closed, or whose head is another commit by now, gets no comment. Only our
    own comment is updated, because anyone can write the marker into theirs. If there are several,
    the oldest is updated. If the answer to a new comment is lost, the comment is searched for
    before it is written again.

    Args:
        github: The API of the repository.
        pull: The pull request's number, or its head.
        marker: A text that identifies the comment.
        render: Makes the body from the body that it replaces; that one is empty if there is none.

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
    # There is no comment, or it was deleted in the meantime.
    previous = own[0].body if own else ""
    return Posted("created", github.create_comment(number, render(previous)), max(len(own) - 1, 0))
