"""Servers in real containers: they start, hand out databases, and are gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import docker  # type: ignore[import-untyped]
import msgspec
import pytest

from harness.errors import ServiceError
from harness.services import valkey
from harness.services.containers import image_variable
from harness.services.readiness import await_answer
from harness.services.resolution import find_service_choices, open_service
from tests.harness.services.speaking import SPEAKERS

pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("containers")]

NAMES = ["postgres", "valkey"]


def list_containers(client: docker.DockerClient) -> set[str]:
    """The containers of the harness, also those that were made and never ran."""
    # Not by the client's own list, which asks once more for each, and one may be gone by then.
    found = client.api.containers(all=True, filters={"name": "^/?world-harness-"})
    return {name for container in found for name in container["Names"]}


def run_instead(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let the container of Valkey run a script in place of the server."""
    image = msgspec.structs.replace(valkey.PROVIDER.image, command=["sh", "-c", script])
    provider = msgspec.structs.replace(valkey.PROVIDER, image=image)
    monkeypatch.setattr(valkey, "PROVIDER", provider)


def list_volumes(client: docker.DockerClient) -> set[str]:
    return {str(volume.id) for volume in client.volumes.list()}


@pytest.mark.parametrize("name", NAMES)
def test_a_database_is_made_written_read_and_dropped(
    name: str, client: docker.DockerClient, folder: Path
) -> None:
    speaker = SPEAKERS[name]
    before, volumes = list_containers(client), list_volumes(client)
    with open_service(name, choice="container", workdir=folder) as service:
        assert len(list_containers(client) - before) == 1
        assert service.describe().endswith("(container)")
        service.template("t", lambda url: speaker.write(url, "prepared"))
        with service.create_database(template="t") as one, service.create_database() as other:
            speaker.write(one, "a")
            assert speaker.read(one) == {"prepared", "a"}
            assert speaker.read(other) == set()
            with speaker.connect(one) as line:
                assert service.cut_connections(one) == 1
                assert not line.is_alive()
    assert list_containers(client) == before
    assert list_volumes(client) == volumes


def test_the_daemon_is_found(folder: Path) -> None:
    (container,) = (
        choice for choice in find_service_choices("postgres") if choice.choice == "container"
    )
    assert container.available
    assert container.detail.startswith("Docker ")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_gone_after_an_error_of_the_block(
    name: str, client: docker.DockerClient, folder: Path
) -> None:
    before = list_containers(client)

    def use_and_fail() -> None:
        with open_service(name, choice="container", workdir=folder):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    assert list_containers(client) == before


#: Opens a service, says so, and stays until it is ended.
HOLD = """
import pathlib, signal, sys
from harness.services.resolution import open_service

name, folder = sys.argv[1:]
with open_service(name, choice="container", workdir=pathlib.Path(folder)) as service:
    with service.create_database():
        print("open", flush=True)
        signal.pause()
"""


@pytest.mark.parametrize("when", ["while it starts", "while it is used"])
@pytest.mark.parametrize("name", NAMES)
def test_it_is_gone_after_an_interrupt(
    name: str, when: str, client: docker.DockerClient, folder: Path
) -> None:
    before = list_containers(client)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, name, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as holder:
        assert holder.stdout
        if when == "while it is used":
            assert holder.stdout.readline().strip() == "open"
        assert await_answer(lambda: list_containers(client) > before, within_s=120)
        os.killpg(holder.pid, signal.SIGINT)
        holder.communicate(timeout=120)
    assert holder.returncode != 0
    assert list_containers(client) == before


def test_an_image_that_cannot_be_had_is_an_error_that_leaves_nothing(
    client: docker.DockerClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_containers(client)
    image = "localhost:1/world-harness/there-is-none"
    monkeypatch.setenv(image_variable("postgres"), image)
    with (
        pytest.raises(ServiceError, match=f"Docker cannot run {image}") as caught,
        open_service("postgres", choice="container", workdir=folder),
    ):
        pass
    assert "refused" in caught.value.cause
    assert "embedded server" in caught.value.remedy
    assert list_containers(client) == before


def test_a_server_that_never_answers_is_an_error_that_quotes_its_log_and_leaves_nothing(
    client: docker.DockerClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_containers(client)
    monkeypatch.setattr("harness.services.containers._READY_WITHIN_S", 2.0)
    run_instead(monkeypatch, "echo so far; sleep 600")
    with (
        pytest.raises(ServiceError, match="in the container did not start") as caught,
        open_service("valkey", choice="container", workdir=folder),
    ):
        pass
    assert "| so far" in caught.value.cause
    assert str(folder / "valkey-container.log") in caught.value.cause
    assert list_containers(client) == before


def test_a_server_that_dies_at_its_start_is_quoted_and_leaves_nothing(
    client: docker.DockerClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_containers(client)
    monkeypatch.setattr("harness.services.containers._READY_WITHIN_S", 2.0)
    run_instead(monkeypatch, "echo last words; exit 1")
    with (
        pytest.raises(ServiceError, match=r"cannot run|did not start") as caught,
        open_service("valkey", choice="container", workdir=folder),
    ):
        pass
    assert "| last words" in caught.value.cause
    assert list_containers(client) == before


def test_the_password_is_in_no_argument(client: docker.DockerClient, folder: Path) -> None:
    for name in NAMES:
        before = list_containers(client)
        with (
            open_service(name, choice="container", workdir=folder) as service,
            service.create_database() as url,
        ):
            password = url.rpartition("@")[0].rpartition(":")[2]
            (made,) = list_containers(client) - before
            container = client.containers.get(made.strip("/"))
            words = [word for process in container.top()["Processes"] for word in process]
            assert words
            assert password not in " ".join([*words, str(container.attrs["Config"]["Cmd"])])
