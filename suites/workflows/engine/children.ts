import { getRun, start } from "workflow/api";
import { marked } from "./bodies";

async function bear(key: string, depth: number): Promise<string> {
  "use step";
  return marked("bear", key, async () => (await start(descend, [key, depth])).runId);
}

async function awaitChild(key: string, runId: string): Promise<number> {
  "use step";
  return marked("awaitChild", key, () => getRun<number>(runId).returnValue);
}

/** Starts a child with one level less, and awaits it in a step; returns the depth. */
export async function descend(key: string, depth: number): Promise<number> {
  "use workflow";
  if (depth === 0) return 0;
  const child = await bear(`${key}.${depth}`, depth - 1);
  return 1 + (await awaitChild(`${key}.${depth}`, child));
}
