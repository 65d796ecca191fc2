"""The harness: everything that measures and checks a World, without the tests themselves."""

from typing import TYPE_CHECKING

from world_harness.packages import join_folders

__path__ = join_folders(__name__)

if TYPE_CHECKING:
    #: The version of the installed package, from the tags of the repository.
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """Read `__version__` on first use: it takes as long as the start of a process."""
        if name != "__version__":
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        from importlib.metadata import PackageNotFoundError, version

        from harness.errors import HarnessError

        try:
            return version("world-harness")
        except PackageNotFoundError as error:
            raise HarnessError(
                "cannot find the version of the harness",
                cause="the package is not installed in this Python",
                remedy="run `pip install .` in the checkout",
            ) from error
