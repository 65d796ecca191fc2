"""The SDK's interface has not changed since the Worlds were written."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys

import pytest

from harness.certification.subjects import Subject
from harness.inside import PYTHON_SDK
from tests import ROOT
from tests.worlds.python.running import Place

pytestmark = pytest.mark.slow


def run_in_sdk(subject: Subject, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(PYTHON_SDK)}
    return subprocess.run(
        [subject.python, *arguments], env=env, capture_output=True, text=True, check=False
    )


def test_the_interface_is_as_it_was_when_the_worlds_were_written(subject: Subject) -> None:
    done = run_in_sdk(subject, "-m", "world_harness_sdk")
    assert not done.stderr
    if done.returncode:
        pytest.fail(
            "the interface of the installed vercel-workflow is not the one that adapter, nemesis "
            f"and Worlds were written for:\n{done.stdout}\nsee that all three do what it asks, "
            "then write it down with `python -m world_harness_sdk --write`"
        )


def test_a_change_of_the_interface_is_described(subject: Subject) -> None:
    was = {"methods": {"queue": {"abstract": True}, "runs_get": {"signature": "(self, run_id)"}}}
    now = {"methods": {"runs_get": {"signature": "(self, run_id, more)"}, "runs_list": {}}}
    program = (
        "import json, sys; from world_harness_sdk.description import compare\n"
        "print(json.dumps(list(compare(*map(json.loads, sys.argv[1:])))))"
    )
    done = run_in_sdk(subject, "-c", program, json.dumps(was), json.dumps(now))
    assert json.loads(done.stdout) == [
        'methods queue is gone; it was {"abstract": true}',
        'methods runs_get signature was "(self, run_id)" and is "(self, run_id, more)"',
        "methods runs_list is new: {}",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("del local._encode_js", "members local _encode_js is gone; it was "),
        ("del local.LocalWorld._new_id", "members local LocalWorld._new_id is gone; it was "),
        (
            "local.LocalWorld._get_queue_client = lambda self: None",
            'members local LocalWorld._get_queue_client kind was "coroutine" and is "function"',
        ),
        (
            "interface.HookReceivedEvent.__private_attributes__.clear()",
            'private HookReceivedEvent was ["_queue_input"] and is []',
        ),
    ],
)
def test_a_missing_private_member_that_the_harness_uses_is_reported(
    subject: Subject, change: str, told: str
) -> None:
    program = (
        "from world_harness_sdk import interface, local\n"
        "from world_harness_sdk.description import compare, describe_interface, read_committed\n"
        f"{change}\n"
        "print(*compare(read_committed(), describe_interface()), sep='\\n')"
    )
    done = run_in_sdk(subject, "-c", program)
    assert done.stdout.startswith(told), done.stderr
    assert done.stdout.count("\n") == 1


def test_the_worlds_need_nothing_but_the_sdk_and_a_driver() -> None:
    allowed = {"vercel", "world_harness_sdk", "world_harness_worlds", "httpcore2", "psycopg"}
    for path in (ROOT / "worlds" / "python").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and not node.level:
                imported = (node.module or "").partition(".")[0]
                assert imported not in {"harness", "suites", "reports", "worlds", "tests"}
                assert imported in {*allowed, *sys.stdlib_module_names}, path.name


def test_a_world_offers_all_that_the_sdk_calls(place: Place) -> None:
    listed = place.run("list_methods")
    assert not listed["missing"]
    for name, (wanted, offered) in listed["parameters"].items():
        assert [item for item in offered if item in wanted] == wanted, name
