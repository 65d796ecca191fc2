"""The instrument: everything that measures and judges a World, and no test code."""

from typing import TYPE_CHECKING

from world_harness.packages import join_folders

__path__ = join_folders(__name__)

if TYPE_CHECKING:
    #: The version of the installed package. It is made from the tags of the repository.
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """Read `__version__` when it is asked for: it takes as long as the start of a process."""
        if name != "__version__":
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        from importlib.metadata import PackageNotFoundError, version

        from harness.errors import HarnessError

        try:
            return version("world-harness")
        except PackageNotFoundError as error:
            raise HarnessError(
                "the version of the harness is not known",
                cause="this Python runs it without an installation",
                remedy="run `pip install .` in the folder that holds the harness",
            ) from error
