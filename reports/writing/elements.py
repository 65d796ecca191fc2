"""HTML elements that foreign text cannot break: a child is text unless it is markup already."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from reports.writing.text import flatten

#: The style sheet of every page, which :func:`read_asset` reads.
STYLE = Path(__file__).parent / "page.css"

_ELEMENT = Markup("<{0}{1}>{2}</{0}>")
_VOID_ELEMENT = Markup("<{0}{1}>")
_VOID = {"meta", "br"}
_ATTRIBUTE = Markup(' {0}="{1}"')
_BARE_ATTRIBUTE = Markup(" {0}")


def element(name: str, *children: str, **attributes: str) -> Markup:
    """Make an element.

    Args:
        name: Its tag.
        children: Elements, and text that is brought on one line and escaped.
        attributes: By name; `class_` stands for `class`, and an empty value for a bare name.
    """
    written = join(*(_write_attribute(key, value) for key, value in attributes.items()))
    template = _VOID_ELEMENT if name in _VOID else _ELEMENT
    return template.format(name, written, join(*children))


def join(*children: str) -> Markup:
    """Put elements and text after each other."""
    return Markup("").join(map(_write_child, children))


def read_asset(path: Path) -> Markup:
    """Read a style sheet or a script of ours, which is put into a page as it stands."""
    return Markup(path.read_text(encoding="utf-8"))  # noqa: S704 - nothing foreign is in it


def _write_child(child: str) -> str:
    if isinstance(child, Markup):
        return child
    # The space between words and an element beside them is theirs to keep.
    before, after = " " * child.startswith(" "), " " * child.endswith(" ")
    return f"{before}{flatten(child)}{after}"


def _write_attribute(key: str, value: str) -> Markup:
    template = _ATTRIBUTE if value else _BARE_ATTRIBUTE
    return template.format(key.rstrip("_").replace("_", "-"), flatten(value))
