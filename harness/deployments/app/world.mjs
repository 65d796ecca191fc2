// The World that the app is built with: the subject itself, with three taps. Two are always on and
// cost a few microseconds (which invocation is running; when a run ended). The third, which counts
// every World call, is on only in recording forks, so that it never slows what is timed.
import { probe } from "./probe.mjs";
import { subject } from "./subject.mjs";

const TERMINAL = new Set(["run_completed", "run_failed", "run_cancelled"]);
const RECORDING = process.env.WORLD_HARNESS_RECORDING === "1";

function instantiate() {
  const factory = subject.createWorld ?? subject.createLocalWorld ?? subject.default;
  return typeof factory === "function" ? factory() : factory;
}

const routeOf = (queueName) => (/(^|_)wkf_step_/.test(queueName) ? "step" : "flow");

function tapInvocations(world) {
  const createQueueHandler = world.createQueueHandler.bind(world);
  world.createQueueHandler = (prefix, handler) =>
    createQueueHandler(prefix, (message, metadata) =>
      probe.runInvocation(routeOf(prefix), () => handler(message, metadata)),
    );
}

function tapEndings(world) {
  const create = world.events.create.bind(world.events);
  world.events.create = async (runId, event, parameters) => {
    const result = await create(runId, event, parameters);
    if (TERMINAL.has(event.eventType)) probe.noteEnding(runId);
    return result;
  };
  if (!world.events.createBatch) return;
  const createBatch = world.events.createBatch.bind(world.events);
  world.events.createBatch = async (runId, items, parameters) => {
    const results = await createBatch(runId, items, parameters);
    if (items.some((item) => TERMINAL.has(item.event.eventType))) probe.noteEnding(runId);
    return results;
  };
}

function recordCalls(target, area) {
  for (const name in target) {
    const method = target[name];
    if (typeof method !== "function") continue;
    target[name] = (...parameters) => {
      const event = name === "create" && area === "events." ? `(${parameters[1]?.eventType})` : "";
      probe.noteWorldCall(`${area}${name}${event}`, parameters);
      if (name === "queue") probe.noteQueueMessage(routeOf(parameters[0]));
      return method.apply(target, parameters);
    };
  }
}

function recordWorld(world) {
  for (const area of ["runs", "steps", "events", "hooks", "streams"]) {
    if (world[area]) recordCalls(world[area], `${area}.`);
  }
  const own = ["queue", "writeToStream", "writeToStreamMulti", "readFromStream", "closeStream"];
  const flat = Object.fromEntries(own.filter((name) => world[name]).map((name) => [name, world[name].bind(world)]));
  recordCalls(flat, "");
  Object.assign(world, flat);
}

function tap(world) {
  tapInvocations(world);
  tapEndings(world);
  if (RECORDING) recordWorld(world);
  return world;
}

/** The v4 line calls this synchronously, the v5 lines await it: both get what the subject gives. */
export function createWorld() {
  const world = instantiate();
  return typeof world?.then === "function" ? world.then(tap) : tap(world);
}
