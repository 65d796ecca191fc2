// A World of oddities: what `events.create` does is named by the event's type.
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";

const chunks = [new Uint8Array([1]), new Uint8Array([2, 3]), new Uint8Array([])];
const kept = [];

const oddities = {
  echo: (value) => value,
  keep: (value) => kept.push(value) && value,
  kept: () => kept.at(-1),
  sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
  refuse: () => {
    throw Object.assign(new Error("there is one already"), { name: "EntityConflictError", status: 409, retryAfter: 3 });
  },
  throwText: () => {
    throw "not an error";
  },
  giveFunction: () => ({ call: () => 1, cyclic: globalThis }),
  print: () => {
    console.log("printed");
    process.stdout.write('{"id":1,"ok":"a lie"}');
    writeSync(1, "printed past the adapter, without an end");
    spawnSync("sh", ["-c", "echo from a child; printf 'no end'"], { stdio: "inherit" });
  },
  failLater: () => {
    setTimeout(() => {
      throw new Error("in the background");
    });
    Promise.reject(new TypeError("rejected"));
  },
  hang: () => new Promise(() => {}),
  block: () => {
    for (;;);
  },
  die: () => process.exit(7),
  keepAlive: () => {
    setInterval(() => {}, 1000);
  },
};

const stream = (endless, broken) =>
  new ReadableStream({
    start(controller) {
      chunks.forEach((chunk) => controller.enqueue(chunk));
      if (broken) setTimeout(() => controller.error(new Error("the connection is gone")), 50);
      else if (!endless) controller.close();
    },
  });

const flat = process.env.ODD_SHAPE === "v4";
const streams = {
  write: async (runId, name, chunk) => void (await oddities.keep([runId, name, chunk])),
  get: async (runId, name) => stream(name === "endless", name === "broken"),
};

export function createWorld() {
  return {
    specVersion: flat ? undefined : 5,
    capabilities: { hookRetention: { active: true } },
    events: { create: async (runId, event) => oddities[event.eventType](event.eventData) },
    ...(flat
      ? {
          writeToStream: (name, runId, chunk) => streams.write(runId, name, chunk),
          readFromStream: (name) => streams.get("", name),
          closeStream: async () => {},
        }
      : { streams }),
    createQueueHandler: (prefix, handler) => async (request) => {
      const queueName = request.headers.get("x-queue");
      if (!queueName?.startsWith(prefix)) return new Response("not mine", { status: 400 });
      try {
        const said = await handler(await request.json(), { queueName, messageId: "msg_1", attempt: 1 });
        return Response.json(said ?? { done: true });
      } catch (error) {
        return new Response(error.message, { status: 500 });
      }
    },
    start: async () => "started",
  };
}
