"""The page of a report, as readers see it: on a phone and on a desk, in daylight and at night."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from tests.reports.forms.browser.conftest import DESK, PHONE, Opened

pytestmark = [pytest.mark.sdk, pytest.mark.xdist_group("browser")]

NAMES = ("quick", "languages", "hostile")
SCREENS = pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])

#: The smallest contrast of any text with what is behind it, and where it is: WCAG 2's formula.
CONTRAST = """() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  let worst = { ratio: 21, text: "" };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest("script")) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [one, other] = [light(parse(ink)), light(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < worst.ratio) worst = { ratio, text: node.data.trim().slice(0, 60) };
  }
  return worst;
}"""

#: Elements that are wider than their screen, but for what scrolls by itself.
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((element) => element.checkVisibility() && !element.closest(".scroll"))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => `${element.tagName} ${element.className} ${element.textContent}`.slice(0, 90))
"""


@pytest.mark.parametrize("name", NAMES)
def test_asks_nobody_for_anything_and_makes_no_complaint(
    open_page: Callable[..., Opened], name: str
) -> None:
    opened = open_page(name)
    assert [url.partition(":")[0] for url in opened.requests] == ["file"]
    assert opened.complaints == []


@pytest.mark.parametrize("name", NAMES)
@SCREENS
def test_fits_the_screen(open_page: Callable[..., Opened], name: str, screen: Any) -> None:
    page = open_page(name, screen=screen).page
    unfold(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= screen["width"], page.evaluate(TOO_WIDE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_told_from_what_is_behind_it(
    open_page: Callable[..., Opened], name: str, dark: bool
) -> None:
    page = open_page(name, dark=dark).page
    unfold(page)
    worst = page.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst


def test_is_dark_where_readers_want_it_dark(open_page: Callable[..., Opened]) -> None:
    def paper(dark: bool) -> int:
        page = open_page(dark=dark).page
        color: list[int] = page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
        )
        return sum(color[:3])

    assert paper(dark=True) < 150
    assert paper(dark=False) > 600


@SCREENS
def test_every_figure_is_seen_and_says_what_it_is(
    open_page: Callable[..., Opened], screen: Any
) -> None:
    page = open_page(screen=screen).page
    unfold(page)
    figures = page.locator("figure svg[role=img]")
    assert figures.count() > 20
    for figure in figures.all():
        box = figure.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 10
        named = figure.get_attribute("aria-labelledby") or figure.get_attribute("aria-label")
        assert named


class TestSorting:
    def test_a_click_sorts_and_another_turns_it_round(
        self, open_page: Callable[..., Opened]
    ) -> None:
        table = find_table(open_page().page)
        heading = find_heading(table, "Workflow Time")
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == "ascending"
        up = read_keys(table, heading)
        assert up == sorted(up)
        assert len(set(up)) > 1
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == "descending"
        assert read_keys(table, heading) == sorted(up, reverse=True)

    def test_the_keyboard_sorts_too(self, open_page: Callable[..., Opened]) -> None:
        page = open_page().page
        table = find_table(page)
        heading = find_heading(table, "Workflow Time")
        heading.locator("button").focus()
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        other = find_heading(table, "Framework")
        other.locator("button").focus()
        page.keyboard.press("Space")
        assert other.get_attribute("aria-sort") == "ascending"
        assert heading.get_attribute("aria-sort") is None

    def test_rows_are_only_moved(self, open_page: Callable[..., Opened]) -> None:
        table = find_table(open_page().page)
        before = table.locator("tbody tr").all_inner_texts()
        find_heading(table, "Workflow Time").locator("button").click()
        assert sorted(table.locator("tbody tr").all_inner_texts()) == sorted(before)

    def test_without_scripts_everything_is_there(self, open_page: Callable[..., Opened]) -> None:
        with_, without = open_page().page, open_page(scripts=False).page
        assert without.locator("th button").count() == 0
        assert without.locator("td").all_text_contents() == with_.locator("td").all_text_contents()


def test_headings_go_down_by_one_level_at_a_time(open_page: Callable[..., Opened]) -> None:
    page = open_page().page
    levels = [
        int(name[1])
        for name in page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((item) => item.tagName)"
        )
    ]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_link_leads_to_a_place_of_the_page(open_page: Callable[..., Opened]) -> None:
    page = open_page().page
    lost = page.evaluate(
        "[...document.querySelectorAll('a[href]')].map((link) => link.getAttribute('href'))"
        ".filter((href) => !href.startsWith('#') || !document.getElementById(href.slice(1)))"
    )
    assert lost == []


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
def test_what_is_hostile_stays_text(open_page: Callable[..., Opened], screen: Any) -> None:
    page = open_page("hostile", screen=screen).page
    unfold(page)
    assert page.evaluate("window.taken") is None
    assert page.locator("img").count() == 0
    assert page.locator("main script").count() == 0
    assert "<script>window.taken = true</script>" in page.inner_text("main")


def test_what_is_measured_here_can_be_missed(open_page: Callable[..., Opened]) -> None:
    opened = open_page("hostile", screen=PHONE)
    page = opened.page
    page.add_style_tag(content="td { color: #999; background: #aaa } main { width: 90rem }")
    page.evaluate("console.log('a complaint'); fetch('https://example.com').catch(() => {})")
    page.wait_for_timeout(200)
    assert page.evaluate(CONTRAST)["ratio"] < 4.5
    assert page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]
    assert page.evaluate(TOO_WIDE)
    assert "a complaint" in opened.complaints
    assert "https://example.com/" in opened.requests


def unfold(page: Page) -> None:
    """Open everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true })")


def find_table(page: Page) -> Locator:
    """Return the first table of times."""
    unfold(page)
    return page.locator("table.sortable", has=page.locator("th", has_text="Workflow Time")).first


def find_heading(table: Locator, title: str) -> Locator:
    return table.locator("th", has_text=title).first


def read_keys(table: Locator, heading: Locator) -> list[float]:
    """Return what the rows are sorted by, in the order in which they stand."""
    column = heading.evaluate("(cell) => cell.cellIndex") + 1
    cells = table.locator(f"tbody tr td:nth-child({column})").all()
    return [float(cell.get_attribute("data-sort") or "nan") for cell in cells]
