// What the app records about itself during a measurement: the invocation of each step body, the
// end of each run, and (in a recording fork) the calls of the World.
// One state per process, even if a bundler copies this module.
import { AsyncLocalStorage } from "node:async_hooks";

const KEY = Symbol.for("world-harness.probe");

/** Milliseconds since the epoch, sub-millisecond, from the process's monotonic clock. */
const now = () => performance.timeOrigin + performance.now();

function byteLength(value) {
  if (value === undefined || value === null) return 0;
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return value.byteLength;
  let binary = 0;
  const text = JSON.stringify(value, (_, part) => {
    if (!(part instanceof Uint8Array)) return part;
    binary += part.byteLength;
    return undefined;
  });
  return binary + Buffer.byteLength(text ?? "");
}

function createProbe() {
  const invocations = new AsyncLocalStorage();
  const ownQuestions = new AsyncLocalStorage();
  const marks = new Map();
  const endings = new Map();
  let invocationCount = 0;
  let inFlight = 0;
  let lastChange = now();
  let ledger = null;

  const countIn = (table, key, amount = 1) => {
    table[key] = (table[key] ?? 0) + amount;
  };

  return {
    now,

    async runInvocation(route, handle) {
      inFlight++;
      lastChange = now();
      if (ledger) countIn(ledger.invocations, route);
      try {
        return await invocations.run(`${process.pid}-${++invocationCount}`, handle);
      } finally {
        inFlight--;
        lastChange = now();
      }
    },

    enterStep(runId, stepId, attempt) {
      const mark = { stepId, attempt, invocation: invocations.getStore() ?? null, enteredAtMs: now() };
      if (!marks.has(runId)) marks.set(runId, []);
      marks.get(runId).push(mark);
      return () => {
        mark.leftAtMs = now();
      };
    },

    hasEntered: (runId) => marks.has(runId),

    takeMarks(runId) {
      const taken = marks.get(runId) ?? [];
      marks.delete(runId);
      return taken;
    },

    noteEnding(runId) {
      const at = now();
      const waiting = endings.get(runId);
      if (waiting?.resolve) waiting.resolve(at);
      else endings.set(runId, { at });
    },

    /** Resolves when the run's terminal event has been committed through this process. */
    ending(runId) {
      const known = endings.get(runId);
      if (known?.at) return Promise.resolve(known.at);
      return new Promise((resolve) => endings.set(runId, { resolve }));
    },

    forgetEnding: (runId) => endings.delete(runId),

    /** Waits until no invocation has been in flight for `quietMs`; false when `limitMs` passes first. */
    async settle(quietMs, limitMs) {
      const deadline = now() + limitMs;
      while (now() < deadline) {
        const quietFor = inFlight === 0 ? now() - lastChange : 0;
        if (inFlight === 0 && quietFor >= quietMs) return true;
        await new Promise((resolve) => setTimeout(resolve, Math.max(5, quietMs - quietFor)));
      }
      return false;
    },

    openLedger() {
      ledger = { invocations: {}, worldCalls: {}, queueMessages: {}, bytes: {} };
    },

    closeLedger() {
      const closed = ledger;
      ledger = null;
      return closed;
    },

    /** Calls the World for the harness itself: the ledger does not count it. */
    askUncounted: (ask) => ownQuestions.run(true, ask),

    noteWorldCall(method, parameters) {
      if (!ledger || ownQuestions.getStore()) return;
      countIn(ledger.worldCalls, method);
      countIn(ledger.bytes, method, parameters.reduce((sum, part) => sum + byteLength(part), 0));
    },

    noteQueueMessage(route) {
      if (ledger) countIn(ledger.queueMessages, route);
    },
  };
}

export const probe = (globalThis[KEY] ??= createProbe());
