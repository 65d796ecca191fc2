"""How a framework starts an app in several processes."""

from __future__ import annotations

import msgspec

from harness.descriptions import Catalog, Framework

_VARIABLE = "WORLD_HARNESS_WORKERS"


def serve_with(catalog: Catalog, workers: int) -> Catalog:
    """Return the catalog with apps served by this number of processes behind one port."""
    if workers == 1:
        return catalog
    served = {name: _multiply(item, workers) for name, item in catalog.frameworks.items()}
    return msgspec.structs.replace(catalog, frameworks=served, workers=workers)


def _multiply(framework: Framework, workers: int) -> Framework:
    # The port is filled in later, when the app starts.
    start = tuple(word.replace("{workers}", str(workers)) for word in framework.workers)
    env = {**framework.env, _VARIABLE: str(workers)}
    return msgspec.structs.replace(framework, start=start, env=env)
