"""What hooks are resumed with. The SDK asks for a class; here any value passes, as `value`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vercel.workflow import BaseHook


@dataclass
class Payload(BaseHook):
    """Anything."""

    value: Any = None
