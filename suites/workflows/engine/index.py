"""Imports every module of workflows."""

from .children import descend
from .hooks import claiming, listening
from .liveness import attributed, racing
from .odd import odd, unserializable
from .outcomes import drawing, telling
from .program import program
from .registry import registry
from .streams import streaming
from .trials import trial

__all__ = [
    "attributed",
    "claiming",
    "descend",
    "drawing",
    "listening",
    "odd",
    "program",
    "racing",
    "registry",
    "streaming",
    "telling",
    "trial",
    "unserializable",
]
