"""What the workflows' sources in TypeScript export: registries are held against it."""

from __future__ import annotations

import re
from pathlib import Path

#: An exported function whose first words say that it is a workflow.
_WORKFLOW = re.compile(r"export async function (\w+)\([^{]*\{\s*[\"']use workflow[\"']", re.DOTALL)


def list_exported(folder: Path) -> set[str]:
    """Return the names of the workflows that the files in a folder export."""
    sources = (path.read_text(encoding="utf-8") for path in folder.glob("*.ts"))
    return {found for text in sources for found in _WORKFLOW.findall(text)}
