"""The recorder and the nemesis around a World of the Python SDK (`docs/nemesis.md`).

It runs in the environment of the app under test, with the standard library and that app's SDK
alone. Importing it touches nothing: the SDK imports a workflow's modules again for every replay,
in a sandbox that has neither files nor a clock.
"""

from __future__ import annotations

from .bodies import effect, marked, perform
from .deliveries import Delivery, current_delivery, deliver_again, find_messages
from .faults import bind_plan, check_plan, draw, open_gate, starting
from .notes import notes
from .wrapper import WrappedWorld, ask_quietly, wrap

__all__ = [
    "Delivery",
    "WrappedWorld",
    "ask_quietly",
    "bind_plan",
    "check_plan",
    "current_delivery",
    "deliver_again",
    "draw",
    "effect",
    "find_messages",
    "marked",
    "notes",
    "open_gate",
    "perform",
    "starting",
    "wrap",
]
