"""A server that the user gives: used as it is, left as it was, and explained when it cannot be."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import HarnessError, ServiceError, UsageError
from harness.programs.ports import free_port
from harness.services.postgres.databases import query
from harness.services.resolution import open_service
from harness.services.urls import with_database
from tests.harness.services.observing import everything_said, list_databases, with_login

pytestmark = pytest.mark.slow

SECRET = "geheim/42@home"
SECRET_ENCODED = "geheim%2F42%40home"


@pytest.fixture
def role(admin_url: str) -> Iterator[str]:
    """A role that can log in with SECRET, and nothing else."""
    name = f"tester_{secrets.token_hex(4)}"
    query(admin_url, f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'")
    yield name
    query(admin_url, f"DROP ROLE {name}")


def make_table(url: str) -> None:
    query(url, "CREATE TABLE t ()")


def refuse(url: str, workdir: Path) -> HarnessError:
    """Open a server that cannot be used, and return the error."""
    with (
        pytest.raises(HarnessError) as caught,
        open_service("postgres", url=url, workdir=workdir),
    ):
        pass
    return caught.value


def test_a_server_is_used_by_its_url(admin_url: str, tmp_path: Path) -> None:
    with (
        open_service("postgres", url=admin_url, workdir=tmp_path) as service,
        service.create_database() as url,
    ):
        assert service.describe().endswith("(external)")
        assert query(url, "SELECT 1") == [(1,)]


def test_the_right_to_create_databases_is_all_it_takes(
    admin_url: str, role: str, tmp_path: Path
) -> None:
    query(admin_url, f"ALTER ROLE {role} CREATEDB")
    before = list_databases(admin_url)
    url = with_login(admin_url, role, SECRET)
    with open_service("postgres", url=url, workdir=tmp_path) as service:
        service.template("t", make_table)
        with service.create_database(template="t") as copy:
            assert query(copy, "SELECT count(*) FROM t") == [(0,)]
    assert list_databases(admin_url) == before


@pytest.mark.parametrize("failure", [None, ZeroDivisionError, KeyboardInterrupt])
def test_nothing_is_left_on_the_server(
    admin_url: str, tmp_path: Path, failure: type[BaseException] | None
) -> None:
    before = list_databases(admin_url)

    def use() -> None:
        with open_service("postgres", url=admin_url, workdir=tmp_path) as service:
            service.template("t", make_table)
            with service.create_database(template="t"):
                assert len(list_databases(admin_url) - before) == 2
                if failure:
                    raise failure

    with pytest.raises(failure) if failure else contextlib.nullcontext():
        use()
    assert list_databases(admin_url) == before


def test_what_cannot_be_dropped_is_named_with_a_remedy(admin_url: str, tmp_path: Path) -> None:
    before = list_databases(admin_url)

    def use() -> None:
        with open_service("postgres", url=admin_url, workdir=tmp_path) as service:
            service.template("t", make_table)
            (made,) = list_databases(admin_url) - before
            # PostgreSQL drops no database that is marked as a template.
            query(admin_url, f'ALTER DATABASE "{made}" IS_TEMPLATE true')

    with pytest.raises(ServiceError, match="could not be dropped") as caught:
        use()
    (left,) = list_databases(admin_url) - before
    assert caught.value.remedy == f'DROP DATABASE "{left}";'
    query(admin_url, f'ALTER DATABASE "{left}" IS_TEMPLATE false')
    query(admin_url, f'DROP DATABASE "{left}"')


def test_a_wrong_password_is_refused(admin_url: str, role: str, tmp_path: Path) -> None:
    error = refuse(with_login(admin_url, role, "wrong"), tmp_path)
    assert isinstance(error, ServiceError)
    assert "password authentication failed" in error.cause
    assert "user and password" in error.remedy


def test_a_password_is_required(admin_url: str, role: str, tmp_path: Path) -> None:
    error = refuse(with_login(admin_url, role, "").replace(":@", "@"), tmp_path)
    assert isinstance(error, ServiceError)
    assert "no password supplied" in error.cause


def test_a_port_without_a_server(tmp_path: Path) -> None:
    port = free_port()
    error = refuse(f"postgres://me:{SECRET_ENCODED}@127.0.0.1:{port}/db", tmp_path)
    assert isinstance(error, ServiceError)
    assert f"postgres://me:***@127.0.0.1:{port}/db" in error.what
    assert "Connection refused" in error.cause
    assert "start the server" in error.remedy


def test_an_unknown_host(tmp_path: Path) -> None:
    error = refuse(f"postgres://me:{SECRET_ENCODED}@nowhere.invalid/db", tmp_path)
    assert isinstance(error, ServiceError)
    assert "nowhere.invalid" in error.cause
    assert "correct the host" in error.remedy


def test_a_database_that_does_not_exist(admin_url: str, tmp_path: Path) -> None:
    error = refuse(with_database(admin_url, "nothing"), tmp_path)
    assert isinstance(error, ServiceError)
    assert "does not exist" in error.cause
    assert "correct database" in error.remedy


def test_a_role_that_may_not_create_databases(admin_url: str, role: str, tmp_path: Path) -> None:
    error = refuse(with_login(admin_url, role, SECRET), tmp_path)
    assert isinstance(error, ServiceError)
    assert f"{role!r} may not create databases" in error.what
    assert f'ALTER ROLE "{role}" CREATEDB' in error.remedy


def test_a_url_that_does_not_work_is_never_replaced_by_another_server(tmp_path: Path) -> None:
    refuse(f"postgres://me:pw@127.0.0.1:{free_port()}/db", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("mysql://me:geheim@host/db", "does not begin with postgres://"),
        ("geheim", "does not begin with postgres://"),
        ("host=localhost password=geheim", "does not begin with postgres://"),
        ("postgres+geheim://host/db", "does not begin with postgres://"),
        ("postgres:/me:geheim@host/db", "does not begin with postgres://"),
        ("postgres://me:ge@heim@host/db", "an extra @ or /"),
        ("postgres://me:ge/heim@host/db", "an extra @ or /"),
        ("postgres://me:12/geheim@host/db", "an extra @ or /"),
        ("postgres://me:%geheim@host/db", "not percent-encoded"),
        ("postgres://me:pw@host/db?geheim=yes", "a parameter is unknown"),
        ("postgres://me:pw@host:geheim/db", "port is not a number"),
    ],
)
def test_a_url_that_cannot_be_read_is_not_quoted(url: str, cause: str, tmp_path: Path) -> None:
    error = refuse(url, tmp_path)
    assert isinstance(error, UsageError)
    assert error.exit_code == 3
    assert cause in error.cause
    assert "postgres://user:password@host" in error.remedy
    said = everything_said(error)
    assert "geheim" not in said
    assert "ge@heim" not in said
    assert "ge/heim" not in said


@pytest.mark.parametrize("problem", ["wrong password", "refused", "unknown host", "no right"])
def test_no_error_shows_the_password(
    problem: str,
    admin_url: str,
    role: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    url = {
        "wrong password": with_login(admin_url, role, f"not {SECRET}"),
        "refused": f"postgres://me:{SECRET_ENCODED}@127.0.0.1:{free_port()}/db",
        "unknown host": f"postgres://me:{SECRET_ENCODED}@nowhere.invalid/db",
        "no right": with_login(admin_url, role, SECRET),
    }[problem]
    error = refuse(url, tmp_path)
    printed = capfd.readouterr()
    said = everything_said(error) + caplog.text + printed.out + printed.err
    assert SECRET not in said
    assert SECRET_ENCODED not in said
