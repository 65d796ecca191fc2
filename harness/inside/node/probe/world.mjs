// The World that the app is built with: the subject itself, with three taps. Two are always on and
// cost a few microseconds (which invocation is running; when a run ended). The third, which counts
// every World call, is on only in recording forks, so that it never slows what is timed.
import { probe } from "./probe.mjs";
import { subject } from "./subject.mjs";

const TERMINAL = new Set(["run_completed", "run_failed", "run_cancelled"]);
const AREAS = ["runs", "steps", "events", "hooks", "streams"];
const LIFECYCLE = new Set(["createQueueHandler", "start", "close"]);
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

/**
 * Counts the calls that come from outside, wherever a method lives (on the object or on its class).
 * What a World calls on itself is its own affair: methods run on the object, not on the stand-in.
 */
function recordCalls(target, area, replaced = {}) {
  return new Proxy(target, {
    get(_, name) {
      const member = replaced[name] ?? target[name];
      if (!isMethod(name, member)) return member;
      return (...parameters) => {
        noteCall(area, name, parameters);
        return member.apply(target, parameters);
      };
    },
  });
}

const isMethod = (name, member) =>
  typeof member === "function" && typeof name === "string" && !(name in Object.prototype);

function noteCall(area, name, parameters) {
  if (area === "" && LIFECYCLE.has(name)) return;
  const event = area === "events." && name === "create" ? `(${parameters[1]?.eventType})` : "";
  probe.noteWorldCall(`${area}${name}${event}`, parameters);
  if (name === "queue") probe.noteQueueMessage(routeOf(parameters[0]));
}

function recordWorld(world) {
  const areas = AREAS.filter((name) => world[name]);
  const recorded = areas.map((name) => [name, recordCalls(world[name], `${name}.`)]);
  return recordCalls(world, "", Object.fromEntries(recorded));
}

function tap(world) {
  tapInvocations(world);
  tapEndings(world);
  return RECORDING ? recordWorld(world) : world;
}

/** The v4 line calls this synchronously, the v5 lines await it: both get the World's own result. */
export function createWorld() {
  const world = instantiate();
  return typeof world?.then === "function" ? world.then(tap) : tap(world);
}
