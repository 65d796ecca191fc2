"""What every service promises, whichever server is behind it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from harness.errors import ServiceError
from harness.services.resolution import Service, open_service
from tests.harness.services.observing import require_embedded
from tests.harness.services.speaking import SPEAKERS, Speaker

pytestmark = pytest.mark.slow


class Subject(NamedTuple):
    name: str
    service: Service
    speaker: Speaker


@pytest.fixture(scope="module", params=sorted(SPEAKERS))
def subject(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Subject]:
    name = str(request.param)
    require_embedded(name)
    with open_service(name, choice="embedded", workdir=tmp_path_factory.mktemp(name)) as service:
        yield Subject(name, service, SPEAKERS[name])


def test_a_new_database_is_empty_and_apart_from_every_other(subject: Subject) -> None:
    _, service, speaker = subject
    with service.create_database() as one, service.create_database() as other:
        assert speaker.read(one) == speaker.read(other) == set()
        speaker.write(one, "a")
        speaker.write(other, "b")
        assert speaker.read(one) == {"a"}
        assert speaker.read(other) == {"b"}


def test_what_was_in_a_database_is_gone_with_it(subject: Subject) -> None:
    _, service, speaker = subject
    with service.create_database() as url:
        speaker.write(url, "a")
    if subject.name == "valkey":
        assert speaker.read(url) == set()
    else:
        with pytest.raises(ServiceError, match="cannot be reached"):
            speaker.read(url)


def test_a_database_that_is_in_use_is_removed_all_the_same(subject: Subject) -> None:
    _, service, speaker = subject
    with contextlib.ExitStack() as stack:
        with service.create_database() as url:
            line = stack.enter_context(speaker.connect(url))
            assert line.is_alive()
        assert not line.is_alive()


def test_every_database_of_a_template_is_prepared_and_apart(subject: Subject) -> None:
    _, service, speaker = subject
    service.template("greeted", lambda url: speaker.write(url, "hello"))
    for word in ("a", "b"):
        with (
            service.create_database(template="greeted") as one,
            service.create_database(template="greeted") as other,
        ):
            assert speaker.read(one) == speaker.read(other) == {"hello"}
            speaker.write(one, word)
            assert speaker.read(other) == {"hello"}


def test_a_preparation_that_fails_passes_through_and_is_tried_again(subject: Subject) -> None:
    _, service, speaker = subject

    def fail(url: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        service.template("again", fail)
    service.template("again", lambda url: speaker.write(url, "second"))
    service.template("again", fail)
    with service.create_database(template="again") as url:
        assert speaker.read(url) == {"second"}


def test_the_connections_of_a_database_are_cut_and_counted(subject: Subject) -> None:
    _, service, speaker = subject
    with (
        service.create_database() as url,
        speaker.connect(url) as first,
        speaker.connect(url) as second,
    ):
        speaker.write(url, "kept")
        # The connection of the write can still be on its way out.
        assert service.cut_connections(url) in {2, 3}
        assert not first.is_alive()
        assert not second.is_alive()
        assert speaker.read(url) == {"kept"}


def test_cutting_without_clients_cuts_none(subject: Subject) -> None:
    with subject.service.create_database() as url:
        assert subject.service.cut_connections(url) == 0


def test_the_connections_of_other_databases_are_left_alone(subject: Subject) -> None:
    _, service, speaker = subject
    with (
        service.create_database() as url,
        service.create_database() as other,
        speaker.connect(other) as line,
    ):
        assert service.cut_connections(url) == 0
        assert line.is_alive()


def test_only_connections_of_its_own_databases_are_cut(subject: Subject) -> None:
    with subject.service.create_database() as url:
        pass
    with pytest.raises(ServiceError, match="cannot cut the connections") as caught:
        subject.service.cut_connections(url)
    assert "did not make" in caught.value.cause
    assert "create_database" in caught.value.remedy


def test_it_says_which_server_of_which_kind_it_is(subject: Subject) -> None:
    title = {"postgres": "PostgreSQL", "mariadb": "MariaDB", "valkey": "Valkey"}[subject.name]
    name, version, kind = subject.service.describe().split()
    assert (name, kind) == (title, "(embedded)")
    assert version[0].isdigit()


#: Opens a service, says where its database is, and stays until it is ended.
HOLD = """
import pathlib, signal, sys
from harness.services.resolution import open_service

name, folder = sys.argv[1:]
with open_service(name, choice="embedded", workdir=pathlib.Path(folder)) as service:
    service.template("t", lambda _: None)
    with service.create_database(template="t") as database:
        print(database, flush=True)
        signal.pause()
"""


@pytest.mark.parametrize("name", sorted(SPEAKERS))
def test_nothing_is_left_of_a_server_after_an_interrupt(
    name: str, temporary_root: Path, tmp_path: Path
) -> None:
    require_embedded(name)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, name, str(tmp_path)],
        env={**os.environ, "TMPDIR": str(temporary_root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as holder:
        assert holder.stdout
        assert "://" in holder.stdout.readline()
        family = psutil.Process(holder.pid).children(recursive=True)
        assert family
        os.killpg(holder.pid, signal.SIGINT)
        holder.communicate(timeout=60)
    assert holder.returncode != 0
    assert not [process for process in family if process.is_running()]
    assert list(temporary_root.iterdir()) == []


def words_of_children() -> Iterator[str]:
    """The arguments of every process below us, as everybody can see them."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            yield from process.cmdline()


@pytest.mark.parametrize("name", sorted(SPEAKERS))
def test_the_password_is_in_no_argument_and_no_log(name: str, tmp_path: Path) -> None:
    require_embedded(name)
    with (
        open_service(name, choice="embedded", workdir=tmp_path) as service,
        service.create_database() as url,
    ):
        password = url.rpartition("@")[0].rpartition(":")[2]
        seen = list(words_of_children())
        assert any(name in word.lower() for word in seen)
        assert len(password) == 32
        assert password not in " ".join([*seen, service.describe(), repr(service)])
    logs = "".join(log.read_text(errors="replace") for log in tmp_path.glob("*.log"))
    assert password not in logs


def test_a_server_that_need_not_keep_its_data_is_not_crashed(subject: Subject) -> None:
    if subject.name == "postgres":
        assert subject.service.can_crash
        return
    assert not subject.service.can_crash
    with pytest.raises(ServiceError, match="the harness cannot crash"):
        subject.service.crash()
