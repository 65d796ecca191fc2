"""Reading a rendered report as its reader does: by heading, table, row and column."""

from __future__ import annotations

import re

Row = dict[str, str]


def read_section(document: str, heading: str) -> str:
    """Return what stands under a heading, up to the next of its own level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    lines = document.split("\n")
    start = lines.index(heading) + 1
    for end in range(start, len(lines)):
        found = re.match(r"(#+) ", lines[end])
        if found and len(found.group(1)) <= level:
            return "\n".join(lines[start:end])
    return "\n".join(lines[start:])


def read_tables(text: str) -> list[list[Row]]:
    """Return every table as its rows, each column -> cell."""
    tables: list[list[Row]] = []
    block: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        if line.startswith("|"):
            block.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif block:
            titles, _, *rows = block
            tables.append([dict(zip(titles, row, strict=True)) for row in rows])
            block = []
    return tables


def read_table(document: str, *headings: str) -> list[Row]:
    """Return the first table under a heading, found through the headings above it."""
    for heading in headings:
        document = read_section(document, heading)
    return read_tables(document)[0]


def list_headings(document: str) -> list[str]:
    return [line for line in document.split("\n") if re.match(r"#+ ", line)]


def pick(rows: list[Row], **columns: str) -> Row:
    """Return the one row whose columns hold these texts."""
    found = [row for row in rows if all(text in row[name] for name, text in columns.items())]
    assert len(found) == 1, f"{len(found)} of {len(rows)} rows hold {columns}"
    return found[0]
