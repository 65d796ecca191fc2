"""The cells that the published results have to hold."""

from __future__ import annotations

from itertools import product

from harness.descriptions import Cell

#: Both architectures of the SDK behind three frameworks on its own two Worlds, the newest line, and
#: the SDK in the other language on its own World and on the two that come with this project.
REQUIRED_CELLS = (
    *(
        Cell(line, framework, world)
        for line, world, framework in product(
            ("v4", "v5"), ("local", "postgres"), ("nitro", "express", "next")
        )
    ),
    Cell("v5-latest", "express", "local"),
    *(Cell("py", "fastapi", world) for world in ("local", "sqlite", "postgres")),
)
