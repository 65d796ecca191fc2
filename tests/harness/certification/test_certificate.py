"""The file of a certificate: canonical, sealed by a digest, refused if it is incomplete."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import msgspec
import pytest

from harness.certification.certificate import (
    FORMAT,
    collect_profile,
    digest_files,
    digest_suite,
    read_certificate,
    write_certificate,
)
from harness.errors import ResultsError
from tests.harness.certification.certifying import (
    make_call,
    make_header,
    make_known,
    make_record,
    make_sample,
    make_verdict,
)

CERTIFICATE = make_sample(
    [
        make_verdict("RUN-B"),
        make_verdict("RUN-A", "failed", message="größer\n\u2028 & <b>", known=make_known()),
        make_verdict("HOOK-A", level=None, group="hooks"),
    ],
    [make_record("recorded", clause="RUN-B", answers={"order": "stable"})],
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "new" / "certificate.jsonl"
    write_certificate(path, CERTIFICATE)
    return path


def refuse(file: Path) -> ResultsError:
    with pytest.raises(ResultsError) as caught:
        read_certificate(file)
    assert str(file) in caught.value.what
    assert caught.value.cause
    assert caught.value.remedy
    return caught.value


def test_a_certificate_survives_its_file(file: Path) -> None:
    assert read_certificate(file) == CERTIFICATE


def test_every_line_is_in_canonical_form(file: Path) -> None:
    data = file.read_bytes()
    assert data.endswith(b"}\n")
    for line in data.decode().split("\n")[:-1]:
        value = json.loads(line)
        assert line == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_the_file_is_header_clauses_profile_footer(file: Path) -> None:
    records = [json.loads(line) for line in file.read_bytes().splitlines()]
    kinds = [record["record"] for record in records]
    assert kinds == ["header", "clause", "clause", "clause", "profile", "footer"]
    assert records[0]["format"] == FORMAT
    assert records[0]["clauses"] == ["RUN-B", "RUN-A", "HOOK-A"]
    assert records[4]["answers"] == {"RUN-B": {"order": "stable"}}
    assert (records[5]["verdict"], records[5]["certified"]) == ("failed", False)
    assert records[5]["counts"]["MUST"] == {"passed": 1, "failed": 1}


def test_the_seal_covers_every_byte_before_the_footer(file: Path) -> None:
    *body, last = file.read_bytes().splitlines(keepends=True)
    assert json.loads(last)["sha256"] == hashlib.sha256(b"".join(body)).hexdigest()


def test_the_same_certificate_is_the_same_bytes(file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    write_certificate(again, read_certificate(file))
    assert again.read_bytes() == file.read_bytes()


def test_a_whole_number_of_milliseconds_is_encoded_as_a_float(tmp_path: Path) -> None:
    certificate = make_sample(
        [make_verdict(verdict="failed", witness=(make_call(start_ms=0, end_ms=2),))]
    )
    write_certificate(tmp_path / "c.jsonl", certificate)
    assert read_certificate(tmp_path / "c.jsonl") == certificate


def test_writing_a_certificate_leaves_no_other_file(file: Path) -> None:
    write_certificate(file, CERTIFICATE)
    assert list(file.parent.iterdir()) == [file]


def test_an_unwritable_path_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="cannot be written"):
        write_certificate(tmp_path / "file" / "c.jsonl", CERTIFICATE)


def test_a_folder_at_the_path_is_refused_and_no_draft_is_left(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").mkdir()
    with pytest.raises(ResultsError, match="cannot be written"):
        write_certificate(tmp_path / "c.jsonl", CERTIFICATE)
    assert [path.name for path in tmp_path.iterdir()] == ["c.jsonl"]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refuse(tmp_path / "none.jsonl").what


@pytest.mark.parametrize("text", ["", "hello\n", "{}\n", '{"record":"footer"}\n', "\xff"])
def test_a_file_that_is_not_a_certificate_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(text.encode("latin-1"))
    assert "is not a certificate" in refuse(path).what


def test_a_newer_format_is_refused_even_when_it_has_other_fields(tmp_path: Path) -> None:
    path = tmp_path / "newer.jsonl"
    path.write_text(f'{{"format":{FORMAT + 1},"record":"header","what":1}}\n', encoding="utf-8")
    error = refuse(path)
    assert f"format {FORMAT + 1}" in error.what
    assert "upgrade" in error.remedy


def test_a_truncated_file_is_refused_wherever_it_was_cut(file: Path) -> None:
    data = file.read_bytes()
    first = data.index(b"\n")
    for length in (len(data) - 1, len(data) - 40, first + 1, first + 90, data.rindex(b"{")):
        file.write_bytes(data[:length])
        assert "is truncated" in refuse(file).what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seed":7', b'"seed":8'),
        (b'"verdict":"failed"', b'"verdict":"passed"'),
        (b'"certified":false', b'"certified":true'),
        (b'"level":"MUST"', b'"level":"MOST"'),
        (b'{"record":"profile"', b'{ "record":"profile"'),
        (b'"order":"stable"', b'"order":"random"'),
        (b"\n", b"\r\n"),
        (b"\n", b"\n\n"),
    ],
)
def test_a_changed_file_is_refused(file: Path, old: bytes, new: bytes) -> None:
    data = file.read_bytes()
    # The profile's line begins with its answers.
    old, new = (text.replace(b'{"record":"profile"', b'{"answers":') for text in (old, new))
    new = b'{ "answers":' if old == b'{"answers":' else new
    assert old in data
    file.write_bytes(data.replace(old, new, 1))
    error = refuse(file)
    assert "was changed" in error.what
    assert "verify" in error.remedy


def test_lines_in_another_order_are_refused(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    for swapped in ([0, 2, 1, 3, 4, 5], [0, 4, 1, 2, 3, 5], [0, 0, 1, 2, 3, 4, 5]):
        file.write_bytes(b"".join(lines[place] for place in swapped))
        assert "was changed" in refuse(file).what


def test_the_profile_collects_the_answers_of_records() -> None:
    records = [
        make_record("recorded", clause="B", answers={"order": "stable", "limit": "100"}),
        make_record("recorded", clause="A", answers={"order": "random"}),
        make_record("recorded", clause="A", form="b", answers={"order": "by time"}),
        make_record("passed", clause="C"),
    ]
    assert collect_profile(records) == {
        "A": {"order": "by time | random"},
        "B": {"limit": "100", "order": "stable"},
    }
    assert list(collect_profile(records)) == ["A", "B"]


def test_the_day_of_a_certificate_is_its_start_in_utc() -> None:
    header = make_header()
    text = msgspec.json.encode(header).replace(
        b"2031-01-15T12:00:00Z", b"2031-01-15T01:00:00+02:00"
    )
    assert str(header.day) == "2031-01-15"
    assert str(msgspec.json.decode(text, type=type(header)).day) == "2031-01-14"


# Digests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.py").write_text("one")
    (folder / "deep" / "b.toml").write_text("two")
    return folder


def test_the_digest_depends_on_names_and_contents_but_not_on_the_path(
    folder: Path, tmp_path: Path
) -> None:
    before = digest_files({"suite": folder})
    copy = shutil.copytree(folder, tmp_path / "elsewhere")
    assert digest_files({"suite": copy}) == before
    assert digest_files({"contract": copy}) != before


def test_the_digest_changes_with_every_file(folder: Path) -> None:
    digests = [digest_files({"suite": folder})]
    (folder / "deep" / "b.toml").write_text("tw0")
    digests.append(digest_files({"suite": folder}))
    (folder / "a.py").rename(folder / "c.py")
    digests.append(digest_files({"suite": folder}))
    (folder / "c.py").rename(folder / "deep" / "c.py")
    digests.append(digest_files({"suite": folder}))
    (folder / "deep" / "c.py").unlink()
    digests.append(digest_files({"suite": folder}))
    assert len(set(digests)) == len(digests)


def test_moving_a_byte_between_files_changes_the_digest(tmp_path: Path) -> None:
    digests = set()
    for name, texts in (("x", ("ab", "c")), ("y", ("a", "bc"))):
        (tmp_path / name).mkdir()
        for file, text in zip(("1", "2"), texts, strict=True):
            (tmp_path / name / file).write_text(text)
        digests.add(digest_files({"suite": tmp_path / name}))
    assert len(digests) == 2


def test_caches_do_not_change_the_digest(folder: Path) -> None:
    before = digest_files({"suite": folder})
    for cache in ("__pycache__", ".pytest_cache"):
        (folder / cache).mkdir()
        (folder / cache / "a.pyc").write_bytes(b"\0")
    (folder / ".DS_Store").write_bytes(b"\0")
    assert digest_files({"suite": folder}) == before


def test_the_suite_digest_covers_the_checks_and_the_contract(tmp_path: Path) -> None:
    digests = [digest_suite(tmp_path)]
    for place in ("harness/contract", "suites/conformance", "suites/properties"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.py").write_text("same")
        digests.append(digest_suite(tmp_path))
    assert len(set(digests)) == 4
    (tmp_path / "harness" / "cli.py").write_text("another thing")
    assert digest_suite(tmp_path) == digests[-1]


def test_the_installed_suite_has_a_digest() -> None:
    assert len(digest_suite()) == 64
