"""A session of loads: a cell that does not work fails alone, and is in every form of the report."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as Xml

import httpx
import jsonschema
import msgspec
import pytest

from harness.deployments.client import SampleReply, SampleRequest
from harness.descriptions import Cell
from harness.errors import DeploymentError, HarnessError, ResultsError, ServiceError, UsageError
from harness.load.session import load_cells
from harness.results.files import ResultsWriter, read_results_as
from harness.results.records import Footer, Load, LoadHeader, LoadResults, LoadStage, Record
from reports.forms.badge import render_badge
from reports.forms.data import make_schema, render_data
from reports.forms.junit import render_junit
from reports.forms.markdown import render_markdown
from reports.forms.page.page import render_page
from reports.forms.studies import study_session
from reports.load.study import study_load
from reports.load.terminal import summarize_loads
from suites import workflows
from tests.harness.measure.deploying import answer_rightly
from tests.harness.measure.test_session import Watching
from tests.reports.factories import EXPRESS, HONO, NITRO, make_load_header, make_scenario

ZERO = make_scenario(0, workflow="noSteps", expects="echo")
ONE = make_scenario(1, workflow="oneStep", expects="echo")
PLAN = Load(stages=(LoadStage(kind="steady", rate=20, seconds=0.25),), arrivals="constant")
STARTS = 4


class Answering(BaseHTTPRequestHandler):
    """Answers each run rightly."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["content-length"]))
        reply: SampleReply = answer_rightly(msgspec.json.decode(asked, type=SampleRequest))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(msgspec.json.encode(reply))

    def log_message(self, *args: object) -> None:
        pass


class App:
    """An app that is served elsewhere."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def describe(self, error: httpx.HTTPError) -> str:
        return str(error)


class Preparer:
    """Prepares and deploys cells, but for those that are broken."""

    def __init__(self, base_url: str, *, unprepared: str = "", unstarted: str = "") -> None:
        self._app = App(base_url)
        self._unprepared = unprepared.split()
        self._unstarted = unstarted.split()
        self.deployed: list[str] = []

    def prepare(self, cell: Cell) -> None:
        if cell.framework in self._unprepared:
            raise ServiceError("no server is available", remedy="give a URL")

    @contextlib.contextmanager
    def deploy(self, cell: Cell) -> Iterator[App]:
        self.deployed.append(cell.framework)
        if cell.framework in self._unstarted:
            raise DeploymentError("the app died before it was healthy", remedy="read the log")
        yield self._app


@pytest.fixture
def base_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def header() -> LoadHeader:
    return make_load_header([EXPRESS, HONO, NITRO], [ZERO, ONE], PLAN)


def load(header: LoadHeader, preparer: Preparer, path: Path) -> Footer:
    with ResultsWriter(path) as writer:
        writer.append(header)
        return load_cells(
            header, preparer, writer, Watching(), workflows.BENCH.check_answer, headers={}
        )


@pytest.mark.parametrize("broken", [{"unprepared": "hono"}, {"unstarted": "hono"}])
def test_a_cell_that_does_not_work_fails_alone(
    broken: dict[str, str], header: LoadHeader, base_url: str, tmp_path: Path
) -> None:
    footer = load(header, Preparer(base_url, **broken), tmp_path / "x.jsonl")
    results = read_results_as(tmp_path / "x.jsonl", LoadResults)
    assert {run.cell for run in results.loads} == {EXPRESS, NITRO}
    assert {run.outcome for run in results.loads} == {"correct"}
    assert len(results.loads) == footer.samples == 4 * STARTS
    ends = {(end.cell, end.scenario): end for end in results.load_ends}
    assert len(ends) == 6
    assert [ends[HONO, scenario.id].outcome for scenario in (ZERO, ONE)] == ["failed"] * 2
    assert all("what to do" in ends[HONO, scenario.id].reason for scenario in (ZERO, ONE))
    assert (footer.forks_finished, footer.forks_failed) == (4, 2)
    assert results.footer == footer


def test_what_cannot_be_prepared_is_never_started(
    header: LoadHeader, base_url: str, tmp_path: Path
) -> None:
    preparer = Preparer(base_url, unprepared="hono nitro")
    load(header, preparer, tmp_path / "x.jsonl")
    assert preparer.deployed == ["express"] * 2


def test_where_no_cell_can_be_prepared_the_session_ends(
    header: LoadHeader, base_url: str, tmp_path: Path
) -> None:
    with pytest.raises(ServiceError, match="no server is available"):
        load(header, Preparer(base_url, unprepared="express hono nitro"), tmp_path / "x.jsonl")
    assert read_results_as(tmp_path / "x.jsonl", LoadResults).footer is None


class Full(ResultsWriter):
    """A file on a disk that takes the header and nothing more."""

    def append(self, record: Record) -> None:
        if not isinstance(record, LoadHeader):
            raise ResultsError("results cannot be written", cause="no space left")
        super().append(record)


def test_results_that_cannot_be_written_end_the_session_with_their_reason(
    header: LoadHeader, base_url: str, tmp_path: Path
) -> None:
    with (
        Full(tmp_path / "x.jsonl") as writer,
        pytest.raises(HarnessError, match="results cannot be written"),
    ):
        load_cells(
            header, Preparer(base_url), writer, Watching(), workflows.BENCH.check_answer, headers={}
        )


def test_a_moment_that_has_gone_by_is_told_as_what_it_is(
    header: LoadHeader, base_url: str, tmp_path: Path
) -> None:
    with (
        ResultsWriter(tmp_path / "x.jsonl") as writer,
        pytest.raises(UsageError, match="has passed"),
    ):
        load_cells(
            header,
            Preparer(base_url),
            writer,
            Watching(),
            workflows.BENCH.check_answer,
            headers={},
            begins_at=datetime(2026, 1, 1, tzinfo=UTC),
        )


class TestReport:
    @pytest.fixture
    def results(self, header: LoadHeader, base_url: str, tmp_path: Path) -> LoadResults:
        load(header, Preparer(base_url, unstarted="hono"), tmp_path / "x.jsonl")
        return read_results_as(tmp_path / "x.jsonl", LoadResults)

    def test_every_cell_and_scenario_that_was_asked_for_is_summarized(
        self, results: LoadResults
    ) -> None:
        asked = [(cell, scenario.id) for cell in (EXPRESS, HONO, NITRO) for scenario in (ZERO, ONE)]
        summaries = study_load(results).summaries
        assert [(item.cell, item.scenario) for item in summaries] == asked
        assert [bool(item.failure) for item in summaries] == [False, False, True, True] + [
            False
        ] * 2
        assert not study_load(results).sound

    def test_is_a_row_for_people(self, results: LoadResults) -> None:
        text = render_markdown(study_session(results), source="x")
        assert text.startswith(
            "**❌ 16 runs started in 4 of 6 loads, all ended well. 2 loads could"
        )
        for scenario in (ZERO, ONE):
            assert f"### Local · Hono, {scenario.id}\n\n❌ Could not be loaded:" in text
        assert "the app died before it was healthy\n  what to do: read the log" in text
        assert "Local · Hono, sequential-1" in render_page(study_session(results), source="x")
        assert (
            summarize_loads(study_load(results)).count("❌ could not be loaded: the app died") == 2
        )

    def test_is_a_row_for_programs(self, results: LoadResults) -> None:
        data = msgspec.json.decode(render_data(study_session(results), source="x"))
        jsonschema.validate(data, make_schema())
        failures = {
            (row["cell"]["framework"], row["scenario"]): row["failure"] for row in data["loads"]
        }
        assert len(failures) == 6
        assert {key for key, why in failures.items() if "the app died" in why} == {
            ("hono", "sequential-0"),
            ("hono", "sequential-1"),
        }
        suites = Xml.fromstring(render_junit(study_session(results), source="x"))
        assert suites.get("failures") == "2"
        assert [suite.get("name") for suite in suites] == [
            item.id for item in (EXPRESS, HONO, NITRO)
        ]
        badge = msgspec.json.decode(render_badge(study_session(results), source="x"))
        assert (badge["message"], badge["color"]) == ("2 of 6 loads could not be made", "red")

    def test_a_session_that_was_cut_off_has_rows_of_what_it_did_not_reach(
        self, header: LoadHeader
    ) -> None:
        results = LoadResults(header=header, loads=(), load_ends=(), footer=None)
        summaries = study_load(results).summaries
        assert len(summaries) == 6
        assert all("contains no run of this load" in item.failure for item in summaries)
        text = render_markdown(study_session(results), source="x")
        assert "was cut off" in text
        assert "all ended well" not in text
