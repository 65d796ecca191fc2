"""The instrument: everything that measures and judges a World, and no test code."""


def __getattr__(name: str) -> str:
    """Look the version up when somebody asks: a World of ours starts hundreds of times."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("world-harness")
