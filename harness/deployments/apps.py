"""The files of a cell's app: the framework's files and the app's contents."""

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

#: Checks the reply to a run with these arguments: returns what is wrong, or `None`.
Expectation = Callable[[Sequence[Any], SampleReply], str | None]
#: The same for a run of a scenario; the scenario names the expectation.
CheckAnswer = Callable[[Scenario, Sequence[Any], SampleReply], str | None]

#: A file beside the workflows that only the harness reads.
_ANSWERS = "answers.py"


class Contents(msgspec.Struct, frozen=True):
    """What an app contains besides its framework's files."""

    #: The app's purpose; part of its build's name.
    id: str
    #: Language -> folder of the code that answers requests and opens the World.
    answering: dict[Language, Path]
    #: Folder of the workflows, in every language.
    workflows: Path
    #: The checks of the workflows' answers, by the name that a scenario gives in `expects`.
    expectations: Mapping[str, Expectation] = {}

    def check_answer(
        self, scenario: Scenario, arguments: Sequence[Any], reply: SampleReply
    ) -> str | None:
        """Check an answer; return what is wrong with it, or `None`.

        Args:
            scenario: The scenario; it names the expectation.
            arguments: The arguments of this run's workflow.
            reply: A reply whose outcome is `completed`.

        Raises:
            DescriptionError: the scenario names an expectation that does not exist.
        """
        expectation = self.expectations.get(scenario.expects)
        if expectation is None:
            raise DescriptionError(
                f"scenario {scenario.id} has the unknown expectation {scenario.expects!r}",
                remedy=f"choose from: {', '.join(sorted(self.expectations))}",
            )
        return expectation(arguments, reply)

    def explain_missing(self, language: Language) -> str:
        """Explain why there is no app in a language; empty if there is one."""
        return "" if language in self.answering else f"there is no {self.id} app in {language}"


def read_workflows(contents: Contents, shape: Shape) -> Iterator[tuple[str, bytes]]:
    """Yield path inside the app -> content for the workflows of a language."""
    return read_files(contents.workflows, prefix="workflows/", suffix=shape.suffix, skip=_ANSWERS)


_SHAPES = {"typescript": typescript.SHAPE, "python": python.SHAPE}


def shape_of(language: Language) -> Shape:
    """Return the shape of apps in a language."""
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
        line: The release line of its packages.
        framework: The framework; its files are in the folder of its id.
        world: The World; the app creates it from its `entry`.
        contents: The app's contents.
        modules: Import names of web frameworks, which its workflows must not import.
        framework_folder: The folder of the frameworks' folders.

    Raises:
        UsageError: the contents do not exist in the line's language.
    """
    missing = contents.explain_missing(line.language)
    if missing:
        raise UsageError(f"cannot make an app for line {line.id}", cause=missing)
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
