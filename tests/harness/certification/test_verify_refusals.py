"""`verify` with damaged certificates, and files that are not certificates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.certification.certificate import write_certificate
from tests.harness.certification.certifying import make_sample, make_verdict
from tests.harness.cli import command_line


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "acme.certificate.jsonl"
    write_certificate(path, make_sample([make_verdict(verdict="failed")]))
    return path


def test_a_complete_certificate_has_the_exit_code_of_its_verdict(certificate: Path) -> None:
    done = command_line.run("verify", certificate)
    assert done.code == 1
    assert "clauses that fail it: RUN-ONCE" in done.out


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data[:-100],
        lambda data: data.partition(b"\n")[0] + b"\n",
        lambda data: data.replace(b'"verdict":"failed"', b'"verdict":"passed"'),
        lambda data: data.replace(b'"certified":false', b'"certified":true'),
        lambda data: data.replace(b"1.2.3", b"1.2.4"),
        lambda data: data + b"\n",
    ],
    ids=["its end", "cut", "one line", "verdict", "certified", "version", "more"],
)
def test_a_truncated_or_changed_certificate_is_reported(
    change: Callable[[bytes], bytes], certificate: Path
) -> None:
    certificate.write_bytes(change(certificate.read_bytes()))
    done = command_line.run("verify", certificate)
    assert done.code == 1
    assert "is not as it was written" in done.out
    assert "get an unchanged copy, or certify again" in done.out.splitlines()[-1]


@pytest.mark.parametrize("content", [b"", b"# Notes", b"\xff\xfe", b'{"record":"header"}'])
def test_a_file_that_is_not_a_certificate_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_bytes(content)
    done = command_line.run("verify", tmp_path / "notes.md")
    assert done.code == 3
    assert "notes.md is not a certificate" in done.err
    assert "what to do: name a certificate" in done.err


def test_a_file_that_is_not_there() -> None:
    done = command_line.run("verify", "missing.jsonl")
    assert done.code == 3
    assert "missing.jsonl cannot be read" in done.err
    assert "what to do: name a certificate" in done.err
