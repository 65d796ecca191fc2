"""How apps look in a language: what differs between languages, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from harness.descriptions import Framework, World


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How an app's files lie, in one language."""

    #: Of the workflows' sources.
    suffix: str
    #: Where the app keeps what answers.
    answering: str
    #: What the app is told of itself and of its World.
    introduce: Callable[[Mapping[str, Any], World, Framework], dict[str, bytes]]
    #: What build and server find in their environment.
    environment: dict[str, str]
    #: Mode -> what the server finds there in addition.
    modes: dict[str, dict[str, str]] = {}
    #: The files that make the app a project of its own, for whoever deploys it.
    describe_project: Callable[[Mapping[str, str], Framework], dict[str, bytes]]
    #: The command by which that project is made ready.
    make_ready: str
