"""The engine clauses: what the SDK has to do on top of a correct World, as data.

They stand in one TOML file a suite (`suites/engine/clauses/`). A clause of the World contract asks
the World; these ask the engine, whatever the order, number or timing of deliveries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from harness.descriptions import read_table
from harness.errors import DescriptionError

#: How much rests on a clause. INFORMATIVE asks a question to which every answer is right.
Level: TypeAlias = Literal["MUST", "SHOULD", "INFORMATIVE"]

#: What a cell must offer: a process that can be killed, a server behind its World, storage that
#: several processes may share, attributes, a queue whose concurrency can be set, a folder for data,
#: a log that can be read incrementally.
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
    #: Where it comes from: pages of the SDK's documentation, issues.
    sources: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    #: The suite whose file it stands in.
    suite: str = ""


def describe_engine_clauses(folder: Path) -> dict[str, EngineClause]:
    """Return every engine clause by its id, suite by suite.

    Raises:
        DescriptionError: a file cannot be read, or two suites share an id.
    """
    clauses: dict[str, EngineClause] = {}
    for path in sorted(folder.glob("*.toml")):
        for clause in read_table(path, "clause", EngineClause).values():
            if clause.id in clauses:
                raise DescriptionError(f"{path} describes {clause.id!r}, which another suite has")
            text = " ".join(clause.requirement.split())
            clauses[clause.id] = msgspec.structs.replace(clause, requirement=text, suite=path.stem)
    return clauses
