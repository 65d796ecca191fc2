// Faults of a message between the World's queue and the engine's handler.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Fault, type MessageKind, draw, hasStep, mayHurry, noteFault, passGate, takeDue } from "./faults.ts";
import { notes } from "./notes.ts";

type Handler = (message: any, metadata: any) => Promise<any>;
export type Delivery = { prefix: string; queueName: string; message: any; metadata: any };
type Batch = { waiting: (() => void)[]; timer: ReturnType<typeof setTimeout> };

const KEPT_MESSAGES = 500;
const GATE_LIMIT_MS = 60_000;
const SHUFFLE_LIMIT_MS = 1_500;
const SHUFFLE_GAP_MS = 15;
const COPY_TRIES = 12;
const COPY_PAUSE_MS = 500;
/** A copy with a longer retry delay than this is dropped: the World's own message comes back. */
const COPY_WAIT_LIMIT_S = 30;

const KEY = Symbol.for("world-harness.deliveries");
const state: {
  handlers: Map<string, Handler>;
  messages: Map<string, Delivery[]>;
  batches: Map<string, Batch>;
  count: number;
  current: AsyncLocalStorage<string>;
} = ((globalThis as any)[KEY] ??= {
  handlers: new Map(),
  messages: new Map(),
  batches: new Map(),
  count: 0,
  current: new AsyncLocalStorage(),
});

export const currentDelivery = () => state.current.getStore() ?? null;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export const runOf = (message: any): string | undefined => message?.runId ?? message?.workflowRunId;

export const isStepQueue = (queueName: string) => /(^|_)wkf_step_/.test(queueName);

export function kindOf(queueName: string, message: any): MessageKind {
  if (isStepQueue(queueName) || message?.stepId) return "step";
  return message?.runInput ? "start" : "wake";
}

export function stepOf(queueName: string, message: any): string | undefined {
  if (message?.stepName) return message.stepName;
  return isStepQueue(queueName) ? queueName.slice(queueName.indexOf("wkf_step_") + 9) : undefined;
}

/** Wraps the engine's handler, between the World's queue and the engine. */
export function wrapHandler(prefix: string, handler: Handler): Handler {
  state.handlers.set(prefix, handler);
  return (message, metadata) => {
    const runId = runOf(message);
    const delivery = { prefix, queueName: metadata?.queueName ?? prefix, message, metadata };
    return runId && !message.__healthCheck ? receive(runId, delivery) : handler(message, metadata);
  };
}

async function receive(runId: string, delivery: Delivery): Promise<any> {
  remember(runId, delivery);
  const { queueName, message } = delivery;
  const kind = kindOf(queueName, message);
  const what = { on: "message" as const, kind, step: stepOf(queueName, message) };
  const due = takeDue(runId, what).flatMap((fault) => (fault.do === "chaos" ? decide(runId, fault) : [fault]));
  for (const fault of due) await obstruct(runId, fault);
  const copies = due.filter((fault) => fault.do === "redeliver");
  for (const fault of copies) {
    if (fault.when === "together") void Promise.all(copy(fault, (n) => copyAtOnce(fault, delivery, n)));
    else if (fault.when === "late") void pause(Number(fault.delayMs)).then(() => copyInTurn(fault, delivery));
  }
  try {
    const result = await handle(delivery, "world", 0);
    const hurried = result?.timeoutSeconds > 0 && due.some((fault) => fault.do === "hurry" && mayHurry(runId, fault));
    return hurried ? { ...result, timeoutSeconds: 0 } : result;
  } finally {
    for (const fault of copies) if (fault.when === "after") void copyInTurn(fault, delivery);
  }
}

const copy = <T>(fault: Fault, deliver: (n: number) => T): T[] =>
  Array.from({ length: Number(fault.copies) }, (_, index) => deliver(index + 1));

/** Delivers copies at the same time, or each with a delay after the one before. */
async function copyAtOnce(fault: Fault, delivery: Delivery, n: number): Promise<void> {
  if (fault.delayMs) await pause(n * Number(fault.delayMs));
  await deliverUntilTaken(delivery, n, fault.once ? 1 : COPY_TRIES);
}

async function copyInTurn(fault: Fault, delivery: Delivery): Promise<void> {
  for (let n = 1; n <= Number(fault.copies); n++) await deliverUntilTaken(delivery, n);
}

/** Delays or refuses a message, or kills the process, before the engine sees it. */
async function obstruct(runId: string, fault: Fault): Promise<void> {
  if (fault.do === "kill") process.kill(process.pid, "SIGKILL");
  if (fault.do === "delay") await pause(Number(fault.ms));
  if (fault.do === "shuffle") await waitForOthers(runId, fault);
  if (fault.do === "refuse") throw new Error("the nemesis refused this delivery");
  if (fault.do === "hold" && !(await passGate(runId, String(fault.gate), GATE_LIMIT_MS)))
    notes.write({ kind: "gate", runId, gate: fault.gate, expired: true });
}

/** The faults that the seed chooses for the next message of a run. */
function decide(runId: string, fault: Fault): Fault[] {
  const number = (fault.drawn = Number(fault.drawn ?? 0) + 1);
  const seed = Number(fault.seed);
  if (draw(seed, number, 1) >= Number(fault.rate)) return [];
  noteFault(runId, fault);
  const choice = draw(seed, number, 2);
  const ms = 20 + Math.floor(400 * draw(seed, number, 3));
  if (choice < 0.35) return [{ ...fault, do: "redeliver", when: "together", copies: 1 }];
  if (choice < 0.6) return [{ ...fault, do: "redeliver", when: "after", copies: 1 }];
  if (choice < 0.75) return [{ ...fault, do: "redeliver", when: "late", copies: 1, delayMs: ms }];
  return [{ ...fault, do: "delay", ms }];
}

/** Collects messages and releases them in the order that the seed determines. */
function waitForOthers(runId: string, fault: Fault): Promise<void> {
  const key = `${runId} ${fault.index}`;
  let batch = state.batches.get(key);
  if (!batch) {
    batch = { waiting: [], timer: setTimeout(() => releaseBatch(runId, fault), SHUFFLE_LIMIT_MS) };
    state.batches.set(key, batch);
  }
  const { waiting } = batch;
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length >= Number(fault.count)) releaseBatch(runId, fault);
  });
}

function releaseBatch(runId: string, fault: Fault): void {
  const key = `${runId} ${fault.index}`;
  const batch = state.batches.get(key);
  if (!batch) return;
  state.batches.delete(key);
  clearTimeout(batch.timer);
  const rank = (place: number) => draw(Number(fault.seed), place);
  const order = batch.waiting.map((_, place) => place).sort((a, b) => rank(a) - rank(b));
  if (order.some((place, index) => place !== index)) noteFault(runId, fault);
  order.forEach((place, index) => setTimeout(batch.waiting[place], SHUFFLE_GAP_MS * index));
}

/** Delivers a copy as a queue does: again after a failure, and again on request. */
async function deliverUntilTaken(delivery: Delivery, copyNumber: number, limit = COPY_TRIES): Promise<void> {
  for (let tries = 0; tries < limit; tries++) {
    let wait = COPY_PAUSE_MS;
    try {
      const result = await handle(delivery, "nemesis", copyNumber + tries);
      if (!result?.timeoutSeconds || result.timeoutSeconds > COPY_WAIT_LIMIT_S) return;
      wait = 1_000 * result.timeoutSeconds;
    } catch {
      // A queue delivers a refused message again.
    }
    await pause(wait);
  }
}

async function handle({ prefix, queueName, message, metadata }: Delivery, cause: string, extra: number) {
  const handler = state.handlers.get(prefix);
  if (!handler) throw new Error(`this process has no handler for ${prefix}`);
  const runId = runOf(message);
  const delivery = `${process.pid}-${++state.count}`;
  const attempt = (metadata?.attempt ?? 1) + extra;
  notes.write({
    kind: "delivery",
    runId,
    delivery,
    message: kindOf(queueName, message),
    step: stepOf(queueName, message),
    stepId: message.stepId,
    messageId: metadata?.messageId,
    attempt,
    cause,
  });
  const end = (outcome: string) => notes.write({ kind: "delivered", runId, delivery, outcome });
  try {
    const result = await state.current.run(delivery, () => handler(message, { ...metadata, attempt }));
    end(result?.timeoutSeconds === undefined ? "done" : `again in ${result.timeoutSeconds} s`);
    return result;
  } catch (error) {
    end(`error ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
    throw error;
  }
}

function remember(runId: string, delivery: Delivery): void {
  const known = state.messages.get(runId) ?? [];
  known.push(delivery);
  if (known.length > KEPT_MESSAGES) known.shift();
  state.messages.set(runId, known);
}

/** The messages of a run that this process received, in order. */
export function findMessages(runId: string, kind?: MessageKind, step?: string): Delivery[] {
  return (state.messages.get(runId) ?? []).filter(
    ({ queueName, message }) =>
      (!kind || kindOf(queueName, message) === kind) && (!step || hasStep(stepOf(queueName, message), step)),
  );
}

/** Delivers copies of a message at the same time; resolves when all are handled. */
export const deliverAgain = (delivery: Delivery, copies: number): Promise<unknown> =>
  Promise.all(Array.from({ length: copies }, (_, index) => deliverUntilTaken(delivery, index + 1)));
