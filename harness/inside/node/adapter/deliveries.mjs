// The app that a World delivers to: its real queue handlers behind a real HTTP server. The harness
// decides how each delivery is settled.
import { createServer } from "node:http";
import { now } from "./calls.mjs";
import { encode } from "./wire.mjs";

const ROUTES = { flow: "/.well-known/workflow/v1/flow", step: "/.well-known/workflow/v1/step" };

const routeOf = (prefix) => (/(^|_)wkf_step_/.test(prefix) ? ROUTES.step : ROUTES.flow);

async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

async function answerWith(handler, request, response, port) {
  const body = await readBody(request);
  const answer = await handler(
    new Request(`http://127.0.0.1:${port}${request.url}`, {
      method: request.method,
      headers: Object.entries(request.headers).flatMap(([name, value]) =>
        [value].flat().map((each) => [name, String(each)]),
      ),
      // Keep a missing body missing: handlers check for it.
      body: body.length === 0 ? undefined : body,
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}

const ACTIONS = {
  ack: () => undefined,
  retry: ({ seconds }) => ({ timeoutSeconds: seconds }),
  error: ({ message }) => {
    throw new Error(message ?? "the harness wants this delivery to fail");
  },
  never: () => new Promise(() => {}),
};

/** Serves a World's queue handlers; `tell` sends a notice to the harness. */
export class Deliveries {
  #world;
  #tell;
  #server;
  #open = new Map();
  #count = 0;
  #toDrop = 0;
  #dropped = 0;

  constructor(world, tell) {
    this.#world = world;
    this.#tell = tell;
  }

  async serve({ prefixes, port }) {
    const handlers = new Map(
      prefixes.map((prefix) => [
        routeOf(prefix),
        this.#world.createQueueHandler(prefix, (message, metadata) => this.#deliver(message, metadata)),
      ]),
    );
    this.#server = createServer((request, response) => {
      if (this.#toDrop > 0) {
        this.#toDrop -= 1;
        this.#dropped += 1;
        this.#tell({ notice: "dropped", at: now() });
        request.socket.destroy();
        return;
      }
      const handler = handlers.get(new URL(request.url, "http://here").pathname);
      if (!handler) {
        response.writeHead(404).end();
        return;
      }
      answerWith(handler, request, response, port).catch((error) => {
        if (!response.headersSent) response.writeHead(500);
        response.end(String(error?.message ?? error));
      });
    });
    await new Promise((ready, failed) => {
      this.#server.once("error", failed);
      this.#server.listen(port, "127.0.0.1", ready);
    });
    return { port: this.#server.address().port };
  }

  async #deliver(message, metadata) {
    const delivery = ++this.#count;
    const decided = new Promise((decide) => this.#open.set(delivery, decide));
    this.#tell({
      notice: "delivery",
      delivery,
      queueName: String(metadata?.queueName),
      messageId: String(metadata?.messageId),
      attempt: encode(metadata?.attempt),
      message: encode(message),
      at: now(),
    });
    const decision = await decided;
    try {
      return await ACTIONS[decision.action](decision);
    } finally {
      this.#tell({ notice: "settled", delivery, at: now() });
    }
  }

  decide(decision) {
    const decide = this.#open.get(decision.delivery);
    this.#open.delete(decision.delivery);
    decide?.(decision);
  }

  drop({ connections }) {
    this.#toDrop = connections;
    return { dropped: this.#dropped };
  }

  async unserve() {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  }
}
