"""The build of an app: check for errors that would occur when it starts.

Nothing is opened: the workflows are imported with a World that does nothing.
"""

from __future__ import annotations

import sys
from typing import Any

from .about import ABOUT
from .entry import find_entry
from .errors import AppError
from .framework_imports import refuse_frameworks
from .program import import_workflows
from .sdk import set_world


class NoWorld:
    """A World that does nothing, for the import of the workflows."""

    def create_queue_handler(self, queue_name_prefix: str, handler: Any) -> Any:
        """Nothing is delivered."""
        return handler


def main() -> int:
    """Check the World's entry and the workflows; print what is wrong."""
    try:
        set_world(NoWorld())
        refuse_frameworks(ABOUT["frameworks"], import_workflows())
        find_entry(ABOUT["entry"])
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
