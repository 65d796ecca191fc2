"""The whole model: every part, in one class."""

from harness.contract.model.queue import Queue


class Model(Queue):
    """A World of one line, complete."""
