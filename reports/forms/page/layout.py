"""What every page is laid out like: the verdict first, and nothing that has to be fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from reports.forms.page.document import Document
from reports.writing.elements import STYLE, element, read_asset

#: How a verdict begins -> the class of the head of the page.
_CLASSES = {"✅": "passed", "❌": "failed", "❔": "inconclusive", "🟡": "known"}


def lay_out_page(
    title: str, document: Document, *parts: Markup, styles: Sequence[Path] = ()
) -> str:
    """Write a page whose head is the head of a document.

    Args:
        title: What the page is called.
        document: Its first line is a verdict, and begins with the verdict's sign.
        parts: What stands below the head.
        styles: Style sheets beyond the one of every page.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title}: {document.lead}"),
        element("style", *map(read_asset, (STYLE, *styles))),
    )
    verdict = _CLASSES.get(document.lead[:1], "inconclusive")
    header = element("header", element("h1", title), document.head, class_=verdict)
    body = element("body", header, *parts)
    return f'<!doctype html>\n<html lang="en">\n{head}\n{body}\n</html>\n'
