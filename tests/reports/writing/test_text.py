"""Numbers read well, and no text from outside can break a document."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.statistics import Estimate
from reports.writing.text import (
    NOTHING,
    count,
    escape,
    fence,
    flatten,
    format_byte_range,
    format_bytes,
    format_estimate,
    format_exponent,
    format_ms,
    format_range,
    format_seconds,
    quote_code,
    shorten,
)
from tests.reports.linking import BREAK, LIVE, list_linked, parse

HOSTILE = (
    "a|b",
    "a\\|b",
    "\\",
    "\\\\|",
    "|",
    "line\nbreak\r\nand\u2028more",
    "`tick` and ``two``",
    "`",
    "*bold* _it_ ~~no~~ $x$",
    "<script>alert(1)</script>",
    "</details>",
    "[link](http://x)",
    "&amp; &lt;",
    "\x1b[31mred\x1b[0m\x00",
    "| --- |",
    "# heading",
    "```\nfence\n```",
)


def parse_cells(cell: str) -> list[str]:
    """Return the text of the cells of a row that holds this one between two others."""
    table = f"| A | B | C |\n|---|---|---|\n| first | {cell} | last |"
    cells = [token for token in parse(table) if token.type == "inline"][3:]
    return [
        "".join(child.content for child in token.children if child.content != BREAK)
        for token in cells
    ]


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (0.126, "0.126 ms"),
        (8.424, "8.42 ms"),
        (11.5, "11.5 ms"),
        (117.4, "117 ms"),
        (999.4, "999 ms"),
        (1022, "1.02 s"),
        (12_340, "12.3 s"),
        (-3.25, "-3.25 ms"),
        (-0.0001, "0 ms"),
        (None, NOTHING),
    ],
)
def test_times_have_three_digits_and_a_unit(ms: float | None, text: str) -> None:
    assert format_ms(ms) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(117.2, 112.3, 124.8, 3, 9), "117 ms [112, 125]"),
        (Estimate(990, 900, 1200, 3, 9), "990 ms [900, 1200]"),
        (Estimate(1022, 990, 1050, 3, 9), "1.02 s [0.99, 1.05]"),
        (Estimate(117.2, None, None, 1, 9), "117 ms [?]"),
        (None, NOTHING),
    ],
)
def test_interval_has_the_unit_of_its_center(estimate: Estimate | None, text: str) -> None:
    assert format_estimate(estimate) == text


@pytest.mark.parametrize(
    ("exponent", "text"),
    [
        (Estimate(0.923, 0.9, 0.95, 3, 9), "N^0.92 [0.90, 0.95]"),
        (Estimate(0.923, None, None, 1, 9), "N^0.92"),
        (None, NOTHING),
    ],
)
def test_growth_is_a_power_of_n(exponent: Estimate | None, text: str) -> None:
    assert format_exponent(exponent) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (12_600, "12.3 KiB"),
        (100 * 1024**2, "100 MiB"),
        (24 * 1024**3, "24 GiB"),
        (None, NOTHING),
    ],
)
def test_sizes_have_binary_units(size: float | None, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(42.4, "42 s"), (59.6, "1 min 0 s"), (725, "12 min 5 s"), (10_920, "3 h 2 min")],
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_counts_that_agree_are_one_number() -> None:
    assert format_range([21, 21]) == "21"
    assert format_range([1200, 8]) == f"8{NOTHING}1,200"
    assert format_range([]) == NOTHING
    assert format_byte_range([1000, 1000]) == "1000 B"
    assert format_byte_range([1024, 4096]) == f"1 KiB{NOTHING}4 KiB"
    assert format_byte_range([]) == NOTHING


@pytest.mark.parametrize(
    ("number", "text"), [(0, "no forks"), (1, "1 fork"), (2, "2 forks"), (1200, "1,200 forks")]
)
def test_things_are_counted_in_words(number: int, text: str) -> None:
    assert count(number, "fork") == text


def test_long_reasons_are_cut() -> None:
    assert shorten("short") == "short"
    assert shorten("x" * 200).endswith("x…")
    assert len(shorten("x" * 200)) < 100


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_stays_one_cell_and_reads_as_it_was(text: str) -> None:
    assert parse_cells(escape(text)) == ["first", flatten(text), "last"]


@pytest.mark.parametrize("text", HOSTILE)
def test_quoted_text_stays_one_cell(text: str) -> None:
    first, cell, last = parse_cells(quote_code(text))
    assert (first, last) == ("first", "last")
    # Only a space between a backslash and a bar is added.
    assert cell.replace(" ", "") == flatten(text).replace(" ", "")


@settings(deadline=None)
@given(text=st.text(alphabet="a|\\`\n *<>&[]()_~-#@!\x1b\u2028", max_size=12))
def test_no_text_breaks_a_table(text: str) -> None:
    assert len(parse_cells(escape(text))) == 3
    assert len(parse_cells(quote_code(text))) == 3


@settings(deadline=None)
@given(text=st.text(alphabet="a|\\`~\n <>#", max_size=20))
def test_no_text_closes_its_fence(text: str) -> None:
    tokens = parse(fence(text) + "\n\nafter")
    assert [token.type for token in tokens] == [
        *("fence", "paragraph_open", "inline", "paragraph_close")
    ]


def test_fence_keeps_lines_and_drops_colors() -> None:
    assert fence("\x1b[31mone\x1b[0m\n\ttwo\x00", "text") == "```text\none\n    two\n```"


def test_backslash_before_a_bar_cannot_undo_its_escape() -> None:
    assert quote_code("a\\|b") == "`a\\ \\|b`"


def test_names_in_errors_notify_nobody() -> None:
    assert "@someone" not in escape("cannot find @someone/package")


@pytest.mark.parametrize("around", ["{}", "see {}.", "({})", "[{}]", "_{}_", "<{}>", "x|{}|y"])
@pytest.mark.parametrize("text", LIVE)
def test_nothing_becomes_a_link_and_all_reads_as_it_was(text: str, around: str) -> None:
    shown = around.format(text)
    assert list_linked(shown.replace("[", "").replace("<", "").replace("_", " ")) != []
    assert list_linked(escape(shown)) == []
    assert parse_cells(escape(shown)) == ["first", shown, "last"]


@pytest.mark.parametrize("text", LIVE)
def test_nothing_becomes_a_link_in_code_and_all_is_shown_as_it_is(text: str) -> None:
    assert list_linked(quote_code(text)) == []
    assert quote_code(text) == f"`{text}`"
    assert fence(text) == f"```\n{text}\n```"


@settings(deadline=None)
@given(text=st.text(alphabet="a0@#/:.w-gh <\\_|", max_size=6).map(lambda part: part * 4))
def test_no_text_becomes_a_link(text: str) -> None:
    assert list_linked(f"| A |\n|---|\n| {escape(text)} |") == []
    assert parse_cells(escape(text))[1] == flatten(text)


@pytest.mark.parametrize(
    "text",
    ["workflow with 50 steps", "5.0.0-beta.35", "N^0.92: 1,234", "a: b", "#", "high-5", "abc1234"],
)
def test_text_that_becomes_no_link_has_no_breaks(text: str) -> None:
    assert "<!--" not in escape(text)


def test_nothing_is_quoted_as_nothing() -> None:
    assert quote_code(" \n") == ""
