"""The complete model: all parts in one class."""

from harness.contract.model.queue import Queue


class Model(Queue):
    """A complete World of one line."""
