"""When two messages of a queue count as the same message."""

from __future__ import annotations

import hashlib
import json
from typing import Any


class KnownMessages:
    """The messages that a queue knows, by what tells them apart.

    Args:
        own: Whether they are distinguished as LocalWorld's own queue does it: by key and content,
            for as long as it exists. A content that holds the time at which it was written is
            never another's. Otherwise the key alone counts, and until the message is done.
    """

    def __init__(self, *, own: bool) -> None:
        self._own = own
        self._ids: dict[tuple[str, str], str] = {}

    def claim(self, key: str, body: Any, message_id: str) -> str:
        """Return the id of the message that this one is: its own, where it is new."""
        return self._ids.setdefault(self._tell(key, body), message_id)

    def release(self, key: str, body: Any) -> None:
        """Record that a message is finished."""
        if not self._own:
            self._ids.pop(self._tell(key, body), None)

    def _tell(self, key: str, body: Any) -> tuple[str, str]:
        if not self._own:
            return key, ""
        text = json.dumps(body, sort_keys=True)
        return key, hashlib.sha256(text.encode()).hexdigest()
