"""What a check is given: processes of the World under test, and the calls to make on them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from harness.adapters.protocol import Call, Failure
from harness.adapters.world import Reply, WorldClient, together
from harness.certification.sites import Ground, Site
from harness.contract.clauses import Clause, assume_spec_version
from suites.conformance.answers import describe, field, maybe
from suites.conformance.calls import ALL, EventCalls, fresh_id
from suites.conformance.efforts import Effort
from suites.conformance.violations import NotApplicable, violate

#: How many processes a race between processes has.
PROCESSES = 4
_PAGE = 1000
#: After so many rounds, storage that checks keep apart from the others has filled, too.
_ROUNDS_APART = 60


class SharedSite:
    """The storage that most checks of one worker share, each on runs and tokens of its own."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._stack = contextlib.ExitStack()
        self._site: Site | None = None
        self._worlds: list[WorldClient] = []
        self._apart: SharedSite | None = None
        self._rounds_apart = 0

    def worlds(self, count: int, note: Callable[[Reply], None]) -> list[WorldClient]:
        """Return so many processes that have the storage open, starting what is missing."""
        if any(world.process.exit_code is not None for world in self._worlds):
            self.discard()
        if self._site is None:
            self._site = self._stack.enter_context(self._ground.site())
        self._site.note = note
        while len(self._worlds) < count:
            self._worlds.append(self._site.open())
        return self._worlds[:count]

    @property
    def running(self) -> tuple[WorldClient, ...]:
        """The processes that were started."""
        return tuple(self._worlds)

    def apart(self, rounds: int) -> SharedSite:
        """Return storage for checks that suffer from what others left, renewed now and then.

        Args:
            rounds: How many the next check may run on it.
        """
        if self._apart is None:
            self._apart = SharedSite(self._ground)
        elif self._rounds_apart + rounds > _ROUNDS_APART:
            self._apart.discard()
            self._rounds_apart = 0
        self._rounds_apart += rounds
        return self._apart

    def discard(self) -> None:
        """Throw the storage away, with its processes: a check left them in an unknown state."""
        if self._apart is not None:
            self._apart.discard()
            self._rounds_apart = 0
        self._worlds.clear()
        self._site = None
        self._stack.close()


class Arena:
    """The World under test, as one check sees it.

    Args:
        ground: Makes storage.
        shared: The storage that checks share.
        clause: What is decided.
        effort: How much is done.
        processes: How many processes `worlds` has.
    """

    def __init__(
        self,
        ground: Ground,
        shared: SharedSite,
        clause: Clause,
        effort: Effort,
        processes: int = 1,
    ) -> None:
        self.subject = ground.subject
        self.clause = clause
        self.effort = effort
        self.history: list[Reply] = []
        self.answers: dict[str, str] = {}
        #: Whether the check asks what no answer would be wrong to.
        self.only_records = False
        self.processes = processes
        self._ground = ground
        self._shared = shared
        self._stack = contextlib.ExitStack()

    @property
    def worlds(self) -> list[WorldClient]:
        """The processes, all on one storage."""
        return self._shared.worlds(self.processes, self.history.append)

    @property
    def world(self) -> WorldClient:
        """The first process."""
        return self._shared.worlds(1, self.history.append)[0]

    @property
    def is_noted(self) -> bool:
        """Whether what goes wrong is only noted: several processes, of a World for one."""
        return self.processes > 1 and self.subject.processes == "one"

    @property
    def line(self) -> str:
        """The line that the World is examined for."""
        return self.subject.line or "v5"

    @property
    def spec_version(self) -> int:
        """What the SDK stamps on events for this World: its own spec version, 2 without one."""
        return assume_spec_version(self.world.opened.stated_version)

    @property
    def events(self) -> EventCalls:
        """Makes the calls."""
        return EventCalls(self.spec_version)

    def has(self, method: str) -> bool:
        """Tell whether the World has a method."""
        return self.world.has(method)

    def require(self, *methods: str) -> None:
        """End the check as not applicable when the World lacks a method that it needs."""
        for method in methods:
            if not self.has(method):
                raise NotApplicable(f"this World has no {method}")

    def record(self, name: str, answer: object) -> None:
        """Record an informative answer in the World's profile."""
        self.answers[name] = str(answer)

    def background_errors(self) -> list[Failure]:
        """Return what the World threw where nobody could catch it."""
        return [
            message.error
            for world in self._shared.running
            for message in world.process.unhandled
            if message.error
        ]

    def fresh_site(self) -> Site:
        """Make storage of the check's own, gone at its end; its processes are opened by the check.

        Queue checks need it: a World that starts may wake every run that it finds.
        """
        site = self._stack.enter_context(self._ground.site())
        site.note = self.history.append
        return site

    def use_storage_apart(self) -> None:
        """Go on with storage that few other checks have filled, and processes that have it open.

        For checks of what some Worlds find by looking through everything that they store.
        """
        self._shared = self._shared.apart(self.effort.rounds)

    def close(self) -> None:
        """End what the check made for itself."""
        self._stack.close()

    def do(self, call: Call, world: WorldClient | None = None) -> Any:
        """Make a call that must succeed, and return its value."""
        reply = (world or self.world).attempt(call)
        if not reply.succeeded:
            violate(f"{name_of(call)} must be accepted here, but ended with {describe(reply)}")
        return reply.value

    def try_(self, call: Call, world: WorldClient | None = None) -> Reply:
        """Make a call that may be refused, and return how it ended."""
        return (world or self.world).attempt(call)

    def together(self, calls: Sequence[Call]) -> list[Reply]:
        """Make calls at once, dealt out over the processes; return how each ended, in order."""
        worlds = self.worlds
        shares: list[list[Call]] = [[] for _ in worlds]
        for index, call in enumerate(calls):
            shares[index % len(worlds)].append(call)
        replies = together(
            [(world, share) for world, share in zip(worlds, shares, strict=True) if share]
        )
        return [replies[index % len(worlds)][index // len(worlds)] for index in range(len(calls))]

    def new_run(self, world: WorldClient | None = None, **data: Any) -> str:
        """Create a run and return its id."""
        run_id = fresh_id("wrun")
        answer = self.do(self.events.run_created(run_id, **data), world)
        told = field(answer, "run", "runId")
        if told != run_id:
            violate(f"a run was created as {run_id}, but the World calls it {told}")
        return run_id

    def running_run(self, world: WorldClient | None = None, **data: Any) -> str:
        """Create and start a run, and return its id."""
        run_id = self.new_run(world, **data)
        self.do(self.events.run_started(run_id), world)
        return run_id

    def new_step(self, run_id: str, world: WorldClient | None = None) -> str:
        """Create a step and return its id."""
        step_id = fresh_id("step")
        self.do(self.events.step_created(run_id, step_id), world)
        return step_id

    def running_step(self, run_id: str, world: WorldClient | None = None) -> str:
        """Create and start a step, and return its id."""
        step_id = self.new_step(run_id, world)
        self.do(self.events.step_started(run_id, step_id), world)
        return step_id

    def new_hook(self, run_id: str, token: str, world: WorldClient | None = None) -> str:
        """Create a hook that gets its token, and return its id."""
        hook_id = fresh_id("hook")
        answer = self.do(self.events.hook_created(run_id, hook_id, token), world)
        told = maybe(answer, "event", "eventType")
        if told != "hook_created":
            violate(f"a hook with a token that nobody has was answered with {told}")
        return hook_id

    def new_wait(self, run_id: str, world: WorldClient | None = None, *, in_s: float = 60) -> str:
        """Create a wait and return its id."""
        wait_id = fresh_id("wait")
        self.do(self.events.wait_created(run_id, wait_id, in_s=in_s), world)
        return wait_id

    def log(
        self, run_id: str, world: WorldClient | None = None, *, limit: int = _PAGE
    ) -> list[Any]:
        """Return all events of a run in list order, by walking the pages."""
        reader = world or self.world
        events: list[Any] = []
        cursor: str | None = None
        while True:
            # The interface of the Python SDK knows neither limits nor cursors.
            pagination = {} if reader.opened.shape == "py" else page_of(limit, cursor)
            page = reader.events.list({"runId": run_id, "pagination": pagination, **ALL})
            events.extend(field(page, "data"))
            cursor = maybe(page, "cursor")
            if not maybe(page, "hasMore") or cursor is None:
                return events

    def get_run(self, run_id: str, world: WorldClient | None = None) -> Any:
        """Return a run."""
        return (world or self.world).runs.get(run_id, ALL)

    def get_step(self, run_id: str, step_id: str, world: WorldClient | None = None) -> Any:
        """Return a step."""
        return (world or self.world).steps.get(run_id, step_id, ALL)


def page_of(limit: int, cursor: str | None = None, order: str = "asc") -> dict[str, Any]:
    """Return the pagination of a list call."""
    pagination: dict[str, Any] = {"limit": limit, "sortOrder": order}
    if cursor is not None:
        pagination["cursor"] = cursor
    return pagination


def name_of(call: Call) -> str:
    """Return what a call is called in a message: its method, or its event's type."""
    if call.method == "events.create":
        return str(call.args[1].get("eventType"))
    return call.method


@contextlib.contextmanager
def share(ground: Ground) -> Iterator[SharedSite]:
    """Make the storage that checks of one worker share."""
    shared = SharedSite(ground)
    try:
        yield shared
    finally:
        shared.discard()
