"""The build of an app: find out what would go wrong when it starts.

Nothing is opened: the workflows are imported on a World that does nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .errors import AppError
from .program import import_workflows, refuse_frameworks
from .sdk import set_world
from .world import find_entry


class NoWorld:
    """What the workflows are imported on."""

    def create_queue_handler(self, queue_name_prefix: str, handler: Any) -> Any:
        """Nothing is delivered."""
        return handler


def main() -> int:
    """Check the World's entry and the workflows; print what is wrong."""
    about = json.loads(Path(__file__).with_name("about.json").read_bytes())
    try:
        set_world(NoWorld())
        import_workflows()
        refuse_frameworks(about["serving"])
        find_entry(about["entry"])
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
