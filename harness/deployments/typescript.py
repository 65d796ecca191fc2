"""The shape of an app in TypeScript, and the files that make it a standalone project."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harness.deployments.shapes import Shape
from harness.descriptions import Framework, World

#: The module in which the app names its World, at build time (v5) and at run time (v4).
_TARGET_WORLD = {"WORKFLOW_TARGET_WORLD": "./harness/world.mjs"}


def _introduce(
    identity: Mapping[str, Any], world: World, modules: Sequence[str]
) -> dict[str, bytes]:
    manifest = {"name": "app", "private": True, "type": "module"}
    return {
        "package.json": msgspec.json.encode(manifest),
        "harness/identity.mjs": b"export default " + msgspec.json.encode(identity) + b";\n",
        "harness/subject.mjs": (
            f'import * as subject from "{world.entry}";\nexport {{ subject }};\n'.encode()
        ),
    }


def _describe_project(pins: Mapping[str, str], framework: Framework) -> dict[str, bytes]:
    target = [f"{name}={value}" for name, value in _TARGET_WORLD.items()]
    manifest = {
        "name": "world-harness-app",
        "private": True,
        "type": "module",
        "scripts": {"build": " ".join(["env", *target, shlex.join(framework.build)])},
        "dependencies": pins,
    }
    return {"package.json": msgspec.json.format(msgspec.json.encode(manifest))}


SHAPE = Shape(
    suffix=".ts",
    answering="harness/",
    introduce=_introduce,
    environment=_TARGET_WORLD,
    modes={mode: {"NODE_ENV": mode} for mode in ("production", "development")},
    describe_project=_describe_project,
    make_ready="npm install && npm run build",
)
