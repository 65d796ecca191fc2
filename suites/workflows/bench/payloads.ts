import { marked } from "./marks";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";

function letters(seed: number, size: number): string {
  let text = "";
  for (let index = 0; index < size; index++) {
    text += LETTERS[Math.imul(index + seed, 2654435761) >>> 27];
  }
  return text;
}

/** Shifts every letter by a number of places, so that all payloads of a chain differ. */
function shift(payload: string, places: number): string {
  let text = "";
  for (const letter of payload) {
    text += LETTERS[(LETTERS.indexOf(letter) + places) % LETTERS.length];
  }
  return text;
}

async function produce(seed: number, size: number): Promise<string> {
  "use step";
  return marked(() => letters(seed, size));
}

async function alter(payload: string, places: number): Promise<string> {
  "use step";
  return marked(() => shift(payload, places));
}

/** Passes a payload through `count` steps, each of which alters it; returns the last payload. */
export async function sequentialPayloads(count: number, size: number, seed: number): Promise<string> {
  "use workflow";
  let payload = letters(seed, size);
  for (let index = 0; index < count; index++) payload = await alter(payload, 1 + (index % 31));
  return payload;
}

/** `count` steps at once, each with a different payload; returns all payloads in order. */
export async function concurrentPayloads(count: number, size: number, seed: number): Promise<string[]> {
  "use workflow";
  return Promise.all(Array.from({ length: count }, (_, index) => produce(seed + index, size)));
}
