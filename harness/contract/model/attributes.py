"""Attributes of a run: short texts, merged in log order, within limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.contract.model.log import Request
from harness.contract.model.rules import Refused
from harness.contract.model.values import Entity
from harness.contract.model.waits import Waits

KEY_LIMIT = 256
VALUE_LIMIT = 256
COUNT_LIMIT = 64
RESERVED = "$"


class Attributes(Waits):
    """`attr_set`, and the attributes that a run is created with."""

    def set_attributes(self, request: Request) -> dict[str, Any]:
        """Answer `attr_set`."""
        run = self.check_open_run(request)
        changes = self.read_changes(request)
        allow_reserved = request.data.get("allowReservedAttributes") is True
        self.check_changes(changes, run.get("attributes", {}), allow_reserved)
        self.claim_attributes(request)
        event = self.append_event(request)
        merged = self.merge_attributes(run.get("attributes", {}), changes)
        changed = {**run, "attributes": merged, "updatedAt": self.now}
        return {"event": event, "run": self.put(self.state.runs, request.run_id, changed)}

    def read_changes(self, request: Request) -> list[Mapping[str, Any]]:
        """Return the changes that an event asks for.

        Raises:
            Refused: they are not a list of keys and values.
        """
        changes = request.data["changes"]
        is_list = isinstance(changes, Sequence) and not isinstance(changes, (str, bytes))
        if not is_list or not all(isinstance(change, Mapping) for change in changes):
            raise self.invalid("changes must be a list of keys and values")
        return list(changes)

    def claim_attributes(self, request: Request) -> None:
        """Claim the name of a change, which exists once; a change without a name needs no claim."""
        if request.correlation_id:
            self.claim_once(request.run_id, "attributes", request.correlation_id)

    def invalid(self, message: str) -> Refused:
        """Make the refusal of an attribute that is not allowed."""
        return self.refusal("AttributeValidationError", message)

    def check_changes(
        self, changes: Sequence[Mapping[str, Any]], existing: Entity, allow_reserved: bool
    ) -> None:
        """Refuse changes beyond the limits.

        Raises:
            Refused: a key, a value or the number of attributes is not allowed.
        """
        for change in changes:
            self.check_key(change.get("key"), allow_reserved)
            self.check_value(change.get("value"))
        self.check_keys_differ([change["key"] for change in changes])
        self.check_count(self.merge_attributes(existing, changes))

    def check_key(self, key: object, allow_reserved: bool) -> None:
        """Refuse a key that is not valid.

        Raises:
            Refused: the key is not a text, or is empty, too long or reserved.
        """
        if not isinstance(key, str):
            raise self.invalid("an attribute's key must be a text")
        if not 1 <= len(key) <= KEY_LIMIT:
            raise self.invalid(f"an attribute's key must have 1 to {KEY_LIMIT} characters")
        if key.startswith(RESERVED) and not allow_reserved:
            raise self.invalid(f"attribute keys that begin with {RESERVED} are reserved")

    def check_value(self, value: object) -> None:
        """Refuse a value that is not valid.

        Raises:
            Refused: the value is neither null nor a short enough text.
        """
        if value is None:
            return
        if not isinstance(value, str):
            raise self.invalid("an attribute's value must be a text or null")
        if len(value.encode("utf-8", "surrogatepass")) > VALUE_LIMIT:
            raise self.invalid(f"an attribute's value must have at most {VALUE_LIMIT} bytes")

    def check_keys_differ(self, keys: Sequence[str]) -> None:
        """Refuse two changes of one key in one call.

        Raises:
            Refused: a key occurs twice.
        """
        if len(set(keys)) < len(keys):
            raise self.invalid("an attribute can be changed once in a call")

    def check_count(self, merged: Entity) -> None:
        """Refuse too many attributes.

        Raises:
            Refused: the run would have too many attributes.
        """
        if len(merged) > COUNT_LIMIT:
            raise self.invalid(f"a run can have at most {COUNT_LIMIT} attributes")

    def merge_attributes(self, existing: Entity, changes: Sequence[Mapping[str, Any]]) -> Entity:
        """Return the attributes after some changes; null removes an attribute."""
        merged = dict(existing)
        for change in changes:
            if change.get("value") is None:
                merged.pop(change["key"], None)
            else:
                merged[change["key"]] = change["value"]
        return merged
