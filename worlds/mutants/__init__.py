"""Broken variants of the reference World, each with one known defect.

They prove the checks: a clause that no mutant fails is a clause that cannot fail. One file a clause
group; a mutant is a class that changes one method of the model or of the reference World.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import msgspec

from harness.errors import DescriptionError, unknown

C = TypeVar("C", bound=type)


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """One known defect."""

    #: The class's name in words: `CreatesEveryStep` is `creates-every-step`.
    name: str
    #: The clause that must reject it.
    clause: str
    #: What the rejection must say, in part.
    message: str
    #: The line for which it is examined.
    line: str
    #: The environment of the check, beyond that of the reference World.
    env: dict[str, str] = {}
    #: Servers that it needs, which the reference World does not.
    services: tuple[str, ...] = ()
    #: The smallest effort that is enough to see the defect.
    effort: str = "quick"
    #: The model or the World that is put in the place of the reference's own.
    kind: type

    @property
    def story(self) -> str:
        """What is wrong with it: the first line of the class's docstring."""
        return (self.kind.__doc__ or "").strip().splitlines()[0]


_FOUND: dict[str, Mutant] = {}


def mutant(
    clause: str,
    message: str,
    *,
    line: str = "v5-latest",
    env: Mapping[str, str] | None = None,
    services: tuple[str, ...] = (),
    effort: str = "quick",
) -> Callable[[C], C]:
    """Register a class as a mutant.

    Args:
        clause: The clause that must reject it.
        message: A part of what the rejection must say.
        line: The line for which it is examined.
        env: Environment of the adapter beyond that of the reference World.
        services: Servers that it needs.
        effort: The smallest effort that is enough to see it.
    """

    def register(kind: C) -> C:
        name = _in_words(kind.__name__)
        if name in _FOUND and _FOUND[name].kind.__module__ != kind.__module__:
            raise DescriptionError(
                f"two mutants are called {name}",
                cause=f"{_FOUND[name].kind.__module__} and {kind.__module__} have one",
                remedy="rename one of the classes",
            )
        _FOUND[name] = Mutant(
            name=name,
            clause=clause,
            message=message,
            line=line,
            env=dict(env or {}),
            services=services,
            effort=effort,
            kind=kind,
        )
        return kind

    return register


def describe_mutants() -> dict[str, Mutant]:
    """Return every mutant by its name."""
    for module in sorted(item.name for item in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{module}")
    return dict(_FOUND)


def open_mutant(env: Mapping[str, str]) -> Any:
    """Open the mutant that `MUTANT` names, on the storage of a reference World.

    Raises:
        UsageError: none has the name.
    """
    from harness.contract.model import Model
    from worlds.reference import ReferenceWorld, open_reference

    mutants = describe_mutants()
    name = env.get("MUTANT", "")
    if name not in mutants:
        raise unknown("mutant", name, mutants)
    kind = mutants[name].kind
    if issubclass(kind, Model):
        return open_reference(env, model_type=kind)
    return open_reference(env, world_type=cast("type[ReferenceWorld]", kind))


def _in_words(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
