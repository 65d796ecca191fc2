// The adapter for Node: one JSON message per line, from the harness on standard input and to it on
// standard output. The World's own output goes to standard error.
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { Deliveries } from "./deliveries.mjs";
import { now, perform, performAll, readStream } from "./calls.mjs";
import { encode, encodeError } from "./wire.mjs";
import { openWorld } from "./world.mjs";

Object.defineProperty(process, "stdout", { value: process.stderr });

const waiting = [];
let flushing = false;

function flush() {
  flushing = false;
  // The leading line break ends any output that other code wrote directly to stdout.
  writeSync(1, `\n${waiting.splice(0).join("\n")}\n`);
}

function tell(message) {
  waiting.push(JSON.stringify(message));
  if (flushing) return;
  flushing = true;
  setImmediate(flush);
}

let world;
let deliveries;

const OPERATIONS = {
  open: async ({ world: wanted }) => {
    world = await openWorld(wanted);
    deliveries = new Deliveries(world, tell);
    flushCompileCache();
    const { methods, specVersion, shape, capabilities } = world;
    return {
      protocol: 1,
      adapter: "node",
      language: "typescript",
      runtime: process.version,
      specVersion,
      shape,
      methods: [...methods.keys()],
      capabilities: encode(capabilities),
      package: world.package,
    };
  },
  serve: (request) => deliveries.serve(request),
  unserve: () => deliveries.unserve(),
  drop: (request) => deliveries.drop(request),
  decide: (request) => deliveries.decide(request),
  ping: () => null,
  exit: async () => {
    await deliveries?.unserve();
    process.stdin.destroy();
  },
};

const CALLS = {
  call: (request) => perform(world, request),
  read: (request) => readStream(world, request),
  batch: async (request) => {
    const start = now();
    return { results: await performAll(world, request), start, end: now() };
  },
};

async function answer(request) {
  if (request.op in CALLS) return CALLS[request.op](request);
  const start = now();
  try {
    const operation = OPERATIONS[request.op];
    if (!operation) throw new Error(`the adapter knows no operation ${request.op}`);
    return { ok: (await operation(request)) ?? null, start, end: now() };
  } catch (thrown) {
    return { error: encodeError(thrown), start, end: now() };
  }
}

function take(line) {
  if (line.trim() === "") return;
  const request = JSON.parse(line);
  answer(request).then((reply) => tell({ id: request.id, ...reply }));
}

// Failing background work of a World must not end the adapter: it is reported to the harness.
for (const kind of ["uncaughtException", "unhandledRejection"]) {
  process.on(kind, (thrown) => tell({ notice: "unhandled", error: encodeError(thrown), at: now() }));
}

// A line of megabytes arrives in many pieces: to search all of it after each would take seconds.
let begun = [];
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  const [first, ...others] = text.split("\n");
  begun.push(first);
  if (others.length === 0) return;
  const lines = [begun.join(""), ...others.slice(0, -1)];
  begun = others.slice(-1);
  lines.forEach(take);
});
process.stdin.on("end", () => process.exit(0));
