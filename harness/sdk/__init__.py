"""Where programs in Python find the SDK's own interface.

`python/` is a source root: whoever starts a program that speaks with the SDK puts it on its
`PYTHONPATH`. The package in there, `world_harness_sdk`, is the only one that names the SDK's
internals; it needs nothing but the SDK.
"""

from __future__ import annotations

from pathlib import Path

PYTHON_ROOT = Path(__file__).parent / "python"
