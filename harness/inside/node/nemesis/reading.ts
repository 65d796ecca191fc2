// Damage to the event log as the engine reads it; the World's stored log stays intact.
import { listFaults, noteFault } from "./faults.ts";

type Event = { eventId: string; [field: string]: unknown };

const KEY = Symbol.for("world-harness.reading");
const lastSeen: Map<string, Event[]> = ((globalThis as any)[KEY] ??= new Map());

/** Returns a page of the log, damaged according to the plan; `incremental` if it follows a cursor. */
export function damagePage(runId: string | undefined, page: Event[], incremental: boolean): Event[] {
  if (!runId) return page;
  let events = page;
  for (const fault of listFaults(runId, "damage")) {
    const changed = damage(events, fault as any);
    if (changed !== events) noteFault(runId, fault);
    events = changed;
  }
  if (incremental && page.length) {
    for (const fault of listFaults(runId, "echo")) {
      const known = fault.change === "twice" ? events : precedingOf(runId, page);
      events = [...known, ...events];
      if (known.length) noteFault(runId, fault);
    }
  }
  const known = lastSeen.get(runId) ?? [];
  const ids = new Set(known.map(({ eventId }) => eventId));
  lastSeen.set(runId, [...known, ...page.filter(({ eventId }) => !ids.has(eventId))]);
  return events;
}

const precedingOf = (runId: string, page: Event[]): Event[] => {
  const known = lastSeen.get(runId) ?? [];
  const first = known.findIndex(({ eventId }) => eventId === page[0]?.eventId);
  return (first < 0 ? known : known.slice(0, first)).slice(-1);
};

type Damage = { change: string; eventId: string; otherId?: string; event?: Event };

function damage(events: Event[], fault: Damage): Event[] {
  const at = events.findIndex(({ eventId }) => eventId === fault.eventId);
  if (at < 0) return events;
  const before = events.slice(0, at);
  const after = events.slice(at + 1);
  switch (fault.change) {
    case "drop":
      return [...before, ...after];
    case "repeat":
      return [...before, events[at], { ...events[at], eventId: following(events[at].eventId) }, ...after];
    case "again":
      return [...before, events[at], events[at], ...after];
    case "replace":
      return replace(events, at, fault);
    case "insert":
      return [...before, events[at], { ...events[at], ...fault.event, eventId: following(events[at].eventId) }, ...after];
    case "swap":
      return swap(events, at, events.findIndex(({ eventId }) => eventId === fault.otherId));
    default:
      throw new Error(`the fault plan names an unknown damage: ${fault.change}`);
  }
}

/** Replaces an event by a copy of another, or changes it; the position keeps its id. */
function replace(events: Event[], at: number, { otherId, event }: Damage): Event[] {
  const other = otherId ? events.find(({ eventId }) => eventId === otherId) : events[at];
  if (!other) return events;
  return events.with(at, { ...other, ...event, eventId: events[at].eventId });
}

/** Swaps two events; each position keeps its id, so that the ids still ascend. */
function swap(events: Event[], one: number, other: number): Event[] {
  if (other < 0) return events;
  const swapped = [...events];
  swapped[one] = { ...events[other], eventId: events[one].eventId };
  swapped[other] = { ...events[one], eventId: events[other].eventId };
  return swapped;
}

/** An id that sorts directly after another. */
const following = (eventId: string) => {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const last = digits.indexOf(eventId.slice(-1));
  return last >= 0 && last < 31 ? eventId.slice(0, -1) + digits[last + 1] : `${eventId}Z`;
};
