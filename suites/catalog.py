"""The catalog: every line, framework, World and scenario that is described."""

from __future__ import annotations

import worlds
from harness.deployments.frameworks import describe_frameworks
from harness.descriptions import Catalog
from harness.workspaces import describe_lines
from suites import workflows


def read_catalog() -> Catalog:
    """Read everything that is described."""
    return Catalog(
        lines=describe_lines(),
        frameworks=describe_frameworks(),
        worlds=worlds.describe_worlds(),
        scenarios=workflows.describe_scenarios(),
    )
