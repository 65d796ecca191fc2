"""What a comment tells of a session, whatever kind of session it was."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class StorySection(msgspec.Struct, frozen=True, kw_only=True):
    """A folded part of a comment; it is rendered only if there is room for it."""

    #: What it is about, as plain text, and what such a thing is called.
    title: str
    noun: str
    render: Callable[[], str]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of examination came to."""

    #: As in every document: ✅, 🟡, ❔ or ❌.
    sign: str
    #: The verdict, as plain text; and what the history keeps of it.
    verdict: str
    remembered: str
    #: What else is said right below the verdict, a line each, as Markdown.
    points: tuple[str, ...] = ()
    #: Parts that come first and whole; parts that come after the history; the rest.
    first: tuple[str, ...] = ()
    middle: tuple[str, ...] = ()
    sections: tuple[StorySection, ...] = ()
