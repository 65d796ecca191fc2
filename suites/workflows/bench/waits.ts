import { createHook, sleep } from "workflow";
import { marked } from "./marks";

async function note(value: number): Promise<number> {
  "use step";
  return marked(() => value);
}

/** Steps 0..count with a sleep of `ms` between each two; returns the sum of what they returned. */
export async function sleepingSteps(count: number, ms: number): Promise<number> {
  "use workflow";
  let sum = await note(0);
  for (let index = 1; index <= count; index++) {
    await sleep(ms);
    sum += await note(index);
  }
  return sum;
}

/** `count` hooks, one after the other, each with a step that returns what it was resumed with. */
export async function resumedSteps(count: number, seed: number): Promise<number[]> {
  "use workflow";
  const places: number[] = [];
  for (let index = 0; index < count; index++) {
    const place = await createHook<number>({ token: `resume-${seed}-${index}` });
    places.push(await note(place));
  }
  return places;
}
