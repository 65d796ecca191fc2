"""Mutants of pages and cursors, and of what an answer tells its writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.contract.model import EntityRow, Model, write_slot
from harness.contract.model.log import Request
from harness.contract.model.values import Entity, read_option
from worlds.mutants import mutant
from worlds.mutants.hesitation import Hesitant


@mutant("EVT-CURSOR-LAST", "has no cursor")
class EndsWithoutACursor(Model):
    """A page behind which there is nothing has no cursor."""

    def write_page_cursor(self, chosen: Sequence[EntityRow], more: bool) -> str | None:
        """Return the cursor of a page that is not the last."""
        return super().write_page_cursor(chosen, more) if more else None


@mutant("EVT-CURSOR-STABLE", "are left out")
class PagesByTheSecond(Model):
    """A cursor is a time, and what has the same time is skipped."""

    def rows_behind(
        self, rows: Sequence[EntityRow], cursor: object, order: str
    ) -> Sequence[EntityRow]:
        """Return what is later than a cursor."""
        rest = super().rows_behind(rows, cursor, order)
        known = {row.serial: row for row in rows}
        last = known.get(self.read_cursor(cursor) or 0) if isinstance(cursor, str) else None
        if last is None:
            return rest
        at = last.value["createdAt"].replace(microsecond=0)
        return [row for row in rest if row.value["createdAt"].replace(microsecond=0) != at]


@mutant("EVT-CURSOR-STABLE", "events that were there before")
class CountsPagesFromTheEnd(Model):
    """A cursor says how many rows are left, which is no longer true once others append."""

    def page(
        self,
        rows: Sequence[EntityRow],
        options: object,
        order: str,
        show: Callable[[Entity], Entity],
        *,
        whole: bool = False,
    ) -> Entity:
        """Cut one page."""
        pagination = read_option(options, "pagination")
        cursor = read_option(pagination, "cursor")
        order = read_option(pagination, "sortOrder") or order
        rest = list(rows if order == "asc" else rows[::-1])
        if isinstance(cursor, str):
            left = int(cursor.removeprefix("left_"))
            rest = rest[len(rest) - left :] if left else []
        limit = read_option(pagination, "limit") or len(rest)
        chosen = rest[: int(limit)]
        return {
            "data": [show(row.value) for row in chosen],
            "cursor": f"left_{len(rest) - len(chosen)}" if chosen else None,
            "hasMore": len(rest) > len(chosen),
        }


@mutant("EVT-LIST-FULL", "a list without a limit has 100 of")
class ListsAHundredEventsAtATime(Model):
    """Without a limit, a list has a hundred events."""

    def page_size(self, limit: object, default: int) -> int:
        """Return how many rows a page holds at most."""
        return super().page_size(limit, min(default, 100))


@mutant("EVT-CORRELATION-SCOPED", "belong to another run")
class ListsACorrelationIdOfAllRuns(Model):
    """A list by correlation id has the events of every run that uses it."""

    def rows_in_scope(self, run_id: object) -> list[EntityRow]:
        """Return the events of all runs."""
        rows = (row for log in self.state.logs.values() for row in log)
        return sorted(rows, key=lambda row: row.serial)


@mutant("EVT-BUMP-REPORT", "a create that is 1 events behind must succeed")
class RefusesWritersThatAreBehind(Model):
    """A writer that has not seen every event is sent away."""

    def check_precondition(self, request: Request) -> None:
        """Refuse a writer that counts too few events."""
        count = request.params.get("eventCount")
        if isinstance(count, int) and count < len(self.read_log(request.run_id)):
            raise self.refusal("PreconditionFailedError", "the log has moved on")


@mutant("EVT-BUMP-REPORT", "but the answer tells")
class TellsOnlyTheLatestMissedEvent(Model):
    """Of the events that a writer missed, it is told one."""

    def find_delta(self, request: Request, run_id: str, known: int) -> list[EntityRow] | None:
        """Return what the writer is told."""
        delta = super().find_delta(request, run_id, known)
        asks = "sinceCursor" not in request.params
        return delta[-1:] if delta is not None and asks else delta


@mutant("EVT-BUMP-REPORT", "but the answer tells")
class ReportsWhatItSawBeforeItWrote(Hesitant):
    """The report holds what was there when the call came, not when it was written."""

    class Late(Model):
        """Reports by a count that comes with the call."""

        def find_delta(self, request: Request, run_id: str, known: int) -> list[EntityRow] | None:
            """Return what the writer is told."""
            seen = request.params.get("seen")
            return super().find_delta(request, run_id, seen if isinstance(seen, int) else known)

    model_kind = Late

    def look(self, run_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Count the events."""
        return {"seen": len(self.model.read_log(run_id))}


@mutant("EVT-BUMP-REPORT", "too large takes slot")
class BelievesCountsThatAreTooLarge(Model):
    """An event gets the slot behind the count of its writer, whatever there is."""

    _count = 0

    def create_event(self, run_id: object, sent: object, params: object = None) -> Entity:
        """Answer `events.create`."""
        count = read_option(params, "eventCount")
        self._count = count if isinstance(count, int) else 0
        return super().create_event(run_id, sent, params)

    def name_event(self, run_id: str) -> str:
        """Return the next event's slot."""
        return write_slot(max(self._count, len(self.read_log(run_id))) + 1)


@mutant("EVT-SINCE-CURSOR", "with sinceCursor has")
class LeavesTheWritersOwnEventOut(Model):
    """What a writer is told since its cursor ends before its own event."""

    def read_since(self, run_id: str, cursor: str) -> list[EntityRow]:
        """Return a run's events after a cursor, but the last."""
        return super().read_since(run_id, cursor)[:-1]


@mutant("EVT-SINCE-CURSOR", "a hook_conflict is not")
class TellsNothingAfterAConflict(Model):
    """A writer whose hook lost its token is told nothing."""

    def find_delta(self, request: Request, run_id: str, known: int) -> list[EntityRow] | None:
        """Return what the writer is told."""
        if self.read_log(run_id)[-1].value["eventType"] == "hook_conflict":
            return None
        return super().find_delta(request, run_id, known)


@mutant("EVT-SINCE-CURSOR", "but no cursor for the next")
class TellsNoCursorWithTheEvents(Model):
    """What a writer is told has no cursor to go on from."""

    def answer_create(self, request: Request, outcome: dict[str, Any], known: int) -> Entity:
        """Build what `events.create` returns."""
        answer = super().answer_create(request, outcome, known)
        return {**answer, "cursor": None} if "cursor" in answer else answer


@mutant("EVT-RUN-STARTED-PRELOAD", "run_started answers with 1 events")
class PreloadsTheStartAlone(Model):
    """`run_started` answers with itself, without what came before it."""

    def show_events(self, request: Request, rows: Sequence[EntityRow]) -> Entity:
        """Return events as part of an answer."""
        return super().show_events(request, rows[-1:] if request.type == "run_started" else rows)


@mutant("EVT-BATCH", "duplicate has the statuses")
class EndsABatchAtItsFirstDuplicate(Model):
    """Behind an item that is refused, everything is refused."""

    def create_batch(self, run_id: object, items: object, params: object = None) -> list[Entity]:
        """Answer `events.createBatch`."""
        results: list[Entity] = []
        for item in items if isinstance(items, list) else []:
            if results and results[-1]["status"] != 200:
                results.append(results[-1])
            else:
                results.append(self.create_item(run_id, item, params))
        return results
