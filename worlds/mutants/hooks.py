"""Mutants of hooks and their tokens."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from harness.contract.model import Model
from harness.contract.model.log import Request
from harness.contract.model.state import EntityRow, Key
from harness.contract.model.values import Entity, read_option
from worlds.mutants import mutant
from worlds.mutants.hasty import Hasty, Lax
from worlds.reference import ReferenceWorld


class _LaxTokens(Lax):
    def find_holder(self, token: str) -> EntityRow | None:
        return None if self.decided else super().find_holder(token)


@mutant("HOOK-TOKEN-UNIQUE", "exactly one must get it")
class GivesTokensHastily(Hasty):
    """Whether a token is free is found out first, and the token taken later."""

    hasty = ("hook_created",)
    lax = _LaxTokens


@mutant("HOOK-TOKEN-UNIQUE", "a claim of a taken token was answered with hook_created", line="v4")
class PassesTokensOn(Model):
    """A token goes to whoever claims it last."""

    def create_hook(self, request: Request) -> dict[str, Any]:
        """Take the token from its holder."""
        holder = self.state.tokens.get(request.data["token"])
        if holder is not None and holder[1] != request.correlation_id:
            del self.state.tokens[request.data["token"]]
        return super().create_hook(request)


@mutant("HOOK-CONFLICT-DATA", "must say conflictingRunId")
class NamesNoHolder(Model):
    """A conflict does not say which run has the token."""

    def append_conflict(self, request: Request, holder: EntityRow) -> Entity:
        """Leave out the holder."""
        data = {"token": request.data["token"]}
        return self.append_event(request, event_type="hook_conflict", data=data)


@mutant("HOOK-CREATE-REDELIVERY", "a hook_conflict with itself")
class LetsHooksClashWithThemselves(Model):
    """A repeated creation finds its own token taken."""

    def check_new_hook(self, request: Request) -> None:
        """Do not look."""


class _LaxCreation(_LaxTokens):
    def check_new_hook(self, request: Request) -> None:
        if not self.decided:
            super().check_new_hook(request)

    def claim_once(self, run_id: str, kind: str, name: str) -> None:
        if not self.decided:
            super().claim_once(run_id, kind, name)
        self.state.claims.add((run_id, kind, name))


@mutant("HOOK-CREATE-REDELIVERY", "creations of one hook at once exactly one must succeed")
class CreatesHooksHastily(Hasty):
    """Whether a hook exists is found out first, and the hook created later."""

    hasty = ("hook_created",)
    lax = _LaxCreation


class _RemembersHooks(Lax):
    """Finds hooks that are over, when the event was decided before."""

    def find_live_hook(self, request: Request) -> Entity:
        """Return a live hook, or a ghost."""
        return {} if self.decided else super().find_live_hook(request)

    def remove_hook(self, key: Key) -> None:
        """End a hook's life; it may be over."""
        if key in self.state.hooks:
            super().remove_hook(key)


@mutant("HOOK-RECEIVE-LIVE", "stand behind hook_disposed in the log")
class ResumesHooksHastily(Hasty):
    """Whether a hook lives is found out first, and its payload written later."""

    hasty = ("hook_received",)
    lax = _RemembersHooks


@mutant("HOOK-RECEIVE-LIVE", "hook_received for a hook that is disposed or never was")
class ResumesEveryHook(Model):
    """A hook that is over takes payloads, too."""

    def find_live_hook(self, request: Request) -> Entity:
        """Return the hook, or a ghost of it."""
        return {} if request.type == "hook_received" else super().find_live_hook(request)


@mutant("HOOK-RECEIVE-MANY", "accepted payloads the log has")
class MergesPayloads(Model):
    """Payloads that come within 50 ms are one event."""

    def receive_hook(self, request: Request) -> dict[str, Any]:
        """Answer with the event before, if that was a payload of this moment."""
        hook = self.find_live_hook(request)
        last = self.log_of(request.run_id)[-1].value
        recent = (self.now - last["createdAt"]).total_seconds() < 0.05
        if last["eventType"] == "hook_received" and recent:
            return {"event": last, "hook": hook}
        return super().receive_hook(request)


@mutant("HOOK-RECEIVE-MANY", "repeats with one resumeId left")
class ForgetsResumes(Model):
    """A resume that is repeated under its id is written again."""

    def find_resume(self, request: Request) -> Entity | None:
        """Remember nothing."""
        return None


@mutant("HOOK-RECEIVE-ENDED", "hook_received after run_completed must be refused")
class ResumesEndedRuns(Model):
    """The hooks of a run live on when it ends."""

    def remove_hooks_of(self, run_id: str) -> None:
        """Leave them."""


@mutant("HOOK-RECEIVE-ENDED", "stand behind run_")
class ResumesRunsHastily(Hasty):
    """Whether a run goes on is found out first, and the payload written later."""

    hasty = ("hook_received",)
    lax = _RemembersHooks


@mutant("HOOK-DISPOSE-ONCE", "disposals of one hook at once exactly one must succeed")
class DisposesHastily(Hasty):
    """Whether a hook lives is found out first, and its disposal written later."""

    hasty = ("hook_disposed",)
    lax = _RemembersHooks


@mutant("HOOK-DISPOSE-ONCE", "a second hook_disposed must be refused", line="v4")
class DisposesAgain(_RemembersHooks):
    """Every disposal succeeds, and is logged."""

    def find_live_hook(self, request: Request) -> Entity:
        """Return the hook, or a ghost of it."""
        return {} if request.type == "hook_disposed" else super().find_live_hook(request)


class _KeepsTokens(Model):
    def find_retained(self, key: Key) -> EntityRow | None:
        return self.state.retained.get(key)

    def keep_token(self, key: Key) -> None:
        self.state.retained[key] = self.state.hooks.pop(key)


@mutant("HOOK-TOKEN-RELEASE", "the token was freed by run_completed, but")
class KeepsTokensOfEndedRuns(_KeepsTokens):
    """The end of a run does not free the tokens of its hooks."""

    def remove_hooks_of(self, run_id: str) -> None:
        """End the hooks, keep the tokens."""
        for key in [key for key in self.state.hooks if key[0] == run_id]:
            self.keep_token(key)


@mutant("HOOK-TOKEN-RELEASE", "the token was freed by hook_disposed, but")
class KeepsTokensOfDisposedHooks(_KeepsTokens):
    """A disposal does not free the token."""

    def dispose_hook(self, request: Request) -> dict[str, Any]:
        """Dispose, and keep the token."""
        key = self.key_of(request.run_id, request.correlation_id)
        row = self.state.hooks.get(key)
        answer = super().dispose_hook(request)
        if row is not None:
            self.state.retained[key] = row
            self.take_token(row.value["token"], key)
        return answer


@mutant("HOOK-RETENTION", "hooks.getByToken must be answered here")
class FreesRetainedTokens(Model):
    """Advertises retention, and frees every token at once."""

    def read_retention(self, data: Entity) -> datetime | None:
        """Read nothing."""
        return None


@mutant("HOOK-RETENTION", "a retention of 31 days must be refused")
class ReservesTokensForYears(Model):
    """A token can stay reserved for any time."""

    def check_retention(self, request: Request) -> None:
        """Refuse nothing."""


@mutant("HOOK-LOOKUP", "clashes with another of")
class ComparesTokensWithoutCase(Model):
    """Tokens that differ in upper and lower case only are the same."""

    def find_holder(self, token: str) -> EntityRow | None:
        """Find the holder of a token in whatever case."""
        return super().find_holder(token.lower())

    def take_token(self, token: str, key: Key) -> None:
        """Take a token in lower case."""
        super().take_token(token.lower(), key)

    def release_token(self, token: str) -> None:
        """Free a token in lower case."""
        super().release_token(token.lower())


@mutant("HOOK-LOOKUP", "hooks.get of an unknown hook must be refused")
class StumblesOverUnknownHooks(Model):
    """Asked for a hook that is not there, it fails by accident."""

    def get_hook(self, hook_id: object, options: object = None) -> Entity:
        """Read a property of nothing."""
        found = [row for key, row in self.state.hooks.items() if key[1] == hook_id]
        if not found:
            raise TypeError("cannot read properties of undefined (reading 'metadata')")
        return super().get_hook(hook_id, options)


class _ClaimsHooks(Lax):
    METHODS = Lax.METHODS | {"hooks.claim": "claim_hook"}

    def claim_hook(self, run_id: str, hook_id: str) -> None:
        self.claim_once(run_id, "hook", hook_id)

    def check_new_hook(self, request: Request) -> None:
        """Look at claims before the claim only."""

    def claim_once(self, run_id: str, kind: str, name: str) -> None:
        if kind != "hook" or (run_id, kind, name) not in self.state.claims or not self.decided:
            super().claim_once(run_id, kind, name)


@mutant("HOOK-AFTER-CRASH", "must have one hook_created and no hook_conflict, but the log has 0")
class ClaimsHooksBeforeTheirEvents(Hasty):
    """A hook's name is taken in one write and its event appended in another."""

    hasty = ("hook_created",)
    lax = _ClaimsHooks

    def apply(self, method: str, args: list[object]) -> Any:
        """Write the claim, then the event."""
        sent = args[1] if method == "events.create" else None
        if isinstance(sent, dict) and sent.get("decided"):
            ReferenceWorld.apply(self, "hooks.claim", [args[0], sent["correlationId"]])
            time.sleep(0.002)
        return super().apply(method, args)


@mutant("HOOK-LIST", "the pages of hooks.list hold")
class IgnoresTheCursorOfHooks(Model):
    """Every page of hooks is the first one."""

    def list_hooks(self, options: object = None) -> Entity:
        """List from the beginning."""
        given = dict(options) if isinstance(options, dict) else {}
        pagination = {"limit": read_option(given.get("pagination"), "limit")}
        return super().list_hooks({**given, "pagination": pagination})
