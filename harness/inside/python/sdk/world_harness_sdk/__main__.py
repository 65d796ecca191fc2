"""`python -m world_harness_sdk`: says how the installed SDK differs from what is expected.

With `--write`, what is installed becomes what is expected.
"""

from __future__ import annotations

import json
import sys

from .description import COMMITTED, compare, describe_interface, read_committed


def main() -> int:
    """Compare, or write; return 1 when something differs."""
    found = describe_interface()
    if "--write" in sys.argv[1:]:
        COMMITTED.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    differences = list(compare(read_committed(), found))
    sys.stdout.writelines(f"{line}\n" for line in differences)
    return 1 if differences else 0


sys.exit(main())
