// A wrapper around the World: it records every call and message, and injects the run's faults.
// The wrapped World is the published package; a run without a plan is only recorded.
import { AsyncLocalStorage } from "node:async_hooks";
import "./bodies.ts";
import { currentDelivery, kindOf, runOf, stepOf, wrapHandler } from "./deliveries.ts";
import { type Fault, bindStarting, mayHurry, takeDue } from "./faults.ts";
import { notes, now } from "./notes.ts";
import { damagePage } from "./reading.ts";
// Resolved by the app: it says which package the World comes from.
import { subject } from "./subject.mjs";

const AREAS = ["runs", "steps", "events", "hooks", "streams"];
const FLAT = new Set([
  "queue",
  "writeToStream",
  "writeToStreamMulti",
  "closeStream",
  "readFromStream",
  "listStreamsByRunId",
  "getStreamChunks",
  "getStreamInfo",
]);

/** Methods that return an object at once instead of a promise: they are not recorded. */
const IMMEDIATE = new Set(["streams.createWriteSession"]);

const KEY = Symbol.for("world-harness.wrapper");
const state: {
  bare: any;
  own: AsyncLocalStorage<boolean>;
  stepNames: Map<string, string>;
} = ((globalThis as any)[KEY] ??= { bare: undefined, own: new AsyncLocalStorage(), stepNames: new Map() });

/** The World without its wrapper, for the questions of the harness. */
export const bareWorld = () => state.bare;

/** Makes calls for the harness itself: not recorded, and without faults. */
export const askQuietly = <T>(ask: () => T): T => state.own.run(true, ask);

type Call = { method: string; runId?: string; events: string[]; step?: string; note: Record<string, unknown> };

/** A lazy start also creates the step, so it counts as both. */
function describeEvent(runId: string | undefined, event: any): Call {
  const type = event?.eventType;
  const lazy = type === "step_started" && event.eventData?.input !== undefined;
  const stepId = event?.correlationId;
  const name = event?.eventData?.stepName;
  if (name && stepId) state.stepNames.set(stepId, name);
  return {
    method: "events.create",
    runId,
    events: lazy ? ["step_created", "step_started"] : [type],
    step: stepId && state.stepNames.get(stepId),
    note: { event: type, lazy: lazy || undefined, correlationId: stepId },
  };
}

function describeCall(area: string, name: string, parameters: any[]): Call {
  const method = area ? `${area}.${name}` : name;
  if (method === "events.create") return describeEvent(parameters[0], parameters[1]);
  if (method === "events.createBatch") {
    const parts = parameters[1].map((item: any) => describeEvent(parameters[0], item.event));
    const events = parts.flatMap((part: Call) => part.events);
    return { method, runId: parameters[0], events, step: parts[0]?.step, note: { events } };
  }
  if (method === "queue") return describeQueue(parameters);
  return { method, runId: findRun(parameters), events: [], note: {} };
}

/** The streams of the v4 line name the run behind the stream. */
function findRun(parameters: any[]): string | undefined {
  const isRun = (given: unknown): given is string => typeof given === "string" && given.startsWith("wrun_");
  return parameters.slice(0, 2).find(isRun) ?? parameters[0]?.runId;
}

function describeQueue([queueName, message, options]: any[]): Call {
  return {
    method: "queue",
    runId: runOf(message),
    events: [],
    step: stepOf(queueName, message),
    note: {
      message: kindOf(queueName, message),
      stepId: message?.stepId,
      key: options?.idempotencyKey,
      delaySeconds: options?.delaySeconds,
    },
  };
}

async function suffer(fault: Fault): Promise<void> {
  if (fault.do === "slow") await new Promise((resolve) => setTimeout(resolve, Number(fault.ms)));
  if (fault.do === "kill") process.kill(process.pid, "SIGKILL");
  if (fault.do === "fail") {
    const { name, message, ...rest } = fault.error as { name: string; message: string };
    throw Object.assign(new Error(message), { name, ...rest });
  }
}

/** Delivers a delayed message at once. */
function hurry(call: Call, parameters: any[], fault: Fault): void {
  const options = parameters[2];
  if (call.method === "queue" && options?.delaySeconds > 0 && mayHurry(call.runId!, fault))
    parameters[2] = { ...options, delaySeconds: undefined };
}

async function perform(call: Call, parameters: any[], act: () => Promise<any>): Promise<any> {
  const what = { on: "call" as const, method: call.method, events: call.events, step: call.step };
  const began = now();
  const write = (outcome: Record<string, unknown>) =>
    notes.write({
      kind: "call",
      runId: call.runId,
      method: call.method,
      step: call.step,
      ...call.note,
      beganAtMs: began,
      delivery: currentDelivery(),
      ...outcome,
    });
  let result: any;
  try {
    for (const fault of takeDue(call.runId, { ...what, side: "before" })) {
      if (fault.do === "hurry") hurry(call, parameters, fault);
      else await suffer(fault);
    }
    result = await act();
  } catch (error) {
    write({ error: error instanceof Error ? error.name : String(error) });
    throw error;
  }
  write({ eventId: result?.event?.eventId });
  for (const fault of takeDue(call.runId, { ...what, side: "after" })) await suffer(fault);
  return result;
}

function reread(call: Call, parameters: any[], result: any): any {
  if (call.method === "events.list" && result?.data) {
    const options = parameters[0];
    return { ...result, data: damagePage(options?.runId, result.data, !!options?.pagination?.cursor) };
  }
  if (call.method === "events.create" && result?.events) {
    return { ...result, events: damagePage(call.runId, result.events, !!parameters[2]?.sinceCursor) };
  }
  return result;
}

function wrapMethods(target: any, area: string, replaced: Record<string, unknown> = {}): any {
  return new Proxy(target, {
    get(_, name) {
      const member = replaced[name as string] ?? target[name];
      if (typeof member !== "function" || typeof name !== "string" || name in Object.prototype) return member;
      if (!area && !FLAT.has(name)) return name in replaced ? member : member.bind(target);
      if (IMMEDIATE.has(`${area}.${name}`)) return member.bind(target);
      return async (...parameters: any[]) => {
        const act = () => member.apply(target, parameters);
        if (state.own.getStore()) return act();
        const call = describeCall(area, name, parameters);
        bindStarting(call.runId);
        return reread(call, parameters, await perform(call, parameters, act));
      };
    },
  });
}

function wrap(world: any): any {
  if (typeof world?.createQueueHandler !== "function" || typeof world?.events?.create !== "function")
    throw new Error("this World cannot be wrapped: it has no createQueueHandler, or no events.create");
  state.bare = world;
  const mutated = applyMutant(world);
  const areas = AREAS.filter((name) => mutated[name]);
  return wrapMethods(mutated, "", {
    ...Object.fromEntries(areas.map((name) => [name, wrapMethods(mutated[name], name)])),
    createQueueHandler: (prefix: string, handler: any) =>
      mutated.createQueueHandler(prefix, wrapHandler(prefix, handler)),
  });
}

/** A defect to put between the World and its wrapper: how the suites themselves are tested. */
function applyMutant(world: any): any {
  const place = process.env.WORLD_HARNESS_MUTANT;
  if (!place) return world;
  const [path, name] = place.split("#");
  const load = process.getBuiltinModule("node:module").createRequire(`${process.cwd()}/`);
  const mutants = load(path);
  if (!mutants[name]) throw new Error(`there is no mutant called ${name}`);
  return mutants[name](world);
}

function instantiate(): any {
  const factory = subject.createWorld ?? subject.createLocalWorld ?? subject.default;
  return typeof factory === "function" ? factory() : factory;
}

/** Opens the unwrapped World again, with another environment. */
export async function openElsewhere(env: Record<string, string>): Promise<void> {
  const kept = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
  Object.assign(process.env, env);
  try {
    await instantiate();
  } finally {
    for (const [name, text] of Object.entries(kept))
      if (text === undefined) delete process.env[name];
      else process.env[name] = text;
  }
}

/** The v4 line calls this synchronously, the v5 lines await it: both get the World's own result. */
export function createWorld(): any {
  const world = instantiate();
  return typeof world?.then === "function" ? world.then(wrap) : wrap(world);
}
