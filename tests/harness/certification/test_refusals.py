"""Errors of `certify` and `smoke` for Worlds that cannot be examined."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.adapters.world import open_world
from harness.certification import sites
from harness.exit_codes import ExitCode
from tests.harness.certification.small_worlds import SOUND, pack
from tests.harness.cli import command_line

MISSING = ExitCode.ENVIRONMENT

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.chdir(tmp_path)
    return temporary


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that writes a World's module and returns its name."""

    def write(text: str) -> str:
        (tmp_path / "world.mjs").write_text(text, encoding="utf-8")
        return "./world.mjs"

    return write


def refuse(*words: str | Path, code: int = ExitCode.USAGE) -> str:
    """Run a command that must be refused; return what it says."""
    done = command_line.run(*words)
    assert done.code == code, done
    assert not done.out
    assert "Traceback" not in done.err
    assert done.err.rstrip().splitlines()[-1].startswith("  what to do: "), done.err
    assert not Path("results").exists()
    return done.err


class TestWhatDoesNotLoad:
    @pytest.mark.parametrize("command", ["smoke", "certify"])
    def test_a_module_that_throws(self, command: str, write: Callable[[str], str]) -> None:
        said = refuse(command, write("throw new Error('no license for tcp://me:hunter2@host/x')"))
        assert "./world.mjs does not load" in said
        assert "no license for tcp://me:***@host/x" in said
        assert "hunter2" not in said
        assert "check that `import('/" in said

    def test_a_world_that_throws_when_it_is_created(self, write: Callable[[str], str]) -> None:
        text = "export function createWorld() { throw new Error('ACME_URL must be set') }"
        said = refuse("smoke", write(text))
        assert "./world.mjs throws an error when the harness creates its World" in said
        assert "because: ACME_URL must be set" in said
        assert "--env NAME=VALUE" in said

    @pytest.mark.parametrize("command", ["smoke", "certify"])
    def test_a_module_without_a_world(self, command: str, write: Callable[[str], str]) -> None:
        said = refuse(command, write("export const createWorlds = () => ({})"))
        assert "./world.mjs does not hold a World" in said
        assert "it exports createWorlds" in said
        assert "what to do: export createWorld()" in said

    def test_a_package_without_a_world(self, tmp_path: Path) -> None:
        said = refuse("smoke", pack(tmp_path, "export default 1"))
        assert "./world.tgz does not hold a World" in said

    def test_a_spec_version_that_is_not_a_number(self, write: Callable[[str], str]) -> None:
        done = command_line.run("smoke", write(SOUND.replace("specVersion: 5", 'specVersion: "x"')))
        assert done.code == 1
        assert "✅  a run can be created" in done.out
        assert "❌  its events can be listed" in done.out

    def test_a_syntax_error(self, write: Callable[[str], str]) -> None:
        said = refuse("smoke", write("export const = 1"))
        assert "because: SyntaxError" in said
        assert "and that it supports Node 2" in said

    def test_a_package_for_a_newer_node(self, tmp_path: Path) -> None:
        said = refuse(
            "smoke", pack(tmp_path, SOUND, engines={"node": ">=99"}), code=ExitCode.ENVIRONMENT
        )
        assert "@acme/world@1.0.0 needs another Node" in said
        assert "node: '>=99'" in said

    def test_a_module_whose_packages_are_not_installed(self, write: Callable[[str], str]) -> None:
        said = refuse("smoke", write("import '@acme/there-is-none'"))
        assert "Cannot find package '@acme/there-is-none'" in said
        assert "run `npm install` in /" in said

    def test_a_package_with_a_missing_dependency(self, tmp_path: Path) -> None:
        said = refuse("smoke", pack(tmp_path, "import '@acme/there-is-none'"))
        assert "add it to the `dependencies` in the package.json of the World" in said

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("process.exit(7)", "it ended with code 7"),
            ("process.kill(process.pid, 'SIGKILL')", "it was ended by signal 9"),
        ],
    )
    def test_a_world_that_ends_its_process(
        self, text: str, said: str, write: Callable[[str], str]
    ) -> None:
        told = refuse("smoke", write(text))
        assert "./world.mjs ended its process when the harness opened it" in told
        assert said in told

    @pytest.mark.parametrize("command", ["smoke", "certify"])
    @pytest.mark.parametrize(
        "text",
        [
            "export const createWorld = () => new Promise(() => {})",
            "export function createWorld() { for (;;); }",
        ],
        ids=["waits", "blocks"],
    )
    def test_a_world_that_hangs_when_it_is_opened(
        self,
        command: str,
        text: str,
        write: Callable[[str], str],
        monkeypatch: pytest.MonkeyPatch,
        places: Path,
    ) -> None:
        monkeypatch.setattr(sites, "open_world", partial(open_world, limit_s=1.5))
        said = refuse(command, write(text))
        assert "./world.mjs did not respond when the harness opened it" in said
        assert "wait for connections in start()" in said
        assert not list(places.iterdir())

    @pytest.mark.sdk
    def test_a_package_that_does_not_exist(self) -> None:
        said = refuse("smoke", "@workflow-worlds/there-is-none@1.0.0", code=MISSING)
        assert "the registry has no package @workflow-worlds/there-is-none" in said

    @pytest.mark.sdk
    def test_a_version_that_does_not_exist(self) -> None:
        said = refuse("certify", "@workflow/world-local@99.0.0", code=MISSING)
        assert "@workflow/world-local has no version 99.0.0" in said
        assert "what to do: choose from 5.0.0-beta." in said

    @pytest.mark.sdk
    def test_a_package_that_depends_on_what_does_not_exist(self, tmp_path: Path) -> None:
        wanted = {"@workflow-worlds/there-is-none": "1.0.0"}
        said = refuse("smoke", pack(tmp_path, SOUND, dependencies=wanted), code=MISSING)
        assert "@acme/world depends on @workflow-worlds/there-is-none" in said


def connect(port: int) -> str:
    """Return a World that connects to a port before it stores anything."""
    return f"""
    import net from "node:net";
    const connect = () => new Promise((resolve, reject) =>
      net.connect({port}, "127.0.0.1").on("connect", resolve).on("error", reject));
    export const createWorld = () => ({{ events: {{ create: connect }} }});
    """


def stand_in_for_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open no server, and hand out a database that is nowhere."""
    url = "postgres://me:hunter2@127.0.0.1:1/acme"
    server = SimpleNamespace(
        url=url,
        template=lambda key, prepare: prepare(url),
        create_database=lambda *, template: nullcontext(url),
    )
    monkeypatch.setattr(sites, "open_service", lambda *words, **options: nullcontext(server))


class TestServers:
    @pytest.mark.parametrize("command", ["smoke", "certify"])
    def test_a_world_whose_server_was_not_named(
        self, command: str, write: Callable[[str], str]
    ) -> None:
        said = refuse(command, write(connect(1)), code=MISSING)
        assert "./world.mjs does not reach its server" in said
        assert "connect ECONNREFUSED 127.0.0.1:1" in said
        assert "add --service SERVICE --env NAME={SERVICE}" in said
        assert "SERVICE is one of " in said

    @pytest.mark.parametrize(
        ("address", "service"),
        [
            ("127.0.0.1:5432", "postgres"),
            ("[::1]:6379", "valkey"),
            ("db.example:3306", "mariadb"),
            ("localhost:27017", "mongodb"),
        ],
    )
    def test_a_default_port_reveals_the_service(
        self, address: str, service: str, write: Callable[[str], str]
    ) -> None:
        text = f"throw new Error('query failed', {{ cause: new Error('ECONNREFUSED {address}') }})"
        said = refuse(
            "smoke",
            write(f"export const createWorld = () => {{ {text} }}"),
            code=MISSING,
        )
        assert f"add --service {service} --env NAME={{{service}}}" in said

    def test_a_module_that_is_not_found_is_no_server_that_is_not_found(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`ModuleNotFoundError` holds the letters of `ENOTFOUND`."""
        (tmp_path / "acme_worlds.py").write_text("import no_such_sdk\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        said = refuse("smoke", "acme_worlds:create_world")
        assert "No module named 'no_such_sdk'" in said
        assert "server" not in said

    def test_a_world_that_ignores_the_url_of_its_server(
        self, write: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in_for_a_server(monkeypatch)
        told = ("--service", "postgres", "--env", "ACME_URL={postgres}")
        said = refuse("smoke", write(connect(1)), *told, code=MISSING)
        assert "check that the World reads the URL of postgres from one of ACME_URL, PORT" in said

    def test_a_setup_that_fails_leaves_its_log(
        self, write: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in_for_a_server(monkeypatch)
        fail = "console.log(process.env.ACME_URL); process.exit(3)"
        told = ("--service", "postgres", "--env", "ACME_URL={postgres}")
        said = refuse(
            "smoke", write(SOUND), *told, "--setup", f'node -e "{fail}"', code=ExitCode.ENVIRONMENT
        )
        assert "the storage of world could not be set up" in said
        assert "`node` ended with code 3" in said
        assert "| postgres://me:***@127.0.0.1:1/acme" in said
        assert Path(said.partition("the whole log: ")[2].partition(")")[0]).is_file()

    @pytest.mark.parametrize(
        "text",
        [
            "console.error('retrying: connect ECONNREFUSED 127.0.0.1:6379');",
            "Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:6379'));",
        ],
        ids=["log", "background"],
    )
    def test_a_client_that_reconnects_forever_is_explained_by_its_log(
        self, text: str, write: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("harness.certification.smoke._LIMIT_S", 1.0)
        create = f"create() {{ {text} return new Promise(() => {{}}); }}"
        said = refuse(
            "smoke",
            write(f"export const createWorld = () => ({{ events: {{ {create} }} }})"),
            code=MISSING,
        )
        assert "add --service valkey" in said

    def test_a_password_is_not_shown_outside_its_url_either(
        self, write: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in_for_a_server(monkeypatch)
        told = ("--service", "postgres", "--env", "ACME_URL={postgres}")
        said = refuse("smoke", write("console.error('hunter2'); throw 'no hunter2'"), *told)
        assert "no ***" in said
        assert "| ***" in said
        assert "hunter2" not in said

    def test_a_refusal_does_not_mean_that_a_server_is_missing(
        self, write: Callable[[str], str]
    ) -> None:
        text = SOUND.replace("async create(id, event) {", "async create() { throw new Error('no');")
        done = command_line.run("smoke", write(text))
        assert done.code == 1
        assert "Error: no" in done.out
        assert "--service" not in done.out

    def test_a_call_without_an_answer_may_wait_for_a_server(
        self, write: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("harness.certification.smoke._LIMIT_S", 1.0)
        text = SOUND.replace("async create(id, event) {", "async create() { return hang();")
        done = command_line.run("smoke", write(text))
        assert done.code == 1
        assert "; if the World waits for a server, name it with --service" in done.out

    def test_a_service_whose_url_the_world_does_not_get(self, write: Callable[[str], str]) -> None:
        said = refuse("smoke", write(SOUND), "--service", "postgres")
        assert "world does not get the URL of its service postgres" in said
        assert "add --env NAME={postgres}" in said

    @pytest.mark.parametrize("command", ["smoke", "certify"])
    def test_a_database_that_refuses(
        self, command: str, write: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = "postgres://me:hunter2@127.0.0.1:1/acme"
        monkeypatch.setenv("WORLD_HARNESS_POSTGRES_URL", url)
        told = ("--service", "postgres", "--env", "ACME_URL={postgres}")
        said = refuse(command, write(SOUND), *told, code=MISSING)
        assert "127.0.0.1" in said
        assert "hunter2" not in said


class TestRequests:
    @pytest.mark.parametrize(
        ("option", "given", "said"),
        [
            ("--clause", "STEP-CREATE-ATOM", "did you mean STEP-CREATE-ATOMIC"),
            ("--clause", "RUN-CREATE-ID,HOOK-LISTS", "did you mean HOOK-LIST"),
            ("--effort", "quik", "did you mean quick? (`world-harness certify --help`"),
            ("--line", "v5-lates", "did you mean v5-latest"),
            ("--service", "postgress", "did you mean postgres"),
        ],
    )
    def test_an_unknown_name_is_refused_with_the_closest(
        self, option: str, given: str, said: str, write: Callable[[str], str]
    ) -> None:
        told = refuse("certify", write(SOUND), option, given)
        assert f"is called {given.rpartition(',')[2]!r}" in told
        assert said in told

    def test_an_unknown_clause_is_refused_with_the_command_that_lists_clauses(self) -> None:
        assert "`world-harness clauses` shows them" in refuse("certify", "local", "--clause", "X")

    @pytest.mark.parametrize(
        ("manifest", "said"),
        [
            ("[]", "Expected `object`"),
            ('{"worlds": {}}', "Expected `array`"),
            ('{"world": []}', "unknown field `world`"),
            ("{", "is not a valid manifest of Worlds"),
            ('{"worlds": [{"id": "acme", "type": "community"}]}', "missing required field"),
            ('{"worlds": [{"id": "acme", "color": "red"}]}', "worlds[0] (acme) of"),
        ],
    )
    def test_a_manifest_that_describes_no_world(
        self, manifest: str, said: str, tmp_path: Path
    ) -> None:
        (tmp_path / "worlds.json").write_text(manifest, encoding="utf-8")
        assert said in refuse("smoke", "acme", "--manifest", "worlds.json")

    @pytest.mark.parametrize(
        ("key", "value", "said"),
        [
            ("color", "red", "unknown field `color`"),
            ("services", "postgres", "Expected `array`, got `str` - at `$.services`"),
            ("env", {"PORT": 80}, "Expected `str`, got `int` - at `$.env[...]`"),
            ("type", "private", "Invalid enum value 'private'"),
        ],
    )
    def test_a_manifest_with_an_invalid_key_is_refused(
        self, key: str, value: object, said: str, tmp_path: Path
    ) -> None:
        world = {"id": "acme", "type": "community", "package": "@acme/world", "name": "Acme"}
        manifest = {"worlds": [{**world, key: value}]}
        (tmp_path / "worlds.json").write_text(json.dumps(manifest), encoding="utf-8")
        told = refuse("smoke", "acme", "--manifest", "worlds.json")
        assert said in told
        assert "worlds[0] (acme) of worlds.json" in told

    def test_an_output_folder_that_is_a_file(self, write: Callable[[str], str]) -> None:
        assert "name a folder with --out" in refuse("certify", write(SOUND), "--out", "world.mjs")

    def test_a_temporary_folder_that_cannot_be_written(
        self, write: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", "/there/is/none")
        said = refuse("certify", write(SOUND), code=MISSING)
        assert "'/there/is/none/" in said
        assert "TMPDIR for storage" in said

    def test_a_setup_command_without_a_closing_quotation_mark(
        self, write: Callable[[str], str]
    ) -> None:
        done = command_line.run("smoke", write(SOUND), "--setup", "migrate 'up")
        assert done.code == 3
        assert "it is not a valid command: No closing quotation" in done.err

    def test_a_variable_without_a_value_is_not_quoted(self, write: Callable[[str], str]) -> None:
        done = command_line.run("smoke", write(SOUND), "--env", "hunter2")
        assert done.code == 3
        assert "NAME=value" in done.err
        assert "hunter2" not in done.err
