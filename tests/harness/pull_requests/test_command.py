"""`world-harness comment`, as a job of GitHub Actions calls it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from harness.errors import UsageError
from harness.pull_requests import Target, find_target
from harness.results.files import ResultsWriter
from harness.results.records import Record
from reports.forms.comment import MARKER
from reports.forms.comment.history import read_history
from tests.harness.cli import command_line
from tests.harness.cli.command_line import Done
from tests.harness.pull_requests.fake_github import (
    NUMBER,
    REPOSITORY,
    TOKEN,
    FakeGitHub,
    serve_fake,
)
from tests.reports.factories import EXPRESS, HONO, TEN, Session


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with serve_fake() as found:
        yield found


@pytest.fixture
def results(tmp_path: Path) -> Path:
    session = Session([EXPRESS, HONO], [TEN])
    session.measure(EXPRESS, TEN, 100)
    session.measure(HONO, TEN, 200)
    measured = session.end()
    path = tmp_path / "results.jsonl"
    with ResultsWriter(path) as writer:
        assert measured.footer is not None
        records: list[Record] = [measured.header, *measured.samples, *measured.forks]
        for record in [*records, measured.footer]:
            writer.append(record)
    return path


@pytest.fixture
def event(tmp_path: Path) -> Path:
    path = tmp_path / "event.json"
    told = {"pull_request": {"number": NUMBER, "head": {"sha": "abcdef0123456789"}}}
    path.write_text(json.dumps(told))
    return path


def run(results: Path, *options: str, **environment: str) -> Done:
    cleared = dict.fromkeys(
        ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH", "GITHUB_STEP_SUMMARY"], ""
    )
    with patch.dict(os.environ, {**cleared, **environment}):
        return command_line.run("comment", results, *options)


def test_without_posting_it_is_printed(results: Path) -> None:
    found = run(results)
    assert found.code == 0
    assert found.out.startswith(MARKER)
    assert "Express" in found.out


def test_inside_a_job_the_event_says_where(results: Path, event: Path, fake: FakeGitHub) -> None:
    found = run(
        results,
        "--post",
        GITHUB_TOKEN=TOKEN,
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_EVENT_PATH=str(event),
        GITHUB_API_URL=fake.address,
    )
    assert found.code == 0
    assert found.out == "commented https://github.example/1\n"
    assert MARKER in fake.comments[1]["body"]


def test_second_run_keeps_the_first_as_history(
    results: Path, fake: FakeGitHub, event: Path, tmp_path: Path
) -> None:
    def again(sha: str) -> None:
        told = {"pull_request": {"number": NUMBER, "head": {"sha": sha}}}
        event.write_text(json.dumps(told))
        run(
            results,
            "--post",
            GITHUB_TOKEN=TOKEN,
            GITHUB_REPOSITORY=REPOSITORY,
            GITHUB_EVENT_PATH=str(event),
            GITHUB_API_URL=fake.address,
        )

    for sha in ("1111111", "2222222", "3333333"):
        again(sha)
    (only,) = fake.comments.values()
    assert "History: 2 former commits" in only["body"]
    assert "`1111111`" in only["body"]


class TestAfterAnotherWorkflow:
    """In a `workflow_run`: the pull request is that of the commit, a fork's as well."""

    def post(self, results: Path, fake: FakeGitHub, tmp_path: Path, **changes: Any) -> Done:
        path = tmp_path / "event.json"
        run_of = {
            "head_sha": "abcdef0123456789",
            "head_branch": "a&b=c/#branch",
            "head_repository": {"owner": {"login": "somebody"}},
            **changes,
        }
        path.write_text(json.dumps({"workflow_run": run_of}))
        return run(
            results,
            "--post",
            GITHUB_TOKEN=TOKEN,
            GITHUB_REPOSITORY=REPOSITORY,
            GITHUB_EVENT_PATH=str(path),
            GITHUB_API_URL=fake.address,
        )

    def test_of_a_fork_is_found_by_where_it_was_pushed_to(
        self, results: Path, fake: FakeGitHub, tmp_path: Path
    ) -> None:
        fake.heads = {
            3: ("another:a&b=c/#branch", "abcdef0123456789"),
            NUMBER: ("somebody:a&b=c/#branch", "abcdef0123456789"),
        }
        assert self.post(results, fake, tmp_path).code == 0
        self.post(results, fake, tmp_path, head_sha="abcdef0123456789")
        (only,) = fake.comments.values()
        assert read_history(only["body"])[-1].commit == "abcdef0123456789"

    def test_that_has_another_commit_by_now_gets_none(
        self, results: Path, fake: FakeGitHub, tmp_path: Path
    ) -> None:
        fake.heads = {NUMBER: ("somebody:a&b=c/#branch", "0000000")}
        found = self.post(results, fake, tmp_path)
        assert found.code == 0
        assert "no open pull request ends with the measured commit" in found.out
        assert not fake.comments

    def test_that_is_closed_gets_none(
        self, results: Path, fake: FakeGitHub, tmp_path: Path
    ) -> None:
        fake.heads = {NUMBER: ("somebody:a&b=c/#branch", "abcdef0123456789")}
        fake.state = "closed"
        assert "no comment" in self.post(results, fake, tmp_path).out
        assert not fake.comments

    @pytest.mark.parametrize(
        "changes",
        [{"head_branch": None}, {"head_branch": 7}, {"head_repository": None}, {"head_sha": ""}],
    )
    def test_event_that_does_not_tell_is_refused(
        self, results: Path, fake: FakeGitHub, tmp_path: Path, changes: dict[str, Any]
    ) -> None:
        found = self.post(results, fake, tmp_path, **changes)
        assert found.code == 3
        assert not fake.requests


def test_without_a_token_it_goes_to_the_summary(results: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    found = run(
        results,
        *("--post", "--repository", REPOSITORY, "--pull-request", "7"),
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert found.code == 0
    assert MARKER in summary.read_text()
    assert "--post needs a token" in found.err


def test_without_a_token_and_a_summary_it_is_said(results: Path) -> None:
    found = run(results, "--post", "--repository", REPOSITORY, "--pull-request", "7")
    assert found.code == 3
    assert "what to do: set GITHUB_TOKEN" in found.err


def test_fork_without_rights_goes_to_the_summary(
    results: Path, fake: FakeGitHub, tmp_path: Path
) -> None:
    fake.failing_method = "POST"
    fake.failures = [(403, {}, {"message": "Resource not accessible by integration"})]
    summary = tmp_path / "summary.md"
    found = run(
        results,
        *("--post", "--repository", REPOSITORY, "--pull-request", "7"),
        GITHUB_TOKEN=TOKEN,
        GITHUB_API_URL=fake.address,
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert found.code == 0
    assert MARKER in summary.read_text()
    assert TOKEN not in found.out + found.err + summary.read_text()


def test_closed_pull_request_is_said(results: Path, fake: FakeGitHub) -> None:
    fake.state = "closed"
    found = run(
        results,
        *("--post", "--repository", REPOSITORY, "--pull-request", "7"),
        GITHUB_TOKEN=TOKEN,
        GITHUB_API_URL=fake.address,
    )
    assert found.out == "no comment: the pull request is closed\n"


def test_changes_that_are_none_are_refused(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "changes.json"
    path.write_text("{}")
    found = run(results, "--changes", str(path))
    assert found.code == 3
    assert "is not a comparison" in found.err


class TestTarget:
    def test_user_goes_before_the_event(self, event: Path) -> None:
        environment = {"GITHUB_REPOSITORY": "a/b", "GITHUB_EVENT_PATH": str(event)}
        assert find_target("c/d", 9, environment) == Target("c/d", 9, "abcdef0123456789")

    @pytest.mark.parametrize("repository", ["", "name", "a/b/c", "../x", "a/b?x=1", "-a/b"])
    def test_repository_has_to_be_one(self, repository: str) -> None:
        with pytest.raises(UsageError, match="repository"):
            find_target(repository, 7, {})

    @pytest.mark.parametrize(
        "event",
        [{}, {"pull_request": None}, {"pull_request": {"number": "7"}}, [], "no JSON at all"],
    )
    def test_event_of_something_else_names_no_pull_request(
        self, event: object, tmp_path: Path
    ) -> None:
        path = tmp_path / "event.json"
        path.write_bytes(event.encode() if isinstance(event, str) else msgspec.json.encode(event))
        with pytest.raises(UsageError, match="--pull-request"):
            find_target("a/b", None, {"GITHUB_EVENT_PATH": str(path)})
