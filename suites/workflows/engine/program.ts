import { createHook, sleep } from "workflow";
import { labor, type Work } from "./bodies";

/** The structure of a workflow as data, so that the harness can choose it. */
export type Program =
  | ({ step: string; retries?: 0 | 1 | 3 } & Work)
  | { all: Program[] }
  | { seq: Program[] }
  | { race: Program[] }
  | { sleep: number }
  | { hook: string; count?: number }
  | { caught: Program };

async function once(key: string, work: Work): Promise<string> {
  "use step";
  return labor("once", key, work);
}
once.maxRetries = 0;

async function twice(key: string, work: Work): Promise<string> {
  "use step";
  return labor("twice", key, work);
}
twice.maxRetries = 1;

async function often(key: string, work: Work): Promise<string> {
  "use step";
  return labor("often", key, work);
}
often.maxRetries = 3;

const byRetries = { 0: once, 1: twice, 3: often };

async function collect(token: string, count: number): Promise<unknown[]> {
  const hook = createHook<unknown>({ token });
  const payloads: unknown[] = [];
  for await (const payload of hook) {
    payloads.push(payload);
    if (payloads.length >= count) break;
  }
  return payloads;
}

async function perform(program: Program): Promise<unknown> {
  if ("step" in program) {
    const { step, retries, ...work } = program;
    return byRetries[retries ?? 3](step, work);
  }
  if ("all" in program) return Promise.all(program.all.map(perform));
  if ("race" in program) return Promise.race(program.race.map(perform));
  if ("sleep" in program) return sleep(program.sleep).then(() => `slept ${program.sleep}`);
  if ("hook" in program) return collect(program.hook, program.count ?? 1);
  if ("caught" in program)
    return perform(program.caught).catch((error: Error) => ({ caught: String(error?.message ?? error) }));
  const results: unknown[] = [];
  for (const part of program.seq) results.push(await perform(part));
  return results;
}

/** Runs a program, and returns the results of its parts in the same structure. */
export async function program(shape: Program): Promise<unknown> {
  "use workflow";
  return perform(shape);
}
