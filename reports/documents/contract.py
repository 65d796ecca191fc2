"""The clauses of the World contract as Markdown; `nox -s docs` writes docs/contract.md with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.contract.clauses import (
    CAPABILITY,
    GROUPS,
    LEVELS,
    LINES,
    Clause,
    SpecBounds,
    describe_clauses,
    level_on,
)
from harness.errors import unknown
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count

DOCUMENT = Path(__file__).parents[2] / "docs" / "contract.md"

#: Groups whose title is more than their name.
TITLES = {
    "events": "Events and their order",
    "retries": "Retries, attempts and preconditions",
    "queue": "Queue delivery",
    "data": "Fidelity of data",
    "processes": "Several processes",
    "crashes": "Recovery from crashes",
    "security": "Security of ids and routes",
}

INTRODUCTION = """\
# The World contract

A World is the backend of a Workflow SDK.
It stores a log of events for each run, and the entities that follow from it.
It also delivers queue messages and keeps streams.
The runtime relies on what a World promises.
The contract splits this promise into clauses.
Each clause can be checked through the World's interface.

This file is generated from `harness/contract/clauses/` by `nox -s docs`.

## How to read it

**A clause** is one requirement with an id that never changes its meaning.
It says what must happen, and how a call that is not allowed is answered.
Errors are recognized by their name, as in the runtime; no HTTP status is needed.

**Its level** says how binding a clause is.
Each line of the SDK has its own level, because expectations have grown.

| level | meaning | a World that breaks it |
| --- | --- | --- |
| MUST | runs go wrong without it | fails |
| SHOULD | documented, or common among Worlds; runs survive without it | passes, with a note |
| MAY | an optional feature | fails where it advertises the feature |
| INFORMATIVE | a question that the contract leaves open | cannot: the answer is recorded |

**Whether it applies** to a World is decided by data alone, before any check runs.
A clause does not apply when

1. it has no level for the line (a dash in the tables);
2. the World's spec version is outside the clause's bounds (a World that states none has 2);
3. the World has no such method, or does not advertise the capability, that the clause needs.

**The verdict** on a clause that applies is one of three.

| verdict | meaning |
| --- | --- |
| passed | every check of the clause held, in every form in which it ran |
| failed | a check did not hold; the verdict has a witness: the calls that show it |
| inconclusive | undecided: the environment failed, or the check could not run |

A *raced* clause is checked with one caller after another, with concurrent callers in one process, \
and with callers in several processes.
If a World is documented for a single process, failures between processes are notes.

A clause *records* an answer where known Worlds differ on purpose, or nothing is written.
The answer goes into the World's profile under the given name, so that two versions of a World \
can be compared.
It never fails the World.

**The order** of events is the order in which the log lists them.
Times, and ids made from times, do not define an order.

## Errors

| name | status | answers |
| --- | --- | --- |
| EntityConflictError | 409 | it is already claimed, or has ended |
| RunExpiredError | 410 | the run has ended |
| PreconditionFailedError | 412 | the caller does not know the latest state of the run |
| InBandSupersededError | 412 | another writer of the run was faster |
| TooEarlyError | 425 | the step must not start yet; carries the seconds that remain |
| WorkflowRunNotFoundError | 404 | there is no such run |
| HookNotFoundError | 404 | there is no such hook, or it has ended |
| AttributeValidationError | 400 | an attribute breaks a limit |
| WorkflowWorldError | any | anything else that the World refuses |

The Python SDK has no error for a missing run or step.
On line `py`, any rejection is a correct answer in these cases.
"""

_ISSUE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)#(?P<number>\d+)")


def render_clauses(
    clauses: Mapping[str, Clause], *, group: str | None = None, line: str | None = None
) -> str:
    """Render clauses as Markdown, a section and a table for each group.

    Args:
        clauses: What :func:`harness.contract.clauses.describe_clauses` returned.
        group: Show this group alone.
        line: Show the clauses that hold for this line, and their level on it alone.

    Raises:
        UsageError: there is no such group or line.
    """
    if group is not None and group not in GROUPS:
        raise unknown("group of clauses", group, GROUPS)
    groups = GROUPS if group is None else [name for name in GROUPS if name == group]
    sections = []
    for name in groups:
        members = [
            clause
            for clause in clauses.values()
            if clause.group == name and (line is None or level_on(clause, line))
        ]
        sections.append(f"## {TITLES.get(name, name.capitalize())}\n\n{_render(members, line)}")
    return "\n\n".join(sections) + "\n"


def render_contract(clauses: Mapping[str, Clause]) -> str:
    """Render the whole document: how to read it, how much there is, every clause."""
    return "\n".join([INTRODUCTION, _render_counts(clauses), render_clauses(clauses)])


def write_contract(path: Path = DOCUMENT) -> None:
    """Write docs/contract.md from the clauses."""
    path.write_text(render_contract(describe_clauses()), encoding="utf-8")


def _render_counts(clauses: Mapping[str, Clause]) -> str:
    rows = []
    for line in LINES:
        levels = Counter(level_on(clause, line) for clause in clauses.values())
        row: dict[str, str] = {level: str(levels[level]) for level in LEVELS}
        rows.append({"line": line} | row)
    return f"## {count(len(clauses), 'clause').capitalize()}\n\n{render_table(rows)}\n"


def _render(clauses: Sequence[Clause], line: str | None) -> str:
    if not clauses:
        return f"No clause of this group holds for line {line}."
    return render_table([_make_row(clause, line) for clause in clauses])


def _make_row(clause: Clause, line: str | None) -> dict[str, str]:
    # Column -> line: a reader who asked for one line knows which.
    columns: dict[str, str] = {"level": line} if line else {name: name for name in LINES}
    row = {
        "clause": clause.id,
        "requirement": clause.requirement,
        **{column: level_on(clause, name) or NOTHING for column, name in columns.items()},
        "notes": "; ".join(_list_notes(clause)) or NOTHING,
        "sources": ", ".join(map(link_source, clause.sources)),
    }
    return {column: cell.replace("|", "\\|") for column, cell in row.items()}


def _list_notes(clause: Clause) -> list[str]:
    notes = []
    if clause.spec != SpecBounds():
        notes.append(f"spec version {clause.spec}")
    notes += [_describe_need(need) for need in clause.needs]
    if clause.races:
        notes.append("raced")
    if clause.records:
        notes.append(f"records {', '.join(f'`{name}`' for name in clause.records)}")
    return notes


def _describe_need(need: str) -> str:
    kind = "capability " if need.startswith(CAPABILITY) else ""
    return f"needs {kind}`{need.removeprefix(CAPABILITY)}`"


def link_source(source: str) -> str:
    """Make a link of an issue's or pull request's short name; other sources stay as they are."""
    issue = _ISSUE.fullmatch(source)
    if issue is None:
        return source
    address = f"https://github.com/{issue['repository']}/issues/{issue['number']}"
    return f"[{source}]({address})"


if __name__ == "__main__":
    write_contract()
