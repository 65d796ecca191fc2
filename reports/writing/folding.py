"""Sections of a Markdown document, and how they fold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reports.writing.text import fold

_FENCE = re.compile(r"(`{3,})")


def fold_sections(text: str, *, but: Sequence[str]) -> str:
    """Fold every section of the second level under its title.

    Args:
        text: A document; what stands before its first section stays open.
        but: Beginnings of the titles of sections that stay open.
    """
    first, *sections = split_sections(text)
    parts = [first.rstrip()]
    for section in sections:
        title, _, body = section.removeprefix("## ").partition("\n")
        open_ = title.startswith(tuple(but))
        parts.append(section.rstrip() if open_ else fold(title, body.strip()))
    return "\n\n".join(part for part in parts if part) + "\n"


def split_sections(text: str) -> list[str]:
    """Split a report before each heading of the second level; together they are the report."""
    sections = [""]
    fence = ""
    for line in text.splitlines(keepends=True):
        if marks := _FENCE.match(line):
            fence = marks[1] if not fence else "" if line.strip() == fence else fence
        if line.startswith("## ") and not fence:
            sections.append("")
        sections[-1] += line
    return sections
