"""Mutants of attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.contract.model import Model
from harness.contract.model.attributes import COUNT_LIMIT, VALUE_LIMIT
from harness.contract.model.log import Request
from harness.contract.model.values import Entity
from worlds.mutants import mutant
from worlds.mutants.hesitation import Hesitant

_CHANGES = frozenset({"attr_set"})


@mutant("ATTR-MERGE", "the run lacks")
class ReplacesAllAttributes(Model):
    """A change takes the place of what was there."""

    def merge_attributes(self, existing: Entity, changes: Sequence[Mapping[str, Any]]) -> Entity:
        """Return the changes alone."""
        return super().merge_attributes({}, changes)


@mutant("ATTR-MERGE", "still has gone, never")
class KeepsNullAsText(Model):
    """Null does not remove a key, it becomes an empty text."""

    def merge_attributes(self, existing: Entity, changes: Sequence[Mapping[str, Any]]) -> Entity:
        """Return the attributes after some changes."""
        return {**existing, **{change["key"]: change.get("value") or "" for change in changes}}


@mutant("ATTR-MERGE", "changes at once the run")
class MergesIntoWhatItReadBefore(Hesitant):
    """The attributes are read, changed and written back, whatever others wrote meanwhile."""

    class Late(Model):
        """Merges into attributes that come with the call."""

        _base: Entity | None = None

        def set_attributes(self, request: Request) -> dict[str, Any]:
            """Answer `attr_set`."""
            base = request.params.get("base")
            self._base = base if isinstance(base, dict) else None
            return super().set_attributes(request)

        def merge_attributes(
            self, existing: Entity, changes: Sequence[Mapping[str, Any]]
        ) -> Entity:
            """Return the attributes after some changes."""
            return super().merge_attributes(existing if self._base is None else self._base, changes)

    kinds = _CHANGES
    model_kind = Late

    def look(self, run_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Read the attributes."""
        row = self.model.state.runs.get(run_id)
        return {"base": dict(row.value.get("attributes", {}))} if row else {}


@mutant("ATTR-LIMITS", "an empty key must be refused")
class TakesEmptyKeys(Model):
    """A key can be empty."""

    def check_key(self, key: object, allow_reserved: bool) -> None:
        """Refuse an impossible key."""
        if key != "":
            super().check_key(key, allow_reserved)


@mutant("ATTR-LIMITS", "letters of two bytes must be refused")
class CountsTheCharactersOfValues(Model):
    """A value may have as many characters as it should have bytes."""

    def check_value(self, value: object) -> None:
        """Refuse an impossible value."""
        if not isinstance(value, str) or len(value) > VALUE_LIMIT:
            super().check_value(value)


@mutant("ATTR-LIMITS", "is reserved must be refused")
class TakesReservedKeys(Model):
    """Everybody may use keys that begin with a dollar sign."""

    def check_key(self, key: object, allow_reserved: bool) -> None:
        """Refuse an impossible key."""
        super().check_key(key, allow_reserved=True)


@mutant("ATTR-LIMITS", "one key twice must be refused")
class TakesOneKeyTwice(Model):
    """A key can be changed twice in a call."""

    def check_keys_differ(self, keys: Sequence[str]) -> None:
        """Forget that keys must differ."""


@mutant("ATTR-LIMITS", "removes one which is not there must be refused")
class MakesRoomByRemovingNothing(Model):
    """The removal of a key that is not there makes room for another."""

    def check_changes(
        self, changes: Sequence[Mapping[str, Any]], existing: Entity, allow_reserved: bool
    ) -> None:
        """Refuse changes beyond the limits."""
        removals = sum(change.get("value") is None for change in changes)
        added = sum(
            change.get("value") is not None and change.get("key") not in existing
            for change in changes
        )
        if removals and len(existing) + added - removals <= COUNT_LIMIT:
            return
        super().check_changes(changes, existing, allow_reserved)


@mutant("ATTR-CLAIM", "a second attr_set of one name must be refused")
class TakesEveryAttrSet(Model):
    """A change can be made again under its name."""

    def claim_attributes(self, request: Request) -> None:
        """Take nothing."""


@mutant("ATTR-CLAIM", "of one name at once exactly one must succeed")
class LooksForTheNameBeforeItWrites(Hesitant):
    """A name that nobody has used when the call comes is used, whoever was faster meanwhile."""

    kinds = _CHANGES
    model_kind = TakesEveryAttrSet

    def look(self, run_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse a name that is in the log already."""
        name = sent.get("correlationId")
        for row in self.model.read_log(run_id):
            if row.value["eventType"] == "attr_set" and row.value.get("correlationId") == name:
                raise self.model.refusal("EntityConflictError", f"{name!r} was used before")
        return {}


class ChangesEveryRun(Model):
    """Sets attributes of a run whatever its status is."""

    def set_attributes(self, request: Request) -> dict[str, Any]:
        """Answer `attr_set`."""
        run = self.find_run(request.run_id)
        event = self.append_event(request)
        merged = self.merge_attributes(run.get("attributes", {}), self.read_changes(request))
        changed = {**run, "attributes": merged, "updatedAt": self.now}
        return {"event": event, "run": self.put(self.state.runs, request.run_id, changed)}


@mutant("ATTR-TERMINAL", "attr_set after run_completed must be refused")
class SetsAttributesOfEndedRuns(ChangesEveryRun):
    """Attributes can be set for ever."""


@mutant("ATTR-TERMINAL", "stand behind the end of their run")
class LooksAtTheRunBeforeItWrites(Hesitant):
    """A run that is open when the call comes is changed, although it may have ended meanwhile."""

    kinds = _CHANGES
    model_kind = ChangesEveryRun

    def look(self, run_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse a run that is over, or not there."""
        if self.model.is_ended(self.model.find_run(run_id)):
            raise self.model.refusal("EntityConflictError", f"run {run_id!r} has ended")
        return {}
