"""Numbers as people read them, and foreign text that cannot break a document."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence

from harness.measure.statistics import Estimate

_DASH = "\N{EN DASH}"

#: Where there is nothing to show, as opposed to zero.
NOTHING = _DASH

_LONGEST_REASON = 60
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MARKUP = re.compile(r"([\\`*_\[\]|~$])")

#: What GitHub makes a link, a reference that shows on both sides or a notification, without any
#: markup. The part that matched is followed by a break.
_LIVE = re.compile(
    r"""
    @                                     # an account, a team, an address of mail, a commit
    | \#(?=\d)                            # an issue: #12, acme/app#12
    | (?<![^\W_]) gh-(?=\d)               # GH-12
    | /(?:issues|pull|discussions)/(?=\d)
    | :(?=//)                             # https://, and any other scheme
    | (?<![^\W_]) www(?=\.)
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
#: The id of a commit; and so much of it that it is none any more.
_COMMIT = re.compile(r"(?<![^\W_])[0-9a-f]{40}(?![^\W_])", re.ASCII | re.IGNORECASE)
_PIECE_OF_COMMIT = re.compile(r"[0-9a-f]{6}(?=.)", re.IGNORECASE)

#: Shows nothing and copies as nothing, but GitHub reads what stands around it apart.
_BREAK = "<!-- -->"


def format_ms(value: float | None) -> str:
    """Format a time: `8.42 ms`, `117 ms`, `1.02 s`."""
    if value is None:
        return NOTHING
    divisor, unit = _time_unit(value)
    return f"{_round(value / divisor)} {unit}"


def format_estimate(estimate: Estimate | None) -> str:
    """Format a time with its interval, both in one unit: `117 ms [112, 125]`."""
    if estimate is None:
        return NOTHING
    if estimate.low is None or estimate.high is None:
        return f"{format_ms(estimate.center)} [?]"
    divisor, _ = _time_unit(estimate.center)
    low, high = _round(estimate.low / divisor), _round(estimate.high / divisor)
    return f"{format_ms(estimate.center)} [{low}, {high}]"


def format_exponent(estimate: Estimate | None) -> str:
    """Format a fitted growth: `N^0.92 [0.90, 0.95]`."""
    if estimate is None:
        return NOTHING
    if estimate.low is None or estimate.high is None:
        return f"N^{estimate.center:.2f}"
    return f"N^{estimate.center:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def format_ratio(estimate: Estimate) -> str:
    """Format a ratio with its interval: `2.31 [2.02, 2.60]`; `[?]` where that is not known."""
    if estimate.low is None or estimate.high is None:
        return f"{estimate.center:.2f} [?]"
    return f"{estimate.center:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def format_bytes(value: float | None) -> str:
    """Format a size: `512 B`, `12.3 KiB`, `96.5 MiB`."""
    if value is None:
        return NOTHING
    for unit in ("B", "KiB", "MiB"):
        if abs(value) < 1024:
            return f"{_round(value)} {unit}"
        value /= 1024
    return f"{_round(value)} GiB"


def format_seconds(value: float) -> str:
    """Format a duration: `42 s`, `12 min 5 s`, `3 h 2 min`."""
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, seconds = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


def format_range(values: Sequence[float]) -> str:
    """Format counts of repeated runs: one number where they agree, else `8` to `10`."""
    if not values:
        return NOTHING
    low, high = min(values), max(values)
    return f"{low:,.0f}" if low == high else f"{low:,.0f}{_DASH}{high:,.0f}"


def format_byte_range(values: Sequence[float]) -> str:
    """Format sizes of repeated runs: one where they read alike, else the least and the most."""
    if not values:
        return NOTHING
    low, high = format_bytes(min(values)), format_bytes(max(values))
    return low if low == high else f"{low}{_DASH}{high}"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Count things in words: `1 fork`, `no forks`, `1,200 samples`."""
    word = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,} {word}" if number else f"no {word}"


def flatten(text: str) -> str:
    """Bring foreign text on one line, without control characters."""
    without_colors = _ESCAPE_SEQUENCE.sub("", text)
    return " ".join(_CONTROL.sub(" ", without_colors).split())


def keep_lines(text: str) -> str:
    """Take control characters out of foreign text, all but the ends of its lines."""
    lines = _ESCAPE_SEQUENCE.sub("", text).expandtabs(4).splitlines()
    return "\n".join(_CONTROL.sub("", line).rstrip() for line in lines)


def shorten(text: str, longest: int = _LONGEST_REASON) -> str:
    """Cut text that is longer than that, with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def escape(text: str) -> str:
    """Make text plain: nothing in it is markup or becomes a link, and it fits a cell of a table.

    Inside of code GitHub makes no links, and would show the breaks: :func:`quote_code` and
    :func:`fence` have none.
    """
    plain = _MARKUP.sub(r"\\\1", html.escape(flatten(text), quote=False))
    return _LIVE.sub(rf"\g<0>{_BREAK}", _COMMIT.sub(_break_commit, plain))


def _break_commit(found: re.Match[str]) -> str:
    return _PIECE_OF_COMMIT.sub(rf"\g<0>{_BREAK}", found.group())


def quote_code(text: str) -> str:
    """Put one line of foreign text in a code span that fits a cell of a table."""
    line = flatten(text)
    if not line:
        return ""
    # In a table a bar is escaped even inside code; a backslash before it would undo that.
    line = re.sub(r"\\+(?=\|)", lambda found: found.group() + " ", line).replace("|", r"\|")
    ticks = "`" * (_longest_run(line) + 1)
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{padding}{line}{padding}{ticks}"


def fence(text: str, language: str = "") -> str:
    """Put foreign text, with its lines, in a block that it cannot close."""
    body = keep_lines(text)
    ticks = "`" * max(3, _longest_run(body) + 1)
    return f"{ticks}{language}\n{body}\n{ticks}"


def fold(summary: str, body: str) -> str:
    """Fold a part of a document under a line that opens it."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def _longest_run(text: str) -> int:
    """Return the length of the longest run of backticks."""
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _time_unit(ms: float) -> tuple[float, str]:
    return (1_000.0, "s") if abs(ms) >= 1_000 else (1.0, "ms")


def _round(value: float) -> str:
    """Round to three significant digits, without an exponent."""
    if value == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(decimals, 3)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
