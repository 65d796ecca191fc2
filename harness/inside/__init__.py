"""Code that runs in the processes of apps and Worlds; the harness never imports it.

`node/` and `python/` contain programs and parts of apps; this module has their paths. A folder
under `python/` is a source root: a program that uses its package has it on `PYTHONPATH`.
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
#: `world_harness_serving`: part of every Python app.
PYTHON_SERVING = _PYTHON / "serving"

#: Language -> the folder that a benchmark app contains besides its framework's files.
PROBE: dict[Language, Path] = {"typescript": _NODE / "probe", "python": _PYTHON / "probe"}
#: Language -> the folder that an app of the engine suites contains besides its framework's files.
NEMESIS: dict[Language, Path] = {"typescript": _NODE / "nemesis", "python": _PYTHON / "nemesis"}
