"""What GitHub makes live in Markdown without any markup, and what a document leaves it of that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

markdown_it: Any = pytest.importorskip("markdown_it")

#: Not shown: it keeps the texts on its two sides apart.
BREAK = "<!-- -->"

SHA = "a5c3785ed8d6a35868bc169f07e40e889087fd2e"

#: Becomes a link, a reference that shows on both sides, or a notification.
LIVE = (
    "https://example.com/x",
    "HTTP://example.com",
    "ftp://example.com",
    "www.example.com",
    "somebody@example.com",
    "@somebody",
    "@acme/team",
    "#12",
    "acme#12",
    "acme/app#12",
    "GH-12",
    "gh-12",
    "acme/app/issues/12",
    "https://github.com/acme/app/pull/12",
    "/discussions/12",
    SHA,
    SHA.upper(),
    f"acme@{SHA}",
    f"acme/app@{SHA}",
)

#: What GitHub looks for, in one piece of text at a time.
LINKED = re.compile(
    r"""
    [a-z]+://\w | www\.\w | \w@\w | @\w
    | \#\d | \bgh-\d | /(?:issues|pull|discussions)/\d | \b[0-9a-f]{40}\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def parse(text: str) -> list[Any]:
    tokens: list[Any] = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
    return tokens


def list_pieces(text: str) -> Iterator[str]:
    """Yield the pieces of a document in which GitHub looks for something to link.

    In code it does not look. A sign that is escaped is one text with what stands beside it.
    """
    for token in parse(text):
        if token.type == "html_block":
            yield from re.split(r"<!--.*?-->|</?\w+>", token.content)
        pieces = [""]
        for child in token.children or ():
            if child.type in {"html_inline", "code_inline", "softbreak"}:
                pieces.append("")
            else:
                pieces[-1] += child.content
        yield from filter(None, pieces)


def list_linked(text: str) -> list[str]:
    """Return the pieces of a document that GitHub would find something to link in."""
    return [piece for piece in list_pieces(text) if LINKED.search(piece)]
