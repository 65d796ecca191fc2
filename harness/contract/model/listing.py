"""Reads runs, steps, events and hooks, one page at a time."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from harness.contract.model.events import Events
from harness.contract.model.log import RUN_PAYLOADS, STEP_PAYLOADS
from harness.contract.model.state import EntityRow
from harness.contract.model.values import Entity, is_absent, read_option

#: The default size of a page of entities, in rows.
PAGE = 100


class Listing(Events):
    """All calls that only read."""

    METHODS = Events.METHODS | {
        "runs.get": "get_run",
        "runs.list": "list_runs",
        "runs.waitForTerminalStatus": "get_run",
        "steps.get": "get_step",
        "steps.list": "list_steps",
        "events.get": "get_event",
        "events.list": "list_events",
        "events.listByCorrelationId": "list_events_by_correlation_id",
        "hooks.list": "list_hooks",
    }

    def get_run(self, run_id: object, options: object = None) -> Entity:
        """Answer `runs.get`."""
        return self.show_run(self.find_run(run_id), options)

    def show_run(self, run: Entity, options: object) -> Entity:
        """Return a run in the form that a caller sees."""
        return self.strip_entity(run, RUN_PAYLOADS, read_option(options, "resolveData"))

    def list_runs(self, options: object = None) -> Entity:
        """Answer `runs.list`."""
        rows = [row for row in self.state.runs.values() if self.matches(row.value, options)]
        return self.page(rows, options, "desc", lambda run: self.show_run(run, options))

    def matches(self, run: Entity, options: object) -> bool:
        """Tell whether a run passes both filters."""
        name = read_option(options, "workflowName")
        if name is not None and run["workflowName"] != name:
            return False
        return self.has_status(run, read_option(options, "status"))

    def has_status(self, run: Entity, wanted: object) -> bool:
        """Tell whether a run matches the status filter: one status, several, or no filter."""
        if isinstance(wanted, (list, tuple)):
            return run["status"] in wanted
        return wanted is None or run["status"] == wanted

    def get_step(self, run_id: object, step_id: object, options: object = None) -> Entity:
        """Answer `steps.get`."""
        for key, row in self.step_candidates(run_id, step_id):
            if key[1] == step_id:
                return self.show_step(row.value, options)
        raise self.missing_step(step_id)

    def step_candidates(
        self, run_id: object, step_id: object
    ) -> list[tuple[tuple[str, str], EntityRow]]:
        """Return the rows that can be a step: of the given run, or of any run if none is given."""
        if is_absent(run_id):
            return list(self.state.steps.items()) if self.rules.line == "v4" else []
        key = (str(run_id), str(step_id))
        row = self.state.steps.get(key)
        return [] if row is None else [(key, row)]

    def missing_step(self, step_id: object) -> Exception:
        """Make the refusal of a step that does not exist."""
        refused = self.refusal("WorkflowWorldError", f"step {step_id!r} not found")
        refused.status = 404
        if self.rules.python_names:
            refused.name = "RuntimeError"
        return refused

    def show_step(self, step: Entity, options: object) -> Entity:
        """Return a step in the form that a caller sees."""
        return self.strip_entity(step, STEP_PAYLOADS, read_option(options, "resolveData"))

    def list_steps(self, options: object = None) -> Entity:
        """Answer `steps.list`."""
        run_id = read_option(options, "runId")
        rows = [row for key, row in self.state.steps.items() if key[0] == run_id]
        return self.page(rows, options, "desc", lambda step: self.show_step(step, options))

    def get_event(self, run_id: object, event_id: object, options: object = None) -> Entity:
        """Answer `events.get`."""
        for row in self.read_log(str(run_id)):
            if row.value["eventId"] == event_id:
                return self.strip_event(row.value, read_option(options, "resolveData"))
        raise self.refusal("WorkflowWorldError", f"event {event_id!r} not found")

    def list_events(self, options: object = None) -> Entity:
        """Answer `events.list`."""
        rows = self.read_log(str(read_option(options, "runId")))
        return self.page_events(rows, options)

    def list_events_by_correlation_id(self, options: object = None) -> Entity:
        """Answer `events.listByCorrelationId`: for one run, if it is given."""
        name = read_option(options, "correlationId")
        rows = [
            row
            for row in self.rows_in_scope(read_option(options, "runId"))
            if row.value.get("correlationId") == name
        ]
        return self.page_events(rows, options)

    def rows_in_scope(self, run_id: object) -> list[EntityRow]:
        """Return the events of one run, or of all runs."""
        if run_id is not None:
            return self.read_log(str(run_id))
        if self.rules.latest:
            raise self.bad_request("listByCorrelationId needs the id of a run")
        rows = (row for log in self.state.logs.values() for row in log)
        return sorted(rows, key=lambda row: row.serial)

    def page_events(self, rows: list[EntityRow], options: object) -> Entity:
        """Return one page of events."""
        resolve = read_option(options, "resolveData")
        return self.page(
            rows, options, "asc", lambda event: self.strip_event(event, resolve), whole=True
        )

    def list_hooks(self, options: object = None) -> Entity:
        """Answer `hooks.list`: the live ones."""
        run_id = read_option(options, "runId")
        rows = [row for key, row in self.state.hooks.items() if run_id in (None, key[0])]
        return self.page(rows, options, "asc", lambda hook: self.show_hook(hook, options))

    def page(
        self,
        rows: Sequence[EntityRow],
        options: object,
        order: str,
        show: Callable[[Entity], Entity],
        *,
        whole: bool = False,
    ) -> Entity:
        """Cut one page.

        Args:
            rows: All rows, in the order of their serials.
            options: The options of the call, which include `pagination`.
            order: The default order.
            show: Converts a row to the form that a caller sees.
            whole: Whether a page without a limit holds all rows.
        """
        pagination = read_option(options, "pagination")
        order = read_option(pagination, "sortOrder") or order
        rest = self.rows_behind(rows, read_option(pagination, "cursor"), order)
        limit = read_option(pagination, "limit")
        size = self.page_size(limit, len(rest) if whole else PAGE)
        chosen = rest[:size]
        return {
            "data": [show(row.value) for row in chosen],
            "cursor": self.write_page_cursor(chosen, len(rest) > size),
            "hasMore": len(rest) > size,
        }

    def page_size(self, limit: object, default: int) -> int:
        """Return the largest number of rows on a page."""
        if not isinstance(limit, (int, float)) or not math.isfinite(limit):
            return default
        return max(1, int(limit))

    def write_page_cursor(self, chosen: Sequence[EntityRow], more: bool) -> str | None:
        """Return the cursor of a page; the last page has one too, unless it is empty."""
        return self.write_cursor(chosen)

    def rows_behind(
        self, rows: Sequence[EntityRow], cursor: object, order: str
    ) -> Sequence[EntityRow]:
        """Return the rows after a cursor, in the requested order."""
        position = self.read_cursor(cursor) if isinstance(cursor, str) else None
        if isinstance(cursor, str) and position is None:
            return self.rows_behind_unknown(rows, order)
        if position is not None and order == "desc":
            rows = rows[: bisect_left(rows, position, key=_serial)]
        elif position is not None:
            rows = rows[bisect_right(rows, position, key=_serial) :]
        return rows[::-1] if order == "desc" else rows

    def rows_behind_unknown(self, rows: Sequence[EntityRow], order: str) -> Sequence[EntityRow]:
        """Return the rows after a cursor that this World did not write."""
        if self.rules.line == "v4":
            return []
        return rows[::-1] if order == "desc" else rows


def _serial(row: EntityRow) -> int:
    return row.serial
