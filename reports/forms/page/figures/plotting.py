"""What figures are made of: axes, frames, and marks that keep their shape at any width.

A figure is as wide as the page. Text is placed in percent of that width and so keeps its size;
marks lie in an inner SVG that is stretched, `WIDE` units wide, with strokes that are not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec
from markupsafe import Markup

from reports.writing.elements import element, join

#: Units from end to end of an axis.
WIDE = 1000

#: Height of an axis with its numbers, in px.
AXIS_HEIGHT = 22

#: Height of a line of text, in px.
LINE = 15

_STEPS = (1, 2, 5)
_MOST_TICKS = 6
#: Of a logarithmic axis; it is one where the largest value is so many times the smallest.
_SPREAD = 25


class Margins(msgspec.Struct, frozen=True):
    """Where an axis begins, and how much of the width it takes, in percent."""

    left: int
    share: int

    def find(self, units: int) -> str:
        """Return where a place on the axis lies in the figure, in percent of its width."""
        return f"{self.left + self.share * units / WIDE:.4g}%"


#: Rows whose labels stand above them; and panels with labels to the left.
ROWS = Margins(5, 90)
PANEL = Margins(16, 80)


class Axis(msgspec.Struct, frozen=True):
    """A horizontal or vertical axis: values to units, of which there are :data:`WIDE`."""

    low: float
    high: float
    logarithmic: bool

    def place(self, value: float) -> int:
        """Return where a value lies, in units; outside of the axis at its end."""
        low, high, at = (self._scale(number) for number in (self.low, self.high, value))
        share = (at - low) / (high - low)
        return round(WIDE * min(1.0, max(0.0, share)))

    def list_ticks(self, most: int = _MOST_TICKS) -> list[float]:
        """Return the round values that are marked on the axis, at most so many."""
        candidates = self._list_powers() if self.logarithmic else self._list_multiples(most)
        ticks = [tick for tick in candidates if self.low <= tick <= self.high]
        return ticks[:: math.ceil(len(ticks) / most)] if ticks else []

    def _scale(self, value: float) -> float:
        return math.log(max(value, self.low)) if self.logarithmic else value

    def _list_powers(self) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        return [step * 10.0**power for power in range(first, last + 1) for step in _STEPS]

    def _list_multiples(self, most: int) -> list[float]:
        rough = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (*_STEPS, 10) if power * factor >= rough)
        first = math.ceil(self.low / step)
        return [round(step * number, 9) for number in range(first, first + most + 2)]


def fit_axis(values: Iterable[float], *, logarithmic: bool | None = None) -> Axis:
    """Fit an axis around values, with room on both sides.

    Args:
        values: What has to find place.
        logarithmic: `None` leaves it to the values: where they spread far, equal ratios get equal
            lengths.
    """
    found = [value for value in values if math.isfinite(value)]
    low, high = min(found, default=0.0), max(found, default=1.0)
    if logarithmic is None:
        logarithmic = low > 0 and high / low > _SPREAD
    if logarithmic:
        low = max(low, 1e-6)
        room = max((high / low) ** 0.04, 1.02)
        return Axis(low / room, max(high, low) * room, logarithmic=True)
    room = (high - low) * 0.04 or abs(high) * 0.04 or 1.0
    return Axis(low - room, high + room, logarithmic=False)


def draw(*children: str, title: str, description: str, height: int, key: str) -> Markup:
    """Draw a figure as wide as the page.

    Args:
        children: What is in it.
        title: What it shows, for those who do not see it.
        description: What can be read off it.
        height: In px.
        key: Makes the ids of its title and description unique on the page.
    """
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-desc"),
        *children,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        width="100%",
        height=str(height),
    )


def stretch(*children: str, top: int, height: int, margins: Margins = ROWS) -> Markup:
    """Put marks on the length of the axis, from `top` px on."""
    return element(
        "svg",
        *children,
        x=f"{margins.left}%",
        y=str(top),
        width=f"{margins.share}%",
        height=str(height),
        viewBox=f"0 0 {WIDE} {height}",
        preserveAspectRatio="none",
        overflow="visible",
    )


def dot(places: Iterable[tuple[int, float]], kind: str) -> Markup:
    """Draw round dots: strokes without length."""
    marks = "".join(f"M{x} {y:g}h0" for x, y in places)
    return element("path", d=marks, class_=f"dot {kind}") if marks else Markup("")


def connect(places: Sequence[tuple[int, float]], kind: str) -> Markup:
    """Draw a line through places."""
    marks = "L".join(f"{x} {y:g}" for x, y in places)
    return element("path", d=f"M{marks}", class_=f"line {kind}") if len(places) > 1 else Markup("")


def fill(boxes: Iterable[tuple[int, int, float, float]], kind: str) -> Markup:
    """Fill boxes: left and right end in units, top and height in px."""
    marks = "".join(
        f"M{left} {top:g}h{max(right - left, 1)}v{height:g}H{left}z"
        for left, right, top, height in boxes
    )
    return element("path", d=marks, class_=kind) if marks else Markup("")


def write(text: str, x: str, y: float, kind: str = "", anchor: str = "start") -> Markup:
    """Write one line; `x` is a length or a share, `y` the height of its base line in px."""
    attributes = {"class_": kind} if kind else {}
    return element("text", text, x=x, y=f"{y:g}", text_anchor=anchor, **attributes)


def head_row(name: str, remark: str, top: int, kind: str = "") -> Markup:
    """Write what a row is called, and below it in small letters what is to be said of it."""
    lines = [write(name, "0", top + LINE - 3, f"label {kind}".strip())]
    if remark:
        lines.append(write(remark, "0", top + 2 * LINE - 4, f"label number {kind}".strip()))
    return join(*lines)


def rule(
    axis: Axis, labels: Iterable[tuple[float, str]], height: int, margins: Margins = ROWS
) -> Markup:
    """Draw the lines of an axis's ticks, so high in px, and their labels below."""
    parts = []
    for value, label in labels:
        x = margins.find(axis.place(value))
        parts.append(element("line", x1=x, x2=x, y1="0", y2=str(height), class_="tick"))
        parts.append(write(label, x, height + 15, "number", anchor="middle"))
    return join(*parts)


def lift(axis: Axis, value: float, height: int) -> float:
    """Return where a value lies on a vertical axis so high, in px from its top."""
    return round(height * (1 - axis.place(value) / WIDE), 1)


def rule_up(
    axis: Axis,
    labels: Iterable[tuple[float, str]],
    height: int,
    margins: Margins = PANEL,
    top: int = 0,
) -> Markup:
    """Draw the lines of a vertical axis's ticks, from `top` px on, and their labels to the left."""
    parts = []
    for value, label in labels:
        y = top + lift(axis, value, height)
        ends = {"x1": margins.find(0), "x2": margins.find(WIDE)}
        parts.append(element("line", **ends, y1=f"{y:g}", y2=f"{y:g}", class_="tick"))
        parts.append(write(label, f"{margins.left - 1}%", y + 4, "number", anchor="end"))
    return join(*parts)


def frame(drawing: str, caption: str) -> Markup:
    """Put a figure above its caption."""
    return element("figure", drawing, element("figcaption", caption))
