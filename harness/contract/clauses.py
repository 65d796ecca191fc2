"""The clauses of the World contract, as data: one file a group in `clauses/`.

A clause says what a World must do, for which lines and how strictly. Nothing here decides whether a
World does it; this module reads the clauses and says which of them apply.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

import msgspec

from harness.descriptions import read_table
from harness.errors import DescriptionError, unknown

#: Where the clauses stand: `<group>.toml`, one for every group.
CLAUSES = Path(__file__).parent / "clauses"

#: The parts of the contract, in the order in which they are read.
Group: TypeAlias = Literal[
    "runs",
    "steps",
    "events",
    "retries",
    "hooks",
    "waits",
    "attributes",
    "queue",
    "streams",
    "data",
    "limits",
    "lifecycle",
    "processes",
    "crashes",
    "security",
]

#: The release lines that clauses speak of.
LineId: TypeAlias = Literal["v4", "v5", "v5-latest", "py"]

#: How much rests on a clause. INFORMATIVE asks a question to which every answer is right.
Level: TypeAlias = Literal["MUST", "SHOULD", "MAY", "INFORMATIVE"]

GROUPS: tuple[Group, ...] = get_args(Group)
LINES: tuple[LineId, ...] = get_args(LineId)
LEVELS: tuple[Level, ...] = get_args(Level)

#: What a World has that states no spec version.
_UNSTATED_SPEC_VERSION = 2

#: Before the name of a need that is a capability; other needs are methods.
CAPABILITY = "capability:"

ClauseId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]+(-[A-Z]+)+$")]
Need: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(capability:)?[A-Za-z]+(\.[A-Za-z]+)?$")]
AnswerName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z]+(-[a-z]+)*$")]
Text: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\S")]


class SpecBounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Spec versions of a World, both ends included; None leaves an end open."""

    first: int | None = msgspec.field(name="from", default=None)
    last: int | None = msgspec.field(name="to", default=None)

    def __post_init__(self) -> None:
        """Refuse bounds between which there is nothing."""
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError(f"no spec version is from {self.first} to {self.last}")

    def includes(self, version: int) -> bool:
        """Say whether a spec version lies within."""
        above = self.first is None or version >= self.first
        return above and (self.last is None or version <= self.last)

    def __str__(self) -> str:
        """Say it in words: `6 and later`, `up to 5`, `6 to 7`."""
        if self.first is None:
            return "any" if self.last is None else f"up to {self.last}"
        return f"{self.first} and later" if self.last is None else f"{self.first} to {self.last}"


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One requirement of the contract."""

    id: ClauseId
    group: Group
    #: What must happen, and what answer a move that is not allowed gets; Markdown, one line.
    requirement: Text
    #: Line -> level; the clause does not hold for a line that is absent.
    levels: Annotated[dict[LineId, Level], msgspec.Meta(min_length=1)]
    #: The spec versions of Worlds for which it holds.
    spec: SpecBounds = SpecBounds()
    #: Methods (`runs.waitForTerminalStatus`) and capabilities (`capability:hookRetention`) without
    #: which it does not apply.
    needs: tuple[Need, ...] = ()
    #: Whether it speaks of concurrent callers, in one process and in several.
    races: bool = False
    #: Names of the answers that its checks record in a World's profile without judging them.
    records: tuple[AnswerName, ...] = ()
    #: Where it comes from: pages of the SDK's documentation, packages, issues.
    sources: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]


def describe_clauses(folder: Path = CLAUSES) -> dict[str, Clause]:
    """Return every clause by its id: in the order of the groups, and in a group of its file.

    Args:
        folder: Holds `<group>.toml` for every group.

    Raises:
        DescriptionError: a file cannot be read, is missing, or is of no group; a clause has an
            unknown key, group, line or level, stands in the file of another group, or takes a name
            (its id, an answer's) that another one has.
    """
    _refuse_strangers(folder)
    clauses: dict[str, Clause] = {}
    for group in GROUPS:
        path = folder / f"{group}.toml"
        for clause in read_table(path, "clause", Clause).values():
            _refuse_misplaced(clause, path, clauses)
            clauses[clause.id] = _flatten(clause)
    _refuse_shared_answers(clauses.values())
    return clauses


def level_on(clause: Clause, line: str) -> Level | None:
    """Return how strictly a clause holds on a line; None where it does not hold.

    Raises:
        UsageError: the contract speaks of no such line.
    """
    for known in LINES:
        if known == line:
            return clause.levels.get(known)
    raise unknown("line of the contract", line, LINES)


def assume_spec_version(stated: int | None) -> int:
    """Return the spec version that counts for a World that states this one, or none."""
    return _UNSTATED_SPEC_VERSION if stated is None else stated


def explain_inapplicable(
    clause: Clause,
    *,
    line: str,
    spec_version: int | None,
    methods: Collection[str],
    capabilities: Mapping[str, object],
) -> str:
    """Say why a clause does not apply to a World; empty when it does.

    Args:
        clause: The clause.
        line: The line whose SDK the World is used with.
        spec_version: What the World states; None counts as 2.
        methods: The World's methods, by their normalized names.
        capabilities: What the World advertises.

    Raises:
        UsageError: the contract speaks of no such line.
    """
    if level_on(clause, line) is None:
        return f"it does not hold for line {line}"
    version = assume_spec_version(spec_version)
    if not clause.spec.includes(version):
        stated = "states none, which counts as 2" if spec_version is None else f"has {version}"
        return f"it holds for spec versions {clause.spec}; the World {stated}"
    missing = [need for need in clause.needs if not _is_met(need, methods, capabilities)]
    return "; ".join(_explain_missing(need) for need in missing)


def _is_met(need: str, methods: Collection[str], capabilities: Mapping[str, object]) -> bool:
    if not need.startswith(CAPABILITY):
        return need in methods
    value = capabilities.get(need.removeprefix(CAPABILITY))
    # A capability may be a record that says itself whether it is switched on.
    if isinstance(value, Mapping) and "active" in value:
        value = value["active"]
    # An empty record advertises too: it is there.
    return isinstance(value, Mapping) or bool(value)


def _explain_missing(need: str) -> str:
    if need.startswith(CAPABILITY):
        return f"the World does not advertise {need.removeprefix(CAPABILITY)}"
    return f"the World has no {need}"


def _refuse_strangers(folder: Path) -> None:
    strangers = sorted(path.name for path in folder.glob("*.toml") if path.stem not in GROUPS)
    if strangers:
        raise DescriptionError(
            f"{folder} holds {strangers[0]}, which is of no group of the contract",
            remedy=f"put its clauses in the file of their group: {', '.join(GROUPS)}",
        )


def _refuse_misplaced(clause: Clause, path: Path, before: Mapping[str, Any]) -> None:
    if clause.group != path.stem:
        raise DescriptionError(
            f"{path} describes {clause.id!r} of the group {clause.group}",
            remedy=f"move it to {path.with_stem(clause.group)}, or correct its group",
        )
    if clause.id in before:
        raise DescriptionError(
            f"{path} describes {clause.id!r}, which the group {before[clause.id].group} has",
            remedy="rename one of them",
        )


def _refuse_shared_answers(clauses: Iterable[Clause]) -> None:
    names = sorted((name, clause.id) for clause in clauses for name in clause.records)
    for (name, one), (other_name, other) in itertools.pairwise(names):
        if name == other_name:
            raise DescriptionError(
                f"{one} and {other} both record the answer {name!r}",
                cause="a World's profile holds one answer of a name",
                remedy="rename one of them",
            )


def _flatten(clause: Clause) -> Clause:
    """Put a requirement on one line: its file breaks it only to be read there."""
    return msgspec.structs.replace(clause, requirement=" ".join(clause.requirement.split()))
