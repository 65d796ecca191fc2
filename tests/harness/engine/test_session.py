"""A session of the engine suites: which cells, which command, what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.deployments.launcher import Remote
from harness.descriptions import Catalog
from harness.engine.session import E2eRequest, EngineChoice, EngineSuites, reproduce, run_e2e
from harness.errors import UsageError
from suites.engine.files import find_engine_suites
from tests.harness.cli.command_line import run

SUITES = find_engine_suites()


class Silent:
    def preparing(self, text: str) -> None: ...

    def planned(self, checks: int) -> None: ...

    def checked(self, check: object) -> None: ...


def ask(request: E2eRequest, catalog: Catalog, suites: EngineSuites | None = None) -> Path:
    return run_e2e(request, catalog, suites or SUITES, Silent())


class TestRefusals:
    def test_an_unknown_suite(self, catalog: Catalog, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no suite is called 'retry-inflatoin'") as refused:
            ask(E2eRequest(choice=EngineChoice(suites=("retry-inflatoin",)), out=tmp_path), catalog)
        assert "retry-inflation" in refused.value.remedy

    def test_an_unknown_line(self, catalog: Catalog, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no line is called 'v6'"):
            ask(E2eRequest(choice=EngineChoice(lines=("v6",)), out=tmp_path), catalog)

    def test_a_line_for_which_no_app_is_written(self, catalog: Catalog, tmp_path: Path) -> None:
        choice = EngineChoice(lines=("py",), frameworks=("flask",))
        answering = {"typescript": SUITES.contents.answering["typescript"]}
        contents = msgspec.structs.replace(SUITES.contents, answering=answering)
        suites = msgspec.structs.replace(SUITES, contents=contents)
        with pytest.raises(UsageError, match="none of the chosen cells can be examined") as refused:
            ask(E2eRequest(choice=choice, out=tmp_path), catalog, suites)
        assert "py/flask/local: there is no engine app in python" in refused.value.cause

    def test_a_cell_that_cannot_exist(self, catalog: Catalog, tmp_path: Path) -> None:
        choice = EngineChoice(lines=("v5-latest",), worlds=("postgres",))
        with pytest.raises(UsageError, match="none of the chosen cells can exist"):
            ask(E2eRequest(choice=choice, out=tmp_path), catalog)

    def test_a_remote_world_without_a_url(self, catalog: Catalog, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="needs a URL"):
            ask(E2eRequest(choice=EngineChoice(worlds=("remote",)), out=tmp_path), catalog)

    def test_an_unknown_clause(self) -> None:
        done = run("e2e", "--clause", "ENG-INFLATION-GARD")
        assert done.code == 3
        assert "ENG-INFLATION-GUARD" in done.err


class TestCommand:
    def test_the_command_repeats_the_request(self) -> None:
        request = E2eRequest(
            choice=EngineChoice(lines=("v4",), worlds=("local", "post*"), suites=("dedupe",)),
            examples=9,
            mode="development",
        )
        assert reproduce(request, 3) == (
            "world-harness e2e --line v4 --world local --world 'post*' --suite dedupe "
            "--examples 9 --development --seed 3"
        )

    def test_the_command_hides_secrets(self) -> None:
        remote = Remote("https://u:geheim@app.example", {"x-token": "sesame-open"})
        text = reproduce(E2eRequest(remote=remote), 3)
        assert "geheim" not in text
        assert "sesame" not in text
        assert "--url URL --header 'x-token: …'" in text


class TestContents:
    def test_the_workflows_of_the_suites_are_known_by_name(self) -> None:
        assert {"program", "descend", "listening", "odd", "streaming"} <= SUITES.workflows.keys()
        assert "once" not in SUITES.workflows
        assert SUITES.workflows["calledBack"] == ("py",)
