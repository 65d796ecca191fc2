import { marked } from "./marks";

async function identity(value: number): Promise<number> {
  "use step";
  return marked(() => value);
}

/** Returns its argument without any step. */
export async function noSteps(value: number): Promise<number> {
  "use workflow";
  return value;
}

/** One step that returns its argument. */
export async function oneStep(value: number): Promise<number> {
  "use workflow";
  return identity(value);
}

/** Steps 0..count-1 one after the other; returns the sum of their results. */
export async function sequentialSteps(count: number): Promise<number> {
  "use workflow";
  let sum = 0;
  for (let index = 0; index < count; index++) sum += await identity(index);
  return sum;
}

/** Steps 0..count-1 at once; returns their results in order. */
export async function concurrentSteps(count: number): Promise<number[]> {
  "use workflow";
  return Promise.all(Array.from({ length: count }, (_, index) => identity(index)));
}

/** Steps 0..count-1 at once; returns the result of the one that the engine settles first. */
export async function racingSteps(count: number): Promise<number> {
  "use workflow";
  return Promise.race(Array.from({ length: count }, (_, index) => identity(index)));
}
