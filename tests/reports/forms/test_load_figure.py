"""The figure of a load: every run at its time, what ended badly apart, stages behind them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

import msgspec
import pytest

from harness.load.arrivals import read_stages
from harness.results.records import Load, LoadRun
from reports.forms.page.figures.plotting import WIDE
from reports.forms.page.page import render_page
from reports.forms.studies import study_session
from tests.harness.load.test_summary import STEADY, make_results, play, refuse
from tests.reports.factories import EXPRESS, HONO, TEN, make_load_header

BURST = Load(stages=read_stages("10/s", 40, "5x:5s@10s"), arrivals="constant")


def draw(load: Load, runs: list[LoadRun]) -> Xml.Element:
    """Return the one figure of a page."""
    (figure,) = find_figures(render_page(study_session(make_results(load, runs)), source="x"))
    return figure


def find_figures(page: str) -> list[Xml.Element]:
    return [Xml.fromstring(found) for found in re.findall(r"<figure>.*?</figure>", page, re.DOTALL)]


def find_dots(figure: Xml.Element, kind: str) -> list[tuple[int, float]]:
    path = figure.find(f".//path[@class='dot {kind}']")
    marks = [] if path is None else re.findall(r"M(\d+) ([\d.]+)h0", path.get("d", ""))
    return [(int(x), float(y)) for x, y in marks]


def test_every_run_is_at_the_time_when_it_was_to_start() -> None:
    figure = draw(STEADY, play(STEADY, lambda due: 10.0 + due / 100))
    dots = find_dots(figure, "sample")
    assert len(dots) > 150
    assert find_dots(figure, "spoiled") == []
    # Latency climbs with time: to the right is later, and up is longer.
    assert [y for _, y in sorted(dots)] == sorted((y for _, y in dots), reverse=True)
    assert min(x for x, _ in dots) < WIDE * 0.02
    assert max(x for x, _ in dots) > WIDE * 0.98


def test_what_did_not_end_well_stands_apart() -> None:
    runs = refuse(play(STEADY, lambda due: 80.0), 15_000.0, 5.0)
    figure = draw(STEADY, runs)
    half = WIDE * 15 / 25
    bad = find_dots(figure, "spoiled")
    assert bad
    assert all(x >= half - 4 for x, _ in bad)
    # No short latency is shown of what failed soon.
    assert all(x <= half for x, _ in find_dots(figure, "sample"))
    assert "endless" in [text.text for text in figure.iter("text")]


@pytest.mark.parametrize(
    ("load", "kinds"), [(STEADY, "warmup steady"), (BURST, "warmup steady burst after")]
)
def test_the_stages_lie_behind_the_runs(load: Load, kinds: str) -> None:
    figure = draw(load, play(load, lambda due: 80.0))
    shaded = [path for path in figure.iter("path") if path.get("class", "").startswith("stage ")]
    assert [path.get("class", "").split()[1] for path in shaded] == kinds.split()
    boxes = [re.match(r"M(\d+) 0h(\d+)", path.get("d", "")) for path in shaded]
    places = [(int(box[1]), int(box[1]) + int(box[2])) for box in boxes if box]
    # Each begins where the one before it ends.
    assert [begin for begin, _ in places] == [0, *(end for _, end in places[:-1])]
    assert places[-1][1] == WIDE


def test_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    figure = draw(STEADY, refuse(play(STEADY, lambda due: 80.0), 24_000.0, 5.0))
    (svg,) = (found for found in figure.iter("svg") if found.get("role") == "img")
    ids = {found.get("id"): found for found in svg.iter() if found.get("id")}
    title, description = (ids[name] for name in svg.get("aria-labelledby", "").split())
    assert title.text == f"Latency under load: Local · Express, {TEN.id}"
    told = description.text or ""
    assert "ended well, after 80 ms to 80 ms" in told
    assert "did not end well" in told
    assert "steady 10/s for 20 s, median 80 ms" in told


def test_each_load_has_its_figure_and_one_that_failed_none() -> None:
    runs = play(STEADY, lambda due: 80.0)
    others = [msgspec.structs.replace(run, cell=HONO) for run in runs]
    header = make_load_header([EXPRESS, HONO], [TEN], STEADY)
    both = msgspec.structs.replace(make_results(STEADY, [*runs, *others]), header=header)
    one = msgspec.structs.replace(both, loads=tuple(runs))
    pages = [render_page(study_session(results), source="x") for results in (both, one)]
    assert [len(find_figures(page)) for page in pages] == [2, 1]
    ids = re.findall(r' id="([^"]*)"', pages[0])
    assert len({*ids}) == len(ids)


def test_where_nothing_ended_well_it_is_still_drawn() -> None:
    figure = draw(STEADY, refuse(play(STEADY, lambda due: 80.0), 0.0, 5.0))
    assert find_dots(figure, "sample") == []
    assert len(find_dots(figure, "spoiled")) > 100


@pytest.mark.slow
def test_a_hundred_thousand_runs_take_no_more_than_can_be_seen() -> None:
    load = Load(stages=read_stages("4000/s", 20), arrivals="constant")
    runs = play(load, lambda due: 10.0 + due * 7919 % 97)
    assert len(runs) > 90_000
    assert 1_000 < len(find_dots(draw(load, runs), "sample")) < 25_000
