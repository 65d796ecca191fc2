"""The Markdown report as HTML: what the two say is one text.

Of raw HTML only what our Markdown itself writes is let through: a fold and its summary. Anything
else, wherever it comes from, is shown as the text that it is.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from reports.forms.page.sorting import find_sort_key
from reports.writing.elements import element

_FOLD = re.compile(r"</?details>")
_SUMMARY = re.compile(r"<summary>(?P<text>.*)</summary>")
_COMMENT = re.compile(r"<!-- -->")
_LISTED_LEVELS = (2, 3)


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A heading and what stands below it, up to the next heading of any level."""

    level: int
    title: str
    #: Its id on the page.
    anchor: str
    body: Markup


class Document(msgspec.Struct, frozen=True):
    """A document taken apart at its headings."""

    #: What stands above the first heading.
    head: Markup
    #: The first line of that, as plain text.
    lead: str
    sections: tuple[Section, ...]


def read_document(text: str) -> Document:
    """Read a Markdown report."""
    parser = _make_parser()
    tokens = parser.parse(text)
    _mark_cells(tokens)
    starts = [
        place
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]
    ends = [*starts[1:], len(tokens)]
    first = starts[0] if starts else len(tokens)
    used: Counter[str] = Counter()
    sections = []
    for start, end in zip(starts, ends, strict=True):
        title = read_text(tokens[start + 1])
        sections.append(
            Section(
                level=int(tokens[start].tag[1]),
                title=title,
                anchor=_make_anchor(title, used),
                body=_render(parser, tokens[start + 3 : end]),
            )
        )
    lead = next((read_text(token) for token in tokens[:first] if token.type == "inline"), "")
    return Document(_render(parser, tokens[:first]), lead, tuple(sections))


def read_text(token: Token) -> str:
    """Return the plain text of an inline token."""
    return "".join(
        child.content for child in token.children or () if child.type in {"text", "code_inline"}
    )


def write_heading(section: Section) -> Markup:
    """Write the heading of a section; the page's table of contents leads to it."""
    listed = {"id": section.anchor} if section.level in _LISTED_LEVELS else {}
    return element(f"h{section.level}", section.title, **listed)


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    # Nothing on the page is fetched.
    parser.disable("image")
    rules: dict[str, Callable[..., str]] = {
        "html_block": _render_block,
        "html_inline": _render_inline,
        "table_open": _open_table,
        "table_close": _close_table,
        "th_open": _open_heading_cell,
    }
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


def _render(parser: MarkdownIt, tokens: Sequence[Token]) -> Markup:
    # Raw HTML goes through rules of ours; everything else the parser escapes.
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704


def _render_block(
    renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    lines = tokens[place].content.strip().splitlines()
    return "".join(f"{_let_through(line.strip())}\n" for line in lines)


def _render_inline(
    renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    content = tokens[place].content
    return "" if _COMMENT.fullmatch(content) else html.escape(content)


def _let_through(line: str) -> str:
    """Return a line of raw HTML if it is one of ours, else as text."""
    if _FOLD.fullmatch(line):
        return line
    if summary := _SUMMARY.fullmatch(line):
        # It was written as Markdown, which is not read inside of raw HTML.
        text = re.sub(r"\\([\\`*_\[\]|~$])", r"\1", _COMMENT.sub("", summary["text"]))
        return element("summary", html.unescape(text))
    return html.escape(line)


def _open_table(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    sortable = tokens[place].meta.get("sortable")
    kind = ' class="sortable"' if sortable else ""
    # A region that scrolls has to be reached with the keyboard.
    return f'<div class="scroll" role="region" tabindex="0" aria-label="Table"><table{kind}>\n'


def _close_table(renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    return "</table></div>\n"


def _open_heading_cell(
    renderer: Any, tokens: Sequence[Token], place: int, options: Any, env: Any
) -> str:
    return '<th scope="col">'


def _mark_cells(tokens: Sequence[Token]) -> None:
    """Note by what each cell of a table is sorted, and which tables are worth sorting."""
    table, rows = None, 0
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            table, rows = token, 0
        elif token.type == "tr_open":
            rows += 1
        elif token.type == "table_close" and table is not None:
            table.meta["sortable"] = rows > 2
        elif token.type == "td_open":
            text = read_text(tokens[place + 1])
            key = find_sort_key(text)
            if key != text:
                token.attrSet("data-sort", key)


def _make_anchor(title: str, used: Counter[str]) -> str:
    """Make an id of a title: its words, and a number where another has it already."""
    words = "-".join(re.findall(r"[a-z0-9]+", title.lower())) or "section"
    used[words] += 1
    return words if used[words] == 1 else f"{words}-{used[words]}"
