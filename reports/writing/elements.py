"""HTML elements that foreign text cannot break: a child is text unless it was made here."""

from __future__ import annotations

import html
import re
from pathlib import Path

from reports.writing.text import flatten

#: The style sheet of every page.
STYLE = Path(__file__).parent / "page.css"

_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_VOID = {"meta", "br"}


class Html(str):
    """Markup that is right as it stands."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str) -> Html:
    """Make an element.

    Args:
        name: Its tag.
        children: Elements, and text that is brought on one line and escaped.
        attributes: By name; `class_` stands for `class`, and an empty value for a bare name.
    """
    written = "".join(_write_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str) -> Html:
    """Put elements and text after each other."""
    return Html("".join(map(_write_child, children)))


def preserve(text: str) -> Html:
    """Escape text whose lines are kept: a command, a listing."""
    return Html(html.escape(_CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", text))))


def make_table(headings: list[str], rows: list[list[str]], **attributes: str) -> Html:
    """Make a table; a wide one scrolls by itself, so that the page does not."""
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    body = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    table = element("table", element("thead", head), element("tbody", *body), **attributes)
    return element("div", table, class_="scroll")


def _write_child(child: str) -> str:
    if isinstance(child, Html):
        return child
    # The space between words and an element beside them is theirs to keep.
    before, after = " " * child.startswith(" "), " " * child.endswith(" ")
    return f"{before}{html.escape(flatten(child))}{after}"


def _write_attribute(key: str, value: str) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f' {name}="{html.escape(flatten(value))}"' if value else f" {name}"
