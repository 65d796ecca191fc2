"""Databases of a server that cannot copy one: made, prepared one by one, and always removed."""

from __future__ import annotations

import contextlib
import itertools
import threading

import pytest

from harness.errors import ServiceError
from harness.services.prepared import PreparedService


class PaperDatabases:
    """A server of paper: databases are names in a set."""

    def __init__(self) -> None:
        self.existing: set[str] = set()
        self.stubborn: set[str] = set()
        self._numbers = itertools.count()

    server_url = "paper://server"

    def describe(self) -> str:
        return "Paper 1 (embedded)"

    def make(self) -> str:
        url = f"paper://me:geheim@host/{next(self._numbers)}"
        self.existing.add(url)
        return url

    def remove(self, url: str) -> None:
        if url in self.stubborn:
            raise ServiceError("refused", cause="it is stubborn", remedy="ask again")
        self.existing.discard(url)

    def cut(self, url: str) -> int:
        return 1


@pytest.fixture
def paper() -> PaperDatabases:
    return PaperDatabases()


def test_a_template_is_prepared_at_once_so_that_its_failure_is_seen_early(
    paper: PaperDatabases,
) -> None:
    prepared: list[str] = []
    service = PreparedService(paper)
    service.template("t", prepared.append)
    assert len(prepared) == 1
    with service.create_database(template="t") as first:
        assert prepared == [first]
        with service.create_database(template="t") as second:
            assert prepared == [first, second]


def test_what_could_not_be_prepared_is_removed(paper: PaperDatabases) -> None:
    service = PreparedService(paper)
    outcomes = iter([None, ZeroDivisionError()])

    def prepare(url: str) -> None:
        failure = next(outcomes)
        if failure:
            raise failure

    service.template("t", prepare)
    with service.create_database(template="t"):
        with pytest.raises(ZeroDivisionError), service.create_database(template="t"):
            pass
        assert len(paper.existing) == 1
    assert paper.existing == set()


def test_nothing_is_left_after_the_block(paper: PaperDatabases) -> None:
    service = PreparedService(paper)
    with service.leaving_nothing():
        service.template("never asked for", lambda url: None)
        assert len(paper.existing) == 1
    assert paper.existing == set()


def test_what_cannot_be_removed_is_named_without_its_password(paper: PaperDatabases) -> None:
    service = PreparedService(paper)

    def use() -> None:
        with service.leaving_nothing():
            service.template("one", lambda url: None)
            service.template("two", lambda url: None)
            paper.stubborn.add(next(iter(paper.existing)))

    with pytest.raises(ServiceError, match="some databases could not be removed") as caught:
        use()
    assert caught.value.cause == "it is stubborn"
    (left,) = paper.existing
    assert left.replace("geheim", "***") in caught.value.remedy
    assert "geheim" not in str(caught.value)


def test_the_error_of_a_block_is_seen_though_its_database_cannot_be_removed(
    paper: PaperDatabases,
) -> None:
    service = PreparedService(paper)

    def use() -> None:
        with service.create_database() as url:
            paper.stubborn.add(url)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        use()
    (note,) = caught.value.__notes__
    assert "it is stubborn" in note


def test_threads_that_ask_for_one_template_do_not_get_the_same_database(
    paper: PaperDatabases,
) -> None:
    service = PreparedService(paper)
    service.template("t", lambda url: None)
    got: list[str] = []
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        with service.create_database(template="t") as url:
            got.append(url)
            together.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 8
    assert paper.existing == set()


def test_a_template_that_was_not_prepared_is_an_error_of_the_caller(paper: PaperDatabases) -> None:
    service = PreparedService(paper)
    with pytest.raises(KeyError), contextlib.ExitStack() as stack:
        stack.enter_context(service.create_database(template="unknown"))
    assert paper.existing == set()
