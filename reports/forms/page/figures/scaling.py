"""How workflow time grows with the number of steps, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from harness.descriptions import Cell
from harness.measure.statistics import Estimate
from reports.benchmark.findings import Findings
from reports.benchmark.growth import estimate_exponents
from reports.benchmark.scenarios import name_section
from reports.forms.page.figures.plotting import (
    AXIS_HEIGHT,
    PANEL,
    Axis,
    connect,
    dot,
    draw,
    fit_axis,
    lift,
    rule,
    rule_up,
    stretch,
)
from reports.writing.elements import element
from reports.writing.names import Names
from reports.writing.text import format_exponent, format_ms

_HEIGHT = 200
#: Curves differ in color and dashes; see the style sheet for as many.
_KINDS = 12

_CAPTION = (
    "Workflow time against the number of steps N, both axes logarithmic: a straight line is a "
    "power of N, and its exponent is in the list. Dots are the centers, strokes their intervals."
)

#: N and the time it took, smallest N first.
_Curve = Sequence[tuple[int, Estimate]]


def draw_growth(findings: Findings) -> Markup:
    """Draw a panel for each family and kind of World; empty where nothing was fitted."""
    exponents = estimate_exponents(findings)
    panels = [
        _draw_panel(findings.names, family, section, curves, exponents, f"growth-{number}")
        for number, ((family, section), curves) in enumerate(_list_curves(findings).items())
        if any(exponents.get((cell, family)) for cell in curves)
    ]
    if not panels:
        return Markup("")
    return element(
        "figure",
        element("div", *panels, class_="panels"),
        element("figcaption", _CAPTION),
    )


def _list_curves(
    findings: Findings,
) -> dict[tuple[str, str], dict[Cell, list[tuple[int, Estimate]]]]:
    """Return (family, section) -> cell -> its times by N."""
    curves: dict[tuple[str, str], dict[Cell, list[tuple[int, Estimate]]]] = {}
    for scenario in sorted(findings.results.header.scenarios, key=lambda item: item.size):
        for entry in findings.of_scenario(scenario):
            time = entry.workflow
            if time and time.center > 0 and scenario.size > 0:
                place = scenario.family, name_section(findings, entry.cell)
                curves.setdefault(place, {}).setdefault(entry.cell, []).append(
                    (scenario.size, time)
                )
    return curves


def _draw_panel(
    names: Names,
    family: str,
    section: str,
    curves: Mapping[Cell, _Curve],
    exponents: Mapping[tuple[Cell, str], Estimate | None],
    key: str,
) -> Markup:
    points = [point for curve in curves.values() for point in curve]
    across = fit_axis((size for size, _ in points), logarithmic=True)
    up = fit_axis((bound for _, time in points for bound in _bounds(time)), logarithmic=True)
    sizes = sorted({size for size, _ in points})
    told = {
        cell: f"{names.label(cell)}: {format_exponent(exponents.get((cell, family)))}"
        for cell in curves
    }
    drawing = draw(
        rule(across, [(size, f"{size}") for size in sizes], _HEIGHT, PANEL),
        stretch(
            *(
                mark
                for number, curve in enumerate(curves.values())
                for mark in _draw_curve(curve, across, up, f"curve-{number % _KINDS}")
            ),
            top=0,
            height=_HEIGHT,
            margins=PANEL,
        ),
        rule_up(up, [(tick, format_ms(tick)) for tick in up.list_ticks(5)], _HEIGHT),
        title=f"Growth of workflow time: {family}, {section}",
        description="; ".join(told.values()),
        height=_HEIGHT + AXIS_HEIGHT,
        key=key,
    )
    legend = [
        element("li", _draw_key(f"curve-{number % _KINDS}"), text)
        for number, text in enumerate(told.values())
    ]
    title = element("p", element("b", family), f" {section}")
    return element("div", title, drawing, element("ul", *legend, class_="legend"))


def _draw_curve(curve: _Curve, across: Axis, up: Axis, kind: str) -> Iterator[Markup]:
    places = [(across.place(size), lift(up, time.center, _HEIGHT)) for size, time in curve]
    yield connect(places, kind)
    yield dot(places, kind)
    for size, time in curve:
        if time.low is not None and time.high is not None:
            x = across.place(size)
            ends = [(x, lift(up, max(bound, up.low), _HEIGHT)) for bound in (time.low, time.high)]
            yield connect(ends, f"{kind} whisker")


def _draw_key(kind: str) -> Markup:
    stroke = element("path", d="M1 6h26", class_=f"line {kind}")
    return element("svg", stroke, width="28", height="12", aria_hidden="true")


def _bounds(time: Estimate) -> Iterator[float]:
    yield from (value for value in (time.low, time.center, time.high) if value and value > 0)
