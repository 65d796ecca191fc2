// Calls of the World: one at a time or concurrent, each with its start and end time.
import { performance } from "node:perf_hooks";
import { decode, encode, encodeError, scramble } from "./wire.mjs";

/** Now, in ms since 1970, with fractions. */
export const now = () => performance.timeOrigin + performance.now();

class NoSuchMethodError extends Error {
  name = "NoSuchMethodError";
}

/** Call one method; never throws, an error becomes the answer. */
export async function perform(world, { method, args = [], mutate }) {
  const given = decode(args);
  const target = world.methods.get(method);
  const start = now();
  try {
    if (!target) throw new NoSuchMethodError(`this World has no ${method}`);
    const value = await target(...given);
    const answer = { ok: encode(value), start, end: now() };
    if (mutate === "args") scramble(given);
    if (mutate === "answer") scramble(value);
    return answer;
  } catch (thrown) {
    return { error: encodeError(thrown), start, end: now() };
  }
}

/** Wait until a time. Timers have a resolution of one millisecond, so the rest is a busy wait. */
async function waitUntil(time) {
  const left = time - now();
  if (left > 3) await new Promise((wake) => setTimeout(wake, left - 3));
  while (now() < time);
}

/** Call several methods concurrently (at most `inFlight` at a time); answers come in order. */
export async function performAll(world, { calls, at, inFlight = calls.length }) {
  if (at !== undefined) await waitUntil(at);
  const answers = new Array(calls.length);
  let next = 0;
  const work = async () => {
    while (next < calls.length) {
      const index = next++;
      answers[index] = await perform(world, calls[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, calls.length) }, work));
  return answers;
}

function asBytes(chunk) {
  if (chunk instanceof Uint8Array) return encode(chunk);
  return encode(chunk);
}

/** Read a stream until it ends, enough chunks have arrived or the time limit is reached. */
export async function readStream(world, { runId, name, startIndex, forMs, maxChunks = Infinity }) {
  const chunks = [];
  const times = [];
  let reader;
  let done = false;
  let timer;
  const start = now();
  const timeUp = new Promise((wake) => {
    timer = setTimeout(() => wake("time is up"), forMs);
  });
  const reading = (async () => {
    const stream = await world.readStream(runId, name, startIndex);
    reader = stream.getReader();
    while (chunks.length < maxChunks) {
      const { done: ended, value } = await reader.read();
      if (ended) {
        done = true;
        return;
      }
      chunks.push(asBytes(value));
      times.push(now());
    }
  })();
  // A read may still fail after its time limit, when no caller waits for it.
  reading.catch(() => {});
  try {
    await Promise.race([reading, timeUp]);
    return { ok: { chunks, times, done }, start, end: now() };
  } catch (thrown) {
    return { error: { ...encodeError(thrown), partial: { chunks, times } }, start, end: now() };
  } finally {
    clearTimeout(timer);
    reader?.cancel().catch(() => {});
  }
}
