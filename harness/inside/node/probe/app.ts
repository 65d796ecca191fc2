// The requests that every framework's app answers: its identity, and one sample of one workflow.
// All times are the app's own clock, in milliseconds since the epoch.
import { createHash } from "node:crypto";
import { getRun, start } from "workflow/api";
import { resumeHooks } from "./hooks";
import { followRuns, startRuns, type FollowRequest, type StartRequest } from "./recovery";
import { readStream, summarizeStream, type StreamRequest } from "./streams";
import { getWorld } from "workflow/runtime";
import * as workflows from "../workflows/index";
import identity from "./identity.mjs";
import { probe } from "./probe.mjs";

type SampleRequest = {
  workflow: keyof typeof workflows;
  arguments: unknown[];
  answer: "value" | "digest" | "digests";
  streams: StreamRequest[];
  hooks: string[];
  timeoutMs: number;
  settleMs: number;
};

const POLL_MS = 1_000;
const SETTLE_LIMIT_MS = 10_000;

let worldStarted: Promise<void> | undefined;

async function startWorld(): Promise<void> {
  const world = await getWorld();
  await world.start?.();
}

/** Starts the World once, if its documentation requires that, and returns the app's identity. */
export async function describeApp() {
  worldStarted ??= identity.startsWorld ? startWorld() : Promise.resolve();
  await worldStarted;
  return {
    ...identity,
    node: process.version,
    pid: process.pid,
    recording: process.env.WORLD_HARNESS_RECORDING === "1",
    workflows: Object.keys(workflows),
  };
}

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

class TimeLimit extends Error {}

function within<T>(promise: Promise<T>, deadline: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeLimit()), Math.max(0, deadline - probe.now()));
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** Waits for the run to end: by a signal if this process writes the end, otherwise by polling. */
async function awaitEnd(runId: string, deadline: number): Promise<"signal" | "poll"> {
  const signal = probe.ending(runId).then(() => "signal" as const);
  for (;;) {
    const pause = new Promise<"ask">((resolve) => setTimeout(() => resolve("ask"), POLL_MS).unref?.());
    const woken = await within(Promise.race([signal, pause]), deadline);
    if (woken === "signal") return woken;
    const status = await probe.askUncounted(() => getRun(runId).status);
    if (status === "completed" || status === "failed" || status === "cancelled") return "poll";
  }
}

function summarizeAnswer(kind: SampleRequest["answer"], value: unknown): unknown {
  switch (kind) {
    case "value":
      return value;
    case "digest":
      return sha256(value as string);
    case "digests":
      return (value as string[]).map(sha256);
  }
}

const describeError = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Answers a request of the harness: a sample, or runs to start or to follow. */
export async function answer(request: SampleRequest | StartRequest | FollowRequest) {
  await describeApp();
  if ("started" in request) return startRuns(request);
  if ("followed" in request) return followRuns(request);
  return takeSample(request);
}

/** Runs a workflow once and reports its answer and all recorded times. */
async function takeSample(request: SampleRequest) {
  const reply: Record<string, unknown> = { outcome: "failed" };
  probe.openLedger();
  const calledAtMs = probe.now();
  const deadline = calledAtMs + request.timeoutMs;
  try {
    const workflow = workflows[request.workflow] as (...parameters: unknown[]) => Promise<unknown>;
    if (!workflow) throw new Error(`this app has no workflow named ${request.workflow}`);
    const run = await within(start(workflow, request.arguments), deadline);
    Object.assign(reply, { runId: run.runId, startReturnedAtMs: probe.now() });
    const reading = request.streams.map((stream) => readStream(run.runId, stream));
    const readAll = within(Promise.all(reading), deadline);
    readAll.catch(() => {});
    const ended = awaitEnd(run.runId, deadline);
    // A hook that cannot be resumed ends the sample: its run would wait until the deadline.
    [reply.wokenBy, reply.resumedAtMs] = await Promise.all([ended, resumeHooks(request.hooks, deadline)]);
    const value = await within(run.returnValue, deadline);
    const streams = await readAll;
    reply.answeredAtMs = probe.now();
    const [createdAt, startedAt, completedAt] = await probe.askUncounted(() =>
      Promise.all([run.createdAt, run.startedAt, run.completedAt]),
    );
    Object.assign(reply, {
      outcome: "completed",
      createdAtMs: createdAt.getTime(),
      startedAtMs: startedAt?.getTime(),
      completedAtMs: completedAt?.getTime(),
      answer: summarizeAnswer(request.answer, value),
      streams: streams.map((stream, index) => summarizeStream(request.streams[index], stream)),
    });
  } catch (error) {
    reply.outcome = error instanceof TimeLimit ? "timeout" : "failed";
    reply.error = error instanceof TimeLimit ? `no end within ${request.timeoutMs} ms` : describeError(error);
  }
  const runId = (reply.runId as string) ?? "";
  const awaited = request.settleMs > 0 && reply.outcome !== "timeout";
  const settled = awaited && (await probe.settle(request.settleMs, SETTLE_LIMIT_MS));
  probe.forgetEnding(runId);
  return { ...reply, calledAtMs, settled, steps: probe.takeMarks(runId), ledger: probe.closeLedger() };
}
