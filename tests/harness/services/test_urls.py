"""Passwords of URLs stay hidden; databases are replaced and nothing else."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.services.urls import check_url, hide_password, redact, with_database
from tests.harness.services.observing import everything_said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://me:secret@host:5432/db", "postgres://me:***@host:5432/db"),
        ("postgres://me:secret@host", "postgres://me:***@host"),
        ("postgres://:secret@host/db", "postgres://:***@host/db"),
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("mongodb://me:secret@a:1,b:2/db", "mongodb://me:***@a:1,b:2/db"),
        (
            "postgres://me:s%40c%2Fr@host/db?sslmode=require",
            "postgres://me:***@host/db?sslmode=require",
        ),
        ("postgres://me:secret@[::1]:5432/db", "postgres://me:***@[::1]:5432/db"),
        ("postgres://me:@host/db", "postgres://me:***@host/db"),
        ("postgres://host/db?user=me&password=secret", "postgres://host/db?user=me&password=***"),
        ("postgres://host/db?password=secret&user=me", "postgres://host/db?password=***&user=me"),
        ("postgres://host/db?PASSWORD=secret", "postgres://host/db?PASSWORD=***"),
        ("postgres://host/db?pass%77ord=secret", "postgres://host/db?pass%77ord=***"),
        ("postgres://host/db?password=sec#ret", "postgres://host/db?password=***"),
        ("postgres://host/db?sslpassword=secret", "postgres://host/db?sslpassword=***"),
        ("postgres://me:one@host/db?password=two", "postgres://me:***@host/db?password=***"),
    ],
)
def test_hides_the_password_and_nothing_else(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "postgres://host/db",
        "postgres://host:5432/db",
        "postgres://a:1,b:2/db",
        "postgres://me@host:5432/db",
        "postgres://[::1]:5432/db",
        "postgres://host:5432/db?application_name=a@b",
        "postgres:///db?host=/run/postgresql",
        "not a URL",
        "",
    ],
)
def test_leaves_a_url_without_password_as_it_is(url: str) -> None:
    assert redact(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me:se@cret@host/db",
        "postgres://me:se/cret@host/db",
        "postgres://me:se?cret@host/db",
        "postgres://me:se#cret@host/db",
        "postgres://me:se:cret@host/db",
        "postgres://me:se@se/cret@host/db",
    ],
)
def test_hides_a_password_that_should_have_been_encoded(url: str) -> None:
    shown = redact(url)
    assert "se" not in shown.removeprefix("postgres://")
    assert "cret" not in shown


def test_hides_a_password_in_other_texts_as_it_is_written_and_as_it_is_meant() -> None:
    url = "postgres://me:s%40c@host/db?password=other"
    said = hide_password('no "s@c", no "s%40c" and no "other" at host', url)
    assert said == 'no "***", no "***" and no "***" at host'


def test_leaves_texts_alone_when_there_is_no_password() -> None:
    assert hide_password("refused", "postgres://host/db") == "refused"
    assert hide_password("refused", "postgres://me:@host/db") == "refused"


@pytest.mark.parametrize(
    ("url", "moved"),
    [
        ("postgres://me:pw@host:5432/db", "postgres://me:pw@host:5432/new"),
        ("postgres://me:pw@host:5432", "postgres://me:pw@host:5432/new"),
        ("postgres://host/db?sslmode=require", "postgres://host/new?sslmode=require"),
        ("postgres://host/db?dbname=x&sslmode=require", "postgres://host/new?sslmode=require"),
        ("postgres:///db?host=/run/postgresql", "postgres:///new?host=/run/postgresql"),
        ("postgres://a:1,b:2/db", "postgres://a:1,b:2/new"),
    ],
)
def test_names_another_database_of_the_same_server(url: str, moved: str) -> None:
    assert with_database(url, "new") == moved


@pytest.mark.parametrize(
    "url",
    [
        "fake://host",
        "fake://host:1/2?x=y",
        "fake://me:p%40ss@host",
        "fake://me:pass@a:1,b:2/db",
        "fakes://[::1]:5/db",
    ],
)
def test_a_url_that_can_be_read_in_one_way_is_taken(url: str) -> None:
    check_url(url, title="Fake", schemes=("fake", "fakes"), example="fake://host")


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("geheim", "does not begin with fake://"),
        ("other://me:geheim@host", "does not begin with fake://"),
        ("fake://me:ge@heim@host/1", "an extra @ or /"),
        ("fake://me:ge/heim@host/1", "an extra @ or /"),
        ("fake://me:pw@host:geheim/1", "host or port is not valid"),
        ("fake://me:pw@[geheim/1", "host or port is not valid"),
        ("fake://me:geheim@", "has no host"),
    ],
)
def test_a_url_that_can_not_is_refused_and_not_quoted(url: str, cause: str) -> None:
    with pytest.raises(UsageError, match="not a valid URL of a Fake server") as caught:
        check_url(url, title="Fake", schemes=("fake", "fakes"), example="fake://host")
    assert cause in caught.value.cause
    assert caught.value.remedy == "write it as fake://host"
    said = everything_said(caught.value)
    assert "geheim" not in said
    assert "ge@heim" not in said
    assert "ge/heim" not in said
