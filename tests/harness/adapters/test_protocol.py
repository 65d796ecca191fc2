"""What travels, in both directions, is what the published schema says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from harness.adapters import process, schema
from harness.adapters.protocol import read_message, write_request
from harness.adapters.world import together
from harness.programs.ports import free_port
from tests.harness.adapters.conftest import OpenOdd, odd

Validator = jsonschema.Draft202012Validator


def validator_of(part: str) -> Any:
    whole = schema.make_schema()
    return Validator({"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]})


def test_the_committed_schema_is_up_to_date() -> None:
    committed = json.loads(schema.DOCUMENT.read_text(encoding="utf-8"))
    assert committed == schema.make_schema(), "run `nox -s docs`"
    Validator.check_schema(committed)


def test_both_sides_keep_to_the_schema(
    open_odd: OpenOdd, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    came: list[bytes] = []

    def write(*request: Any) -> bytes:
        written.append(write_request(*request))
        return written[-1]

    def read(line: bytes) -> Any:
        message = read_message(line)
        if message is not None:
            came.append(line)
        return message

    monkeypatch.setattr(process, "write_request", write)
    monkeypatch.setattr(process, "read_message", read)
    world = open_odd(language)
    for call in (odd("echo", {"a": b"\0"}), odd("refuse"), odd("giveFunction"), odd("failLater")):
        world.attempt(call)
    together([(world, [odd("echo", 1), odd("refuse")])], in_flight=1)
    together([(world, [odd("echo", 1)]), (open_odd(language), [odd("echo", 2)])])
    for name in ("ends", "broken"):
        world.read("wrun_1", name, start_index=0, max_chunks=9)
    world.serve(["__wkf_workflow_"], free_port())
    world.operate("drop", connections=0)
    world.operate("unserve")
    world.operate("ping")
    world.leave(10)

    operations = {json.loads(line)["op"] for line in written}
    assert operations == {
        *("open", "call", "batch", "read", "serve", "drop", "unserve", "ping", "exit")
    }
    for lines, part in ((written, "Request"), (came, "Answer")):
        checker = validator_of(part)
        assert lines
        for line in lines:
            checker.validate(json.loads(line))
    opened = json.loads(came[0])["ok"]
    validator_of("Opened").validate(opened)


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1, "op": "call"},
        {"id": 0, "op": "ping"},
        {"id": 1, "op": "explode"},
        {"id": 1, "op": "decide", "delivery": 1, "action": "maybe"},
    ],
)
def test_the_schema_refuses_what_is_no_request(message: dict[str, Any]) -> None:
    assert not validator_of("Request").is_valid(message)


@pytest.mark.parametrize(
    "line",
    [b"", b"printed by a World", b"{", b'{"level":"info"}', b"[1]", b'{"id":"one"}', b"{\xff}"],
)
def test_what_is_no_message_is_skipped(line: bytes) -> None:
    assert read_message(line) is None
