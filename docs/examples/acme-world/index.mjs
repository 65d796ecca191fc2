// A World in a few lines: the SDK's local World, with the events of each run written one at a time.
import { createWorld as createLocalWorld } from "@workflow/world-local";

/** Runs tasks of one name one after another. */
function makeQueues() {
  const tails = new Map();
  return (name, task) => {
    const result = (tails.get(name) ?? Promise.resolve()).then(task);
    const tail = result.catch(() => {});
    tails.set(name, tail);
    tail.then(() => tails.get(name) === tail && tails.delete(name));
    return result;
  };
}

export function createWorld() {
  const local = createLocalWorld({ dataDir: process.env.ACME_DATA_DIR });
  const inOrder = makeQueues();
  const create = local.events.create.bind(local.events);
  return {
    ...local,
    events: {
      ...local.events,
      create: (runId, event, params) => inOrder(runId ?? "", () => create(runId, event, params)),
    },
  };
}
