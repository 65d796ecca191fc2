"""Names of one example: fresh ids for the World, short labels for people."""

from __future__ import annotations

from suites.conformance.calls import fresh_id
from suites.properties.moves import Move


class NameMap:
    """Chooses an id for whatever a move speaks of, the same one every time."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}

    def find(self, prefix: str, label: str) -> str:
        """Return the id behind a label.

        Args:
            prefix: What ids of its kind begin with.
            label: What it is called in a printed history.
        """
        key = (prefix, label)
        if key not in self._ids:
            self._ids[key] = fresh_id(prefix)
        return self._ids[key]

    def shorten(self, text: str) -> str:
        """Return a text with labels in place of ids."""
        for (_, label), identifier in self._ids.items():
            text = text.replace(identifier, label)
        return text


class Cast:
    """The ids that a move speaks of."""

    def __init__(self, names: NameMap, move: Move) -> None:
        self._names = names
        self._move = move
        self._run = "AB"[move.run]
        self.run = names.find("wrun", f"run_{self._run}")
        #: Tokens are shared between runs: that is what they clash for.
        self.token = names.find("token", f"token_{move.value % 2}")
        #: Every example sees its own runs only.
        self.workflow = names.find("workflow//./flows//", "workflow")

    def find(self, prefix: str) -> str:
        """Return the id of a step, hook, wait, attribute change or stream of the run."""
        return self._names.find(prefix, f"{prefix}_{self._run}{self._move.name}")

    @property
    def payload(self) -> bytes:
        """A few bytes that differ from move to move."""
        return bytes([0, self._move.value, 255])
