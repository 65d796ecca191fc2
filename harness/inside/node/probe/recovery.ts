// Runs that outlive their process: started and left, or followed by another process on the storage.
import { getRun, start } from "workflow/api";
import * as workflows from "../workflows/index";
import { probe } from "./probe.mjs";

export type StartRequest = { workflow: keyof typeof workflows; started: unknown[][]; timeoutMs: number };
export type FollowRequest = { followed: string[]; timeoutMs: number };

const ENTRY_PAUSE_MS = 5;
const FOLLOW_PAUSE_MS = 100;
const ENDED = new Set(["completed", "failed", "cancelled"]);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts runs and leaves them, when each has entered a step. */
export async function startRuns({ workflow, started, timeoutMs }: StartRequest) {
  const deadline = probe.now() + timeoutMs;
  const run = workflows[workflow] as (...parameters: unknown[]) => Promise<unknown>;
  const runs = await Promise.all(started.map((parameters) => start(run, parameters)));
  const runIds = runs.map(({ runId }) => runId);
  while (!runIds.every((runId) => probe.hasEntered(runId))) {
    if (probe.now() > deadline) throw new Error(`not every run entered a step within ${timeoutMs} ms`);
    await pause(ENTRY_PAUSE_MS);
  }
  return { runIds };
}

/** The run's record says when it ended, so that asking now and then costs no accuracy. */
async function followRun(runId: string, deadline: number) {
  const run = getRun(runId);
  let status = String(await run.status);
  while (!ENDED.has(status) && probe.now() < deadline) {
    await pause(FOLLOW_PAUSE_MS);
    status = String(await run.status);
  }
  if (status !== "completed") return { runId, status };
  const [answer, completedAt] = await Promise.all([run.returnValue, run.completedAt]);
  return { runId, status, answer, completedAtMs: completedAt?.getTime() };
}

/** Waits until runs have ended, or the time is over; returns how each stands. */
export async function followRuns({ followed, timeoutMs }: FollowRequest) {
  const deadline = probe.now() + timeoutMs;
  return { runs: await Promise.all(followed.map((runId) => followRun(runId, deadline))) };
}
