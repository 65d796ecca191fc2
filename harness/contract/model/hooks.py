"""Hooks: one live hook per token, resumes, disposal, conflicts, retention."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from harness.contract.model.log import HOOK_PAYLOADS, Log, Request
from harness.contract.model.state import EntityRow, Key
from harness.contract.model.values import Entity, read_option, read_time

#: The longest time that a token may stay reserved.
RETENTION_LIMIT = timedelta(days=30)


class Hooks(Log):
    """The life of hooks and of their tokens."""

    METHODS = Log.METHODS | {"hooks.get": "get_hook", "hooks.getByToken": "get_hook_by_token"}

    def create_hook(self, request: Request) -> dict[str, Any]:
        """Answer `hook_created`: a hook, or a conflict when another hook has the token."""
        self.check_open_run(request)
        self.check_retention(request)
        self.check_new_hook(request)
        holder = self.find_holder(request.data["token"])
        if holder is not None:
            return {"event": self.append_conflict(request, holder)}
        self.claim_once(request.run_id, "hook", request.correlation_id)
        event = self.append_event(request)
        hook = self.make_hook(request)
        key = self.key_of(request.run_id, request.correlation_id)
        self.put(self.state.hooks, key, hook)
        self.take_token(request.data["token"], key)
        return {"event": event, "hook": hook}

    def check_open_run(self, request: Request) -> Entity:
        """Refuse to create anything in a run that has ended.

        Raises:
            Refused: the run is missing or has ended.
        """
        run = self.find_run(request.run_id)
        if self.is_ended(run):
            raise self.refusal(
                "EntityConflictError", f"run {request.run_id!r} is {run['status']} already"
            )
        return run

    def check_new_hook(self, request: Request) -> None:
        """Refuse a hook that was created before; a hook never conflicts with itself.

        Raises:
            Refused: this hook exists, or existed.
        """
        if (request.run_id, "hook", request.correlation_id) in self.state.claims:
            raise self.refusal(
                "EntityConflictError", f"hook {request.correlation_id!r} already exists"
            )

    def check_retention(self, request: Request) -> None:
        """Refuse to reserve a token for too long.

        Raises:
            Refused: the retention time is too long.
        """
        until = self.read_retention(request.data)
        if until is not None and until > self.now + RETENTION_LIMIT:
            raise self.bad_request("a token can stay reserved for 30 days at most")

    def read_retention(self, data: Entity) -> datetime | None:
        """Return the time until which a token stays reserved after the end of its hook."""
        return read_time(data.get("tokenRetentionUntil")) if self.rules.retention else None

    def find_holder(self, token: str) -> EntityRow | None:
        """Return the hook that holds a token."""
        key = self.state.tokens.get(token)
        if key is None:
            return None
        live = self.state.hooks.get(key)
        return live if live is not None else self.find_retained(key)

    def find_retained(self, key: Key) -> EntityRow | None:
        """Return an ended hook whose token is still reserved."""
        row = self.state.retained.get(key)
        until = self.read_retention(row.value) if row else None
        return row if until is not None and self.now < until else None

    def take_token(self, token: str, key: Key) -> None:
        """Assign a token to a hook."""
        self.state.tokens[token] = key

    def append_conflict(self, request: Request, holder: EntityRow) -> Entity:
        """Log that another hook holds the token; for the caller, this is a success."""
        data = {"token": request.data["token"], "conflictingRunId": holder.value["runId"]}
        return self.append_event(request, event_type="hook_conflict", data=data)

    def make_hook(self, request: Request) -> Entity:
        """Build a new hook's entity."""
        hook: Entity = {
            "runId": request.run_id,
            "hookId": request.correlation_id,
            "token": request.data["token"],
            "ownerId": "reference-owner",
            "projectId": "reference-project",
            "environment": "reference",
            "createdAt": self.now,
            "specVersion": request.spec_version,
            "isWebhook": bool(request.data.get("isWebhook", False)),
        }
        if self.rules.shape == "v5":
            hook["isSystem"] = bool(request.data.get("isSystem", False))
        if "metadata" in request.data:
            hook["metadata"] = request.data["metadata"]
        until = self.read_retention(request.data)
        if until is not None:
            hook["tokenRetentionUntil"] = until
        return hook

    def receive_hook(self, request: Request) -> dict[str, Any]:
        """Answer `hook_received`: one more payload for a live hook."""
        self.find_run(request.run_id)
        hook = self.find_live_hook(request)
        known = self.find_resume(request)
        if known is not None:
            return {"event": known, "hook": hook}
        event = self.append_event(request)
        if request.resume_id is not None and self.rules.latest:
            self.state.resumes[(request.run_id, request.correlation_id, request.resume_id)] = event
        return {"event": event, "hook": hook}

    def find_live_hook(self, request: Request) -> Entity:
        """Return the hook that an event is about.

        Raises:
            Refused: there is no such hook, it is disposed, or its run has ended.
        """
        row = self.state.hooks.get(self.key_of(request.run_id, request.correlation_id))
        if row is None:
            raise self.refusal(
                "HookNotFoundError", f"no live hook is called {request.correlation_id!r}"
            )
        return row.value

    def find_resume(self, request: Request) -> Entity | None:
        """Return the event that the same resume created before."""
        if request.resume_id is None:
            return None
        return self.state.resumes.get((request.run_id, request.correlation_id, request.resume_id))

    def dispose_hook(self, request: Request) -> dict[str, Any]:
        """Answer `hook_disposed`: the end of a live hook."""
        self.find_run(request.run_id)
        hook = self.find_live_hook(request)
        event = self.append_event(request)
        self.remove_hook(self.key_of(request.run_id, request.correlation_id))
        return {"event": event, "hook": hook}

    def remove_hook(self, key: Key) -> None:
        """Remove a hook, and free its token unless that is retained."""
        row = self.state.hooks.pop(key)
        until = self.read_retention(row.value)
        if until is not None and self.now < until:
            self.state.retained[key] = row
        else:
            self.release_token(row.value["token"])

    def release_token(self, token: str) -> None:
        """Free a token."""
        self.state.tokens.pop(token, None)

    def remove_hooks_of(self, run_id: str) -> None:
        """Remove every hook of a run that has ended."""
        for key in [key for key in self.state.hooks if key[0] == run_id]:
            self.remove_hook(key)

    def get_hook(self, hook_id: object, options: object = None) -> Entity:
        """Answer `hooks.get`."""
        for table in (self.state.hooks, self.state.retained):
            for key, row in table.items():
                if key[1] == hook_id and (table is self.state.hooks or self.find_retained(key)):
                    return self.show_hook(row.value, options)
        raise self.refusal("HookNotFoundError", f"no hook is called {hook_id!r}")

    def get_hook_by_token(self, token: object, options: object = None) -> Entity:
        """Answer `hooks.getByToken`."""
        row = self.find_holder(token) if isinstance(token, str) else None
        if row is None:
            raise self.refusal("HookNotFoundError", f"no hook has the token {token!r}")
        return self.show_hook(row.value, options)

    def show_hook(self, hook: Entity, options: object) -> Entity:
        """Return a hook in the form that a caller sees."""
        return self.strip_entity(hook, HOOK_PAYLOADS, read_option(options, "resolveData"))
