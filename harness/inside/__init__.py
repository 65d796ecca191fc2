"""Code that runs inside apps and Worlds, in processes of their own; the harness never imports it.

`node/` and `python/` hold programs and parts of apps. This module says where each of them lies.
A folder under `python/` is a source root: a program that uses its package has it on `PYTHONPATH`.
"""

from __future__ import annotations

from pathlib import Path

from harness.descriptions import Language

_NODE = Path(__file__).parent / "node"
_PYTHON = Path(__file__).parent / "python"

#: The program through which the harness calls a World in Node.
NODE_ADAPTER = _NODE / "adapter" / "adapter.mjs"
#: The same for Python: a source root with the package `world_harness_adapter`.
PYTHON_ADAPTER = _PYTHON / "adapter"
#: `world_harness_sdk`: the one package that names the internals of the Python SDK.
PYTHON_SDK = _PYTHON / "sdk"
#: `world_harness_serving`: what every Python app holds.
PYTHON_SERVING = _PYTHON / "serving"

#: Language -> what an app of the benchmark holds beside its framework's files.
PROBE: dict[Language, Path] = {"typescript": _NODE / "probe", "python": _PYTHON / "probe"}
#: Language -> what an app of the engine suites holds beside its framework's files.
NEMESIS: dict[Language, Path] = {"typescript": _NODE / "nemesis", "python": _PYTHON / "nemesis"}
