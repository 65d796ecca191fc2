"""The engine clauses, as data: what the SDK must do on top of a correct World.

Each suite has one TOML file of clauses (`suites/engine/clauses/`). A clause of the World contract
constrains the World. An engine clause constrains the engine, for every order, number and timing
of deliveries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from harness.descriptions import read_table
from harness.errors import DescriptionError

#: How binding a clause is. INFORMATIVE asks a question to which every answer is right.
Level: TypeAlias = Literal["MUST", "SHOULD", "INFORMATIVE"]

#: What a clause needs from a cell: a process that can be killed, a World with a server, storage
#: that several processes may share, attributes, a queue with configurable concurrency, a folder
#: for data, a log that can be read incrementally.
Need: TypeAlias = Literal[
    "process",
    "server",
    "several processes",
    "attributes",
    "concurrency",
    "folder",
    "incremental reads",
]


class EngineClause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One promise of the engine."""

    id: Annotated[str, msgspec.Meta(pattern=r"^ENG(-[A-Z]+)+$")]
    requirement: str
    #: Line -> level; the clause does not hold for a line that is absent.
    levels: Annotated[dict[str, Level], msgspec.Meta(min_length=1)]
    needs: tuple[Need, ...] = ()
    #: Where the clause comes from: pages of the SDK's documentation, or issues.
    sources: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    #: The suite that the clause belongs to.
    suite: str = ""


def describe_engine_clauses(folder: Path) -> dict[str, EngineClause]:
    """Return all engine clauses by id, in the order of the suites.

    Raises:
        DescriptionError: a file cannot be read, or two suites use the same id.
    """
    clauses: dict[str, EngineClause] = {}
    for path in sorted(folder.glob("*.toml")):
        for clause in read_table(path, "clause", EngineClause).values():
            if clause.id in clauses:
                raise DescriptionError(f"{path} describes {clause.id!r}, which another suite uses")
            text = " ".join(clause.requirement.split())
            clauses[clause.id] = msgspec.structs.replace(clause, requirement=text, suite=path.stem)
    return clauses
