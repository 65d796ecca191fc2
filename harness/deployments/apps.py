"""The files of a cell's app: the framework's few, and what it is to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.deployments import frameworks, python, typescript
from harness.deployments.client import SampleReply
from harness.deployments.shapes import Shape, read_files
from harness.descriptions import Framework, Language, Line, Scenario, World
from harness.errors import DescriptionError, UsageError

#: Says what is wrong with the reply to a run that had these arguments; `None` if it is right.
Expectation = Callable[[Sequence[Any], SampleReply], str | None]
#: The same for a run of a scenario, which names its expectation.
CheckAnswer = Callable[[Scenario, Sequence[Any], SampleReply], str | None]

#: Stands beside the workflows, for the harness alone.
_ANSWERS = "answers.py"


class Contents(msgspec.Struct, frozen=True):
    """What an app holds beside its framework's files."""

    #: Says what the app is for; part of its build's name.
    id: str
    #: Language -> folder of what answers requests, and opens the World.
    answering: dict[Language, Path]
    #: Folder of the workflows, in every language.
    workflows: Path
    #: What the workflows must answer, by the name that a scenario gives in `expects`.
    expectations: Mapping[str, Expectation] = {}

    def check_answer(
        self, scenario: Scenario, arguments: Sequence[Any], reply: SampleReply
    ) -> str | None:
        """Say what is wrong with an answer; `None` when it is right.

        Args:
            scenario: Names the expectation.
            arguments: What this run's workflow was given.
            reply: A reply whose outcome is `completed`.

        Raises:
            DescriptionError: the scenario names an expectation that does not exist.
        """
        expectation = self.expectations.get(scenario.expects)
        if expectation is None:
            raise DescriptionError(
                f"scenario {scenario.id} expects {scenario.expects!r}, which nothing can check",
                remedy=f"choose from: {', '.join(sorted(self.expectations))}",
            )
        return expectation(arguments, reply)

    def explain_missing(self, language: Language) -> str:
        """Say why no app can be made in a language; empty when one can."""
        return "" if language in self.answering else f"the {self.id} apps are not in {language}"


def read_workflows(contents: Contents, shape: Shape) -> Iterator[tuple[str, bytes]]:
    """Give path inside the app -> content, of the workflows in a language."""
    return read_files(contents.workflows, prefix="workflows/", suffix=shape.suffix, skip=_ANSWERS)


_SHAPES = {"typescript": typescript.SHAPE, "python": python.SHAPE}


def shape_of(language: Language) -> Shape:
    """Return how apps look in a language."""
    return _SHAPES[language]


def assemble_app(
    line: Line,
    framework: Framework,
    world: World,
    contents: Contents,
    modules: Sequence[str],
    *,
    framework_folder: Path = frameworks.FOLDER,
) -> dict[str, bytes]:
    """Return the files of an app: path inside the app -> content.

    Args:
        line: The line that it is built with.
        framework: Its files stand in the folder of its id.
        world: The app's World is created from its `entry`.
        contents: What it is to hold.
        modules: Names under which web frameworks are imported; its workflows must not.
        framework_folder: Where the frameworks' folders stand.

    Raises:
        UsageError: there is no such content in the line's language.
    """
    missing = contents.explain_missing(line.language)
    if missing:
        raise UsageError(f"no app can be made for line {line.id}", cause=missing)
    shape = shape_of(line.language)
    identity = {
        "contents": contents.id,
        "line": line.id,
        "framework": framework.id,
        "world": world.id,
        "startsWorld": world.starts,
    }
    answering = contents.answering[line.language]
    return {
        **dict(read_files(framework_folder / framework.id, skip="recipe.toml")),
        **dict(read_workflows(contents, shape)),
        **dict(read_files(answering, prefix=shape.answering)),
        **shape.introduce(identity, world, modules),
    }
