"""Pages in a real browser, which notes what they ask of a network and complain about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from harness.results.files import read_results
from harness.results.records import Results
from reports.forms.page.page import render_page
from reports.forms.studies import study_session
from tests import RESULTS
from tests.reports.forms.browser.chromium import find_chromium
from tests.reports.forms.browser.hostile import make_hostile_results

PHONE = ViewportSize(width=375, height=740)
DESK = ViewportSize(width=1280, height=900)

EXAMPLES = RESULTS


class Opened(msgspec.Struct, frozen=True):
    """A page, every address that it asked for, and every complaint of the browser."""

    page: Page
    requests: list[str]
    complaints: list[str]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start a browser once; where none is available, say what to do.

    It goes with the last test of this folder: as long as Playwright is there, an event loop runs
    in this thread, and no test beside it could run one of its own.
    """
    chromium = find_chromium()
    if isinstance(chromium, str):
        pytest.skip(chromium)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.program,
            # A container's root has no sandbox; the pages are our own.
            chromium_sandbox=False,
            env={**os.environ, **chromium.environment},
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return pages on the disk: of what was really measured, and of everything that is hostile."""
    folder = tmp_path_factory.mktemp("pages")
    given: dict[str, Results] = {
        "quick": read_results(EXAMPLES / "quick.jsonl"),
        "languages": read_results(EXAMPLES / "languages.jsonl"),
        "hostile": make_hostile_results(),
    }
    for name, results in given.items():
        path = folder / f"{name}.html"
        path.write_text(
            render_page(study_session(results), source=f"{name}.jsonl"), encoding="utf-8"
        )
    return {name: folder / f"{name}.html" for name in given}


@pytest.fixture
def open_page(browser: Browser, pages: dict[str, Path]) -> Iterator[Callable[..., Opened]]:
    """Return a function that opens a page by its name, on a screen and in a color scheme."""
    contexts = []

    def open_(
        name: str = "quick",
        *,
        screen: ViewportSize = DESK,
        dark: bool = False,
        scripts: bool = True,
    ) -> Opened:
        context = browser.new_context(
            viewport=screen,
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        opened = Opened(page, [], [])
        page.on("request", lambda request: opened.requests.append(request.url))
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.goto(pages[name].as_uri())
        return opened

    yield open_
    for context in contexts:
        context.close()
