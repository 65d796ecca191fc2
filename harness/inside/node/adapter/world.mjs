// The World under test: resolved, loaded, created, and adapted to one interface for all lines.
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";

/** An error of the package, not of its World. */
class LoadError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "LoadError";
  }
}

class NoWorldError extends Error {
  name = "NoWorldError";
}

function resolve(entry, folder) {
  if (isAbsolute(entry)) return pathToFileURL(entry).href;
  return import.meta.resolve(entry, pathToFileURL(join(folder, "anyone.mjs")).href);
}

async function load(entry, folder) {
  try {
    return await import(resolve(entry, folder));
  } catch (error) {
    throw new LoadError(`${error?.name ?? "error"}: ${error?.message ?? error}`, { cause: error });
  }
}

async function instantiate(module, entry) {
  const made = module.createWorld ?? module.createLocalWorld ?? module.default;
  const inner = made?.createWorld ?? made?.createLocalWorld ?? made;
  const world = await (typeof inner === "function" ? inner() : inner);
  if (typeof world?.events?.create !== "function") {
    throw new NoWorldError(
      `${entry} gives no World: neither createWorld, createLocalWorld nor the default export has events.create` +
        ` (it exports ${Object.keys(module).sort().join(", ") || "nothing"})`,
    );
  }
  return world;
}

function describePackage(entry, folder) {
  if (isAbsolute(entry)) return { name: entry, version: "" };
  const file = findPackageJSON(entry, pathToFileURL(join(folder, "anyone.mjs")).href);
  if (!file) return { name: entry, version: "" };
  const { name, version } = JSON.parse(readFileSync(file, "utf8"));
  return { name, version };
}

/** Methods that are in an area on every line. */
const AREAS = {
  runs: ["get", "list", "getMany", "waitForTerminalStatus", "experimentalSetAttributes", "cancelMany"],
  steps: ["get", "list"],
  events: ["create", "get", "list", "listByCorrelationId", "createBatch"],
  hooks: ["get", "getByToken", "list"],
};

const STREAMS = ["write", "writeMulti", "close", "list", "getChunks", "getInfo"];
const PLAIN = ["queue", "getDeploymentId", "start", "close", "createRunId", "describeRun", "getEnvironment"];

/** The flat stream methods of line 4, name first, as those of line 5, run first. */
const FLAT_STREAMS = {
  write: (world) => (runId, name, chunk) => world.writeToStream(name, runId, chunk),
  writeMulti: (world) => world.writeToStreamMulti && ((runId, name, chunks) => world.writeToStreamMulti(name, runId, chunks)),
  close: (world) => (runId, name) => world.closeStream(name, runId),
  list: (world) => world.listStreamsByRunId && ((runId) => world.listStreamsByRunId(runId)),
  getChunks: (world) => world.getStreamChunks && ((runId, name, options) => world.getStreamChunks(name, runId, options)),
  getInfo: (world) => world.getStreamInfo && ((runId, name) => world.getStreamInfo(name, runId)),
};

function findMethods(world, shape) {
  const methods = new Map();
  const add = (name, method, owner) => {
    if (typeof method === "function") methods.set(name, method.bind(owner));
  };
  for (const [area, names] of Object.entries(AREAS)) {
    for (const name of names) add(`${area}.${name}`, world[area]?.[name], world[area]);
  }
  for (const name of STREAMS) {
    if (shape === "v5") add(`streams.${name}`, world.streams[name], world.streams);
    else if (world.writeToStream) add(`streams.${name}`, FLAT_STREAMS[name](world), undefined);
  }
  for (const name of PLAIN) add(name, world[name], world);
  return methods;
}

/** Load a World and return its callable methods. */
export async function openWorld({ entry, folder }) {
  const module = await load(entry, folder);
  const world = await instantiate(module, entry);
  const shape = typeof world.streams?.write === "function" ? "v5" : "v4";
  return {
    shape,
    methods: findMethods(world, shape),
    specVersion: world.specVersion ?? null,
    capabilities: world.capabilities ?? {},
    package: describePackage(entry, folder),
    readStream: (runId, name, startIndex) =>
      shape === "v5" ? world.streams.get(runId, name, startIndex) : world.readFromStream(name, startIndex),
    createQueueHandler: (prefix, handler) => world.createQueueHandler(prefix, handler),
  };
}
