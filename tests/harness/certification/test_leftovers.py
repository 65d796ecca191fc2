"""If a World hangs anywhere, `certify` still ends and leaves no process behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.harness.certification.small_worlds import SOUND

pytestmark = pytest.mark.slow

COMMAND = (sys.executable, "-c", "from harness.cli import main; main()")

Family = Mapping[psutil.Process, str]


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


@pytest.mark.parametrize(
    ("clause", "old", "new", "said"),
    [
        (
            "RUN-STARTED-AT-ONCE",
            "get: async (id) => runs.get(id)",
            "get: hang",
            "no answer within 15 s",
        ),
        (
            "RUN-STARTED-AT-ONCE",
            "get: async (id) => runs.get(id)",
            "get() { for (;;); }",
            "no answer within 15 s",
        ),
        ("LIFE-START-IDEMPOTENT", "async start() {}", "start: hang", "no answer within 15 s"),
        ("LIFE-CLOSE", "async close() {}", "close: hang", "close() "),
    ],
    ids=["call waits", "call blocks", "start", "close"],
)
def test_nothing_is_left_of_a_world_that_hangs(
    clause: str,
    old: str,
    new: str,
    said: str,
    write: Callable[[str], str],
    places: Path,
) -> None:
    assert old in SOUND
    command = ("certify", write(SOUND.replace(old, new)), "--effort", "quick")
    with begin(*command, "--clause", clause) as process:
        family = watch(process, 240)
        out, err = process.communicate()
    assert process.returncode in {1, 2}, err
    assert said in out + err
    assert any("adapter.mjs" in command for command in family.values())
    assert not find_running(family)
    assert not list(places.iterdir())


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_nothing_is_left_of_an_interrupted_certification(
    number: signal.Signals, code: int, write: Callable[[str], str], places: Path
) -> None:
    # It hangs, so that the signal comes in the middle of a check.
    text = SOUND.replace("get: async (id) => runs.get(id)", "get: hang")
    command = ("certify", write(text), "--effort", "quick", "--clause", "RUN-STARTED-AT-ONCE")
    server = ("--service", "postgres", "--env", "ACME_URL={postgres}")
    with begin(*command, *server) as process:
        family = watch(process, 120, until=is_checking)
        assert process.poll() is None
        assert any("postgres" in command for command in family.values())
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "interrupted; nothing is left running" in err
    assert "Traceback" not in err
    assert not out
    assert not find_running(family)
    assert not list(places.iterdir())
    assert not Path("results").exists()


@contextmanager
def begin(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Begin a command as a user does, in a separate process."""
    process = subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def watch(
    process: subprocess.Popen[str],
    limit_s: float,
    until: Callable[[Family], bool] = lambda family: False,
) -> Family:
    """Return every process that a command started, until it ends; with their command lines."""
    deadline = time.monotonic() + limit_s
    family: dict[psutil.Process, str] = {}
    while process.poll() is None and not until(family):
        assert time.monotonic() < deadline, f"the harness hangs: {family}"
        try:
            for child in psutil.Process(process.pid).children(recursive=True):
                family[child] = " ".join(child.cmdline()) or family.get(child, "")
        except psutil.NoSuchProcess:
            continue
        time.sleep(0.05)
    return family


def is_checking(family: Family) -> bool:
    """Tell whether the suite has opened the World: one adapter is ours, the next one its."""
    return sum("adapter.mjs" in command for command in family.values()) > 1


def find_running(family: Family) -> list[str]:
    """Return what is left, as command lines."""
    return [command for child, command in family.items() if child.is_running()]
