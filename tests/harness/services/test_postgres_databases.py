"""Databases are empty or faithful copies, independent of each other, and dropped."""

from __future__ import annotations

import contextlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from harness.errors import ServiceError
from harness.services.postgres.databases import PostgresService, query
from harness.services.resolution import Service
from harness.services.urls import with_database
from tests.harness.services.observing import list_databases

pytestmark = pytest.mark.slow

OWN_TABLES = """
    SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1
"""


def list_tables(url: str) -> list[str]:
    return [str(name) for (name,) in query(url, OWN_TABLES)]


def database_name(url: str) -> str:
    return str(query(url, "SELECT current_database()")[0][0])


def make_table(url: str, name: str = "made") -> None:
    query(url, f'CREATE TABLE "{name}" AS SELECT generate_series(1, 10) AS n')


def test_says_what_it_is_without_the_password(postgres: Service, admin_url: str) -> None:
    assert re.fullmatch(r"PostgreSQL \d+\.\d+ \(embedded\)", postgres.describe())
    password = psycopg.conninfo.conninfo_to_dict(admin_url)["password"]
    assert str(password) not in repr(postgres) + postgres.describe()


def test_a_new_database_is_empty(postgres: Service) -> None:
    with postgres.create_database() as url:
        assert list_tables(url) == []


def test_a_new_database_is_empty_even_if_the_servers_template_is_not(
    postgres: Service, admin_url: str
) -> None:
    crowded = with_database(admin_url, "template1")
    make_table(crowded, "somebody_elses")
    try:
        with postgres.create_database() as url:
            assert list_tables(url) == []
    finally:
        query(crowded, "DROP TABLE somebody_elses")


def test_databases_do_not_see_each_other(postgres: Service) -> None:
    with postgres.create_database() as one, postgres.create_database() as other:
        make_table(one)
        assert list_tables(one) == ["made"]
        assert list_tables(other) == []


def test_a_database_has_a_name_of_its_own(postgres: Service) -> None:
    with postgres.create_database() as one, postgres.create_database() as other:
        names = {database_name(one), database_name(other)}
    assert len(names) == 2
    assert all(re.fullmatch(r"world_harness_[0-9a-f]{16}", name) for name in names)


def test_ten_databases_can_be_made_at_once(postgres: Service) -> None:
    together = threading.Barrier(10)

    def use_one(number: int) -> tuple[str, list[str]]:
        together.wait()
        with postgres.create_database() as url:
            make_table(url, f"table_{number}")
            together.wait()
            return database_name(url), list_tables(url)

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(use_one, range(10)))
    assert len({name for name, _ in found}) == 10
    assert [tables for _, tables in found] == [[f"table_{number}"] for number in range(10)]


def test_a_database_is_dropped_after_use(postgres: Service, admin_url: str) -> None:
    before = list_databases(admin_url)
    with postgres.create_database() as url:
        assert list_databases(admin_url) - before == {database_name(url)}
    assert list_databases(admin_url) == before


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt])
def test_a_database_is_dropped_after_an_exception(
    postgres: Service, admin_url: str, failure: type[BaseException]
) -> None:
    before = list_databases(admin_url)
    with pytest.raises(failure), postgres.create_database():
        raise failure
    assert list_databases(admin_url) == before


def test_a_database_is_dropped_while_somebody_is_connected(
    postgres: Service, admin_url: str
) -> None:
    before = list_databases(admin_url)
    with contextlib.ExitStack() as later:
        with postgres.create_database() as url:
            later.enter_context(contextlib.closing(psycopg.connect(url)))
        assert list_databases(admin_url) == before


def test_a_database_that_somebody_else_dropped_is_no_error(
    postgres: Service, admin_url: str
) -> None:
    with postgres.create_database() as url:
        query(admin_url, f'DROP DATABASE "{database_name(url)}"')


def test_a_copy_holds_what_was_prepared(postgres: Service) -> None:
    postgres.template("holds", make_table)
    with postgres.create_database(template="holds") as url:
        assert query(url, "SELECT sum(n) FROM made") == [(55,)]


def test_copies_do_not_see_each_other(postgres: Service) -> None:
    postgres.template("independent", make_table)
    with (
        postgres.create_database(template="independent") as one,
        postgres.create_database(template="independent") as other,
    ):
        query(one, "DELETE FROM made")
        assert query(other, "SELECT count(*) FROM made") == [(10,)]
    with postgres.create_database(template="independent") as later:
        assert query(later, "SELECT count(*) FROM made") == [(10,)]


def test_a_template_is_prepared_once(postgres: Service) -> None:
    prepared: list[str] = []
    together = threading.Barrier(4)

    def use_one(_: int) -> None:
        together.wait()
        postgres.template("once", prepared.append)
        with postgres.create_database(template="once"):
            together.wait()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use_one, range(4)))
    assert len(prepared) == 1


def test_a_template_can_be_copied_though_its_preparation_left_a_connection(
    postgres: Service,
) -> None:
    with contextlib.ExitStack() as later:

        def prepare_and_stay(url: str) -> None:
            make_table(url)
            later.enter_context(contextlib.closing(psycopg.connect(url)))

        postgres.template("connected", prepare_and_stay)
        with postgres.create_database(template="connected") as url:
            assert list_tables(url) == ["made"]


def test_a_preparation_that_fails_leaves_nothing_and_can_be_tried_again(
    postgres: Service, admin_url: str
) -> None:
    before = list_databases(admin_url)

    def fail(url: str) -> None:
        make_table(url)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        postgres.template("second try", fail)
    assert list_databases(admin_url) == before
    postgres.template("second try", make_table)
    with postgres.create_database(template="second try") as url:
        assert list_tables(url) == ["made"]


def test_a_template_that_was_not_prepared_is_a_mistake_of_the_caller(postgres: Service) -> None:
    with pytest.raises(KeyError), postgres.create_database(template="never prepared"):
        pass


def test_what_the_server_refuses_is_an_error_of_the_service(admin_url: str) -> None:
    with pytest.raises(ServiceError, match="rejected") as caught:
        query(admin_url, "SELECT 1/0")
    assert caught.value.cause == "division by zero"


def test_connections_that_work_in_a_transaction_are_cut_too(postgres: Service) -> None:
    with postgres.create_database() as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE t ()")
        assert postgres.cut_connections(url) == 1
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        assert query(url, "SELECT count(*) FROM pg_tables WHERE tablename = 't'") == [(0,)]
        assert postgres.cut_connections(url) == 0


def test_a_server_whose_databases_have_no_encoding_is_described(
    postgres: Service, admin_url: str
) -> None:
    name = "without_encoding"
    query(admin_url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
    try:
        other = PostgresService(with_database(admin_url, name), "external")
        assert other.describe().split()[1] == postgres.describe().split()[1]
    finally:
        query(admin_url, f"DROP DATABASE {name} WITH (FORCE)")
