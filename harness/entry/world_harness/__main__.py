"""The command `world-harness`, also as `python -m world_harness`."""

from __future__ import annotations

from typing import NoReturn

from world_harness.packages import claim_packages


def main() -> NoReturn:
    """Run the command line on the packages of this installation."""
    claim_packages()
    from harness import cli

    cli.main()


if __name__ == "__main__":
    main()
