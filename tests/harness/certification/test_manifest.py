"""A `worlds-manifest.json` describes Worlds as the harness's own files do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.certification.manifest import read_manifest
from harness.certification.subjects import resolve_subject
from harness.descriptions import Catalog
from harness.errors import DescriptionError, UsageError

Write = Callable[..., Path]


def service(name: str, image: str, port: int) -> dict[str, object]:
    return {
        "name": name,
        "image": image,
        "ports": [f"{port}:{port}"],
        "healthCheck": {"cmd": "ping", "interval": "1s", "timeout": "1s", "retries": 3},
    }


def entry(**changes: object) -> dict[str, object]:
    return {
        "id": "acme",
        "type": "community",
        "package": "@acme/world",
        "name": "Acme",
        "description": "Keeps everything.",
        "env": {"WORKFLOW_TARGET_WORLD": "@acme/world"},
        "services": [],
        **changes,
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*worlds: dict[str, object]) -> Path:
        path = tmp_path / "worlds-manifest.json"
        path.write_bytes(msgspec.json.encode({"worlds": worlds}))
        return path

    return write


def test_a_world_without_services(write: Write, catalog: Catalog) -> None:
    world = read_manifest(write(entry()))["acme"]
    assert (world.title, world.entry, world.services) == ("Acme", "@acme/world", ())
    assert not world.env
    subject = resolve_subject("acme", msgspec.structs.replace(catalog, worlds={"acme": world}))
    assert (subject.packages, subject.line) == ({"@acme/world": "latest"}, None)


def test_a_version_is_a_pin(write: Write) -> None:
    world = read_manifest(write(entry(version="1.2.3")))["acme"]
    assert world.pins_for("v5") == world.pins_for(None) == {"@acme/world": "1.2.3"}


@pytest.mark.parametrize(
    ("image", "ours"),
    [
        ("postgres:18-alpine", "postgres"),
        ("docker.io/library/redis:7-alpine", "valkey"),
        ("valkey/valkey", "valkey"),
        ("mysql:8", "mariadb"),
        ("mariadb:11", "mariadb"),
        ("mongo:7", "mongodb"),
    ],
)
def test_a_service_is_recognized_by_its_image(write: Write, image: str, ours: str) -> None:
    env = {"URL": "any://user:pass@localhost:5999/world", "NAME": "{x}"}
    world = read_manifest(write(entry(services=[service("db", image, 5999)], env=env)))["acme"]
    assert world.services == (ours,)
    assert world.env == {"URL": f"{{{ours}}}", "NAME": "{{x}}"}


def test_the_name_of_a_database_comes_from_its_service(write: Write) -> None:
    env = {"ACME_URI": "mongodb://localhost:27017", "ACME_DATABASE_NAME": "workflow"}
    services = [service("mongodb", "mongo:7", 27017)]
    world = read_manifest(write(entry(services=services, env=env)))["acme"]
    assert world.env == {"ACME_URI": "{mongodb}", "ACME_DATABASE_NAME": "{mongodb_database}"}


def test_values_that_the_user_must_supply_are_left_out(write: Write) -> None:
    table = entry(env={"TOKEN": ""}, requiresCredentials=True, credentialsNote="Get a token.")
    world = read_manifest(write(table))["acme"]
    assert not world.env
    assert "Get a token." in world.description


def test_a_world_that_needs_a_deployment_is_remote(write: Write) -> None:
    assert read_manifest(write(entry(requiresDeployment=True)))["acme"].remote


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", ()),
        ("pnpm exec acme-setup --all", ("acme-setup", "--all")),
        ("npx --no-install acme-setup", ("acme-setup",)),
        ("npx acme-setup", ("acme-setup",)),
        ("./packages/acme/bin/setup.js", ("node", "node_modules/@acme/world/bin/setup.js")),
        ("acme-setup 'two words'", ("acme-setup", "two words")),
    ],
)
def test_a_setup_command_runs_in_the_folder_of_the_package(
    write: Write, command: str, words: tuple[str, ...]
) -> None:
    assert read_manifest(write(entry(setup=command)))["acme"].setup == words


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"port": 1}, "unknown field `port`"),
        ({"package": 1}, "Expected `str`, got `int` - at `$.package`"),
        ({"type": "secret"}, "Invalid enum value 'secret' - at `$.type`"),
        ({"services": [{"name": "x", "image": "x", "size": 1}]}, "at `$.services[0]`"),
        ({"services": [{**service("x", "redis", 1), "healthCheck": {}}]}, "healthCheck"),
    ],
)
def test_an_invalid_entry_is_refused_with_its_place(
    write: Write, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(DescriptionError, match=r"worlds\[1\] \(other\) of .*manifest") as caught:
        read_manifest(write(entry(), entry(**{"id": "other", **changes})))
    assert said in caught.value.cause
    assert caught.value.remedy


def test_an_unknown_service_is_refused_with_the_known_ones(write: Write) -> None:
    strange = entry(id="strange", services=[service("surreal", "surrealdb/surrealdb:v3", 8000)])
    path = write(entry(), strange)
    with pytest.raises(DescriptionError, match=r"strange.* needs the service surreal") as caught:
        read_manifest(path)
    assert "mariadb, mongodb, postgres, valkey" in caught.value.remedy
    assert set(read_manifest(path, ["acme"])) == {"acme"}


def test_a_chosen_world_that_does_not_exist_is_refused(write: Write) -> None:
    with pytest.raises(UsageError, match="no World is called 'acne'") as caught:
        read_manifest(write(entry()), ["acne"])
    assert "did you mean acme?" in caught.value.remedy


def test_two_worlds_with_the_same_name_are_refused(write: Write) -> None:
    with pytest.raises(DescriptionError, match="describes 'acme' twice"):
        read_manifest(write(entry(), entry()))


@pytest.mark.parametrize("text", ["", "[]", '{"world": []}', '{"worlds": [1]}', '{"worlds": {}}'])
def test_an_invalid_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "some.json").write_text(text)
    with pytest.raises(DescriptionError, match="is not a valid manifest of Worlds") as caught:
        read_manifest(tmp_path / "some.json")
    assert caught.value.remedy


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match="is not a valid manifest of Worlds"):
        read_manifest(tmp_path / "nowhere.json")
