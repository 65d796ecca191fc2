// A World that keeps everything in memory, and delivers a message when it is told to.
export class TinyWorld {
  #events = new Map();
  #handlers = new Map();
  /** What `events.create` throws when it is asked to. */
  thrown = Object.assign(new Error("the World's own"), { name: "EntityConflictError" });
  written = [];

  constructor({ batches = false, flat = false } = {}) {
    const world = this;
    this.events = {
      // A method that needs its own `this`.
      names: ["create", "list"],
      async create(runId, data) {
        if (!this.names.includes("create")) throw new Error("this is not what it was");
        if (data.eventType === "throw") throw world.thrown;
        return { event: world.#append(runId, data) };
      },
      async list({ runId, pagination }) {
        const from = Number(pagination?.cursor ?? 0);
        return { data: world.#log(runId).slice(from), cursor: String(world.#log(runId).length), hasMore: false };
      },
    };
    if (batches) this.events.createBatch = async (runId, items) => items.map(({ event }) => ({ event: world.#append(runId, event) }));
    if (flat) this.writeToStream = async (name, runId, chunk) => void this.written.push([name, runId, chunk]);
    else
      this.streams = {
        async write(runId, name, chunk) {
          world.written.push([name, runId, chunk]);
        },
        createWriteSession: () => ({ opened: world instanceof TinyWorld }),
      };
  }

  #log(runId) {
    if (!this.#events.has(runId)) this.#events.set(runId, []);
    return this.#events.get(runId);
  }

  #append(runId, data) {
    const log = this.#log(runId);
    const event = { ...data, eventId: `evnt_${String(10 * (log.length + 1)).padStart(4, "0")}` };
    log.push(event);
    return event;
  }

  async queue(_name, _message, options) {
    return { delaySeconds: options?.delaySeconds ?? null };
  }

  createQueueHandler(prefix, handler) {
    this.#handlers.set(prefix, handler);
    return handler;
  }

  deliver(prefix, message, metadata) {
    return this.#handlers.get(prefix)(message, metadata);
  }
}
