// Drives the wrapper around a tiny World: a JSON line a request on stdin, a JSON line an answer.
import { createInterface } from "node:readline";
import { currentDelivery, deliverAgain, findMessages } from "./deliveries.ts";
import { bindPlan, draw, openGate, passGate, starting } from "./faults.ts";
import { createWorld, askQuietly, bareWorld } from "./wrapper.ts";

const PREFIX = "__wkf_workflow_";
const world = await createWorld();
const seen = [];
const failures = new Map();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The engine: a message says how long it takes, how often it fails, and when it wants to come again.
async function handle(message, metadata) {
  const entry = { name: message.name ?? null, attempt: metadata.attempt, delivery: currentDelivery(), ended: false };
  seen.push(entry);
  if (message.ms) await pause(message.ms);
  entry.ended = true;
  const failed = failures.get(message.name) ?? 0;
  if (failed < (message.fails ?? 0)) {
    failures.set(message.name, failed + 1);
    throw new Error(`${message.name} fails`);
  }
  if (message.again && metadata.attempt === 1) return { timeoutSeconds: message.again };
}

world.createQueueHandler(PREFIX, handle);

const find = (method) => {
  const [area, name] = method.split(".");
  return name ? (...args) => world[area][name](...args) : (...args) => world[area](...args);
};

const answers = {
  deliver: ({ message, attempt = 1 }) =>
    bareWorld().deliver(PREFIX, message, { attempt, queueName: `${PREFIX}it`, messageId: "msg_1" }),
  call: ({ method, args }) => find(method)(...args),
  quietly: ({ method, args }) => askQuietly(() => find(method)(...args)),
  plan: async ({ runId, plan }) => bindPlan(runId, plan),
  start: ({ runId, plan }) =>
    starting.run({ plan }, async () => {
      await world.events.create(runId, { eventType: "run_created" });
      await world.queue(`${PREFIX}it`, { runId, runInput: {} }, {});
    }),
  open: async ({ runId, gate }) => openGate(runId, gate),
  pass: ({ runId, gate, limitMs }) => passGate(runId, gate, limitMs),
  again: async ({ runId, kind, copies }) => {
    const [delivery] = findMessages(runId, kind);
    await deliverAgain(delivery, copies);
  },
  body: ({ runId, key, step, fails }) =>
    globalThis[Symbol.for("world-harness.bodies")].perform(
      { runId, key, step, stepId: `step_${key}`, attempt: 1 },
      async (entered, failed) => {
        if (fails) throw new Error(`${key} fails`);
        return { entered, failed };
      },
    ),
  effect: async ({ runId, key }) => globalThis[Symbol.for("world-harness.bodies")].effect(runId, key),
  draw: async ({ table }) => table.map((row) => draw(...row)),
  seen: async () => seen,
  members: async ({ area }) => {
    const place = area ? world[area] : world;
    return Object.keys(place).filter((name) => typeof place[name] === "function");
  },
  session: async () => world.streams.createWriteSession("wrun_1", "s", {}),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...request } = JSON.parse(line);
  const reply = (content) => process.stdout.write(`${JSON.stringify({ id, ...content })}\n`);
  void Promise.resolve()
    .then(() => answers[request.do](request))
    .then(
      (answer) => reply({ answer: answer ?? null }),
      (error) => reply({ error: { ...error, name: error.name, message: error.message, own: error === bareWorld().thrown } }),
    );
}
process.exit(0);
