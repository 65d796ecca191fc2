// Which faults are due: a plan belongs to a run, and each of its faults waits for its matches.
import { AsyncLocalStorage } from "node:async_hooks";
import { notes } from "./notes.ts";

/** The kind of a queue message: starts the run, executes a step, or wakes the run. */
export type MessageKind = "start" | "step" | "wake";

export type Place = {
  /** A delivered message, a call of the World, or a step's body. */
  on: "message" | "call" | "body";
  kind?: MessageKind;
  method?: string;
  event?: string;
  step?: string;
  side?: "before" | "after";
};

export type Fault = {
  do: string;
  at: Place;
  /** The first match at which it happens, counted from 1, and the number of matches from there on. */
  nth: number;
  times: number;
  /** Its index in the run's plan. */
  index?: number;
  [setting: string]: unknown;
};

export type Happening = {
  on: Place["on"];
  side?: Place["side"];
  kind?: MessageKind;
  method?: string;
  events?: string[];
  step?: string;
};

type State = {
  plans: Map<string, { fault: Fault; seen: number }[]>;
  gates: Map<string, () => void>;
  opened: Set<string>;
};

const KEY = Symbol.for("world-harness.faults");
const SHARED = Symbol.for("world-harness.starting");

const state: State = ((globalThis as any)[KEY] ??= { plans: new Map(), gates: new Map(), opened: new Set() });

/** While a run is being started, its plan waits here for the run's id. */
export const starting: AsyncLocalStorage<{ plan: Fault[]; bound?: string }> = ((globalThis as any)[SHARED] ??=
  new AsyncLocalStorage());

/** Where each kind of fault can happen. */
const KNOWN: Record<string, Place["on"][]> = {
  redeliver: ["message"],
  delay: ["message"],
  hold: ["message"],
  refuse: ["message"],
  shuffle: ["message"],
  chaos: ["message"],
  fail: ["call"],
  slow: ["call"],
  kill: ["message", "call", "body"],
  damage: ["call"],
  echo: ["call"],
  hurry: ["message", "call"],
};
const CHOICES: Record<string, [setting: string, values: string[]]> = {
  redeliver: ["when", ["together", "after", "late"]],
  damage: ["change", ["drop", "repeat", "again", "replace", "swap", "insert"]],
  echo: ["change", ["twice", "early"]],
};
const PLACES = new Set(["message", "call", "body"]);
/** A match does not always give these faults something to do; they are noted only when it does. */
const NOTED_WHEN_DONE = new Set(["shuffle", "chaos", "damage", "echo", "hurry"]);

/** Throws if a plan contains something that this nemesis does not know. */
export function checkPlan(plan: Fault[]): void {
  for (const fault of plan) {
    const { on, side } = fault.at ?? {};
    const places = Object.hasOwn(KNOWN, fault.do) ? KNOWN[fault.do] : undefined;
    if (!places) throw new Error(`the fault plan names an unknown fault: ${fault.do}`);
    if (!PLACES.has(on)) throw new Error(`the fault plan names an unknown point: ${on}`);
    if (!places.includes(on))
      throw new Error(`the fault ${fault.do} cannot happen at a ${on}; place it at a ${places.join(" or a ")}`);
    if (side === "after" && on !== "call") throw new Error(`the fault ${fault.do} cannot happen after a ${on}; only a call has sides`);
    const [setting, values] = CHOICES[fault.do] ?? [];
    if (setting && !values?.includes(String(fault[setting])))
      throw new Error(`the fault ${fault.do} has an unknown ${setting}: ${fault[setting]}`);
  }
}

export function bindPlan(runId: string, plan: Fault[]): void {
  checkPlan(plan);
  const bound = state.plans.get(runId) ?? [];
  for (const fault of plan) bound.push({ fault: { ...fault, index: bound.length }, seen: 0 });
  state.plans.set(runId, bound);
}

/** Binds the plan of the start in progress to the run; called with its first known run id. */
export function bindStarting(runId: string | null | undefined): void {
  const store = starting.getStore();
  if (!store || store.bound || !runId) return;
  store.bound = runId;
  if (store.plan.length) bindPlan(runId, store.plan);
}

export const hasStep = (name: string | undefined, step: string) => name === step || !!name?.endsWith(`//${step}`);

function matches({ at }: Fault, what: Happening): boolean {
  return (
    at.on === what.on &&
    (at.side ?? "before") === (what.side ?? "before") &&
    (!at.kind || at.kind === what.kind) &&
    (!at.method || at.method === what.method) &&
    (!at.event || !!what.events?.includes(at.event)) &&
    (!at.step || hasStep(what.step, at.step))
  );
}

/** Returns the faults that are due now; notes those that always happen when due. */
export function takeDue(runId: string | undefined, what: Happening): Fault[] {
  const due: Fault[] = [];
  for (const entry of (runId && state.plans.get(runId)) || []) {
    const { fault } = entry;
    if (!matches(fault, what)) continue;
    entry.seen++;
    if (entry.seen < fault.nth || entry.seen >= fault.nth + fault.times) continue;
    if (!NOTED_WHEN_DONE.has(fault.do)) noteFault(runId!, fault);
    due.push(fault);
  }
  return due;
}

/** The faults of one kind in a run's plan; does not trigger them. */
export const listFaults = (runId: string, kind: string): Fault[] =>
  (state.plans.get(runId) ?? []).map(({ fault }) => fault).filter((fault) => fault.do === kind);

/** Records that a fault happened. */
export function noteFault(runId: string, fault: Fault): void {
  notes.write({ kind: "fault", runId, fault: fault.index, do: fault.do });
}

/** Returns whether to hurry a message, and records it; each fault has a limit. */
export function mayHurry(runId: string, fault: Fault): boolean {
  const done = Number(fault.done ?? 0);
  if (done >= Number(fault.most)) return false;
  fault.done = done + 1;
  noteFault(runId, fault);
  return true;
}

/** Waits until the gate of a run is opened; false if it was not opened in time. */
export async function passGate(runId: string, gate: string, limitMs: number): Promise<boolean> {
  const key = `${runId} ${gate}`;
  if (state.opened.has(key)) return true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const opened = new Promise<boolean>((resolve) => {
    const before = state.gates.get(key);
    state.gates.set(key, () => {
      before?.();
      resolve(true);
    });
    timer = setTimeout(() => resolve(false), limitMs);
  });
  return opened.finally(() => clearTimeout(timer));
}

export function openGate(runId: string, gate: string): void {
  const key = `${runId} ${gate}`;
  state.opened.add(key);
  state.gates.get(key)?.();
  state.gates.delete(key);
}

/** A number in [0, 1) that depends only on seed and place. */
export function draw(seed: number, ...place: number[]): number {
  let hash = 2166136261 ^ seed;
  for (const part of place) {
    hash = Math.imul(hash ^ part, 16777619);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 2246822507);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 3266489909);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}
