"""Apps that several processes serve: how their frameworks start then."""

from __future__ import annotations

import msgspec

from harness.descriptions import Catalog, Framework, fill

_VARIABLE = "WORLD_HARNESS_WORKERS"


def serve_with(catalog: Catalog, workers: int) -> Catalog:
    """Return the catalog with apps that so many processes serve behind one port."""
    if workers == 1:
        return catalog
    served = {name: _multiply(item, workers) for name, item in catalog.frameworks.items()}
    return msgspec.structs.replace(catalog, frameworks=served, workers=workers)


def _multiply(framework: Framework, workers: int) -> Framework:
    more = tuple(fill(word, {"workers": str(workers)}) for word in framework.workers)
    env = {**framework.env, _VARIABLE: str(workers)}
    return msgspec.structs.replace(framework, start=(*framework.start, *more), env=env)
