// The requests that an app of the engine suites answers: it starts runs, wakes them, reports their
// status, and controls the nemesis.
import { getRun, resumeHook, resumeWebhook, start } from "workflow/api";
import { getWorld } from "workflow/runtime";
import * as workflows from "../workflows/index";
import { deliverAgain, findMessages } from "./deliveries.ts";
import { type Fault, type MessageKind, bindPlan, checkPlan, openGate, starting } from "./faults.ts";
import identity from "./identity.mjs";
import { notes, now } from "./notes.ts";
import { askQuietly, bareWorld, openElsewhere } from "./wrapper.ts";

type Request = { do: string; [setting: string]: any };

const ASK_MS = 40;
const ENDED = new Set(["completed", "failed", "cancelled"]);

let worldStarted: Promise<unknown> | undefined;

/** Starts the World once, if its documentation requires that, and returns the app's identity. */
export async function describeApp() {
  worldStarted ??= Promise.resolve(getWorld()).then((world: any) =>
    identity.startsWorld ? world.start?.() : undefined,
  );
  await worldStarted;
  return {
    ...identity,
    node: process.version,
    pid: process.pid,
    recording: true,
    workflows: Object.keys(workflows),
  };
}

const describeError = (error: any) => ({
  name: error?.name ?? typeof error,
  message: String(error?.message ?? error),
  cause: error?.cause === undefined ? undefined : String(error.cause?.message ?? error.cause),
  code: error?.errorCode ?? error?.code ?? error?.cause?.code,
});

async function startRun({ workflow, arguments: parameters, plan }: Request) {
  const known = workflows[workflow as keyof typeof workflows] as any;
  if (!known) throw new Error(`this app has no workflow named ${workflow}`);
  const binding = { plan: (plan ?? []) as Fault[] };
  checkPlan(binding.plan);
  const run = await starting.run(binding, () => start(known, parameters));
  return { runId: run.runId };
}

async function readStatus(runId: string) {
  const run = getRun(runId);
  const status = await run.status;
  if (status === "completed") return { status, output: await run.returnValue };
  if (status !== "failed") return { status };
  const error = await run.returnValue.then(() => undefined, describeError);
  const stored: any = await bareWorld().runs.get(runId, { resolveData: "none" });
  return { status, error: { ...error, code: stored?.errorCode ?? stored?.error?.code ?? error?.code } };
}

async function awaitEnd({ runId, timeoutMs }: Request) {
  const deadline = now() + timeoutMs;
  for (;;) {
    const seen = await bareWorld().runs.get(runId, { resolveData: "none" }).catch(() => undefined);
    if (ENDED.has(seen?.status) || now() > deadline) return readStatus(runId);
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

async function listEvents({ runId }: Request) {
  const events: any[] = [];
  let cursor: string | undefined;
  do {
    const pagination = { limit: 500, sortOrder: "asc", ...(cursor ? { cursor } : {}) };
    const page: any = await bareWorld().events.list({ runId, pagination, resolveData: "none" });
    events.push(...page.data);
    cursor = page.hasMore ? page.cursor : undefined;
  } while (cursor);
  return events.map(({ eventId, eventType, correlationId, createdAt, eventData }) => ({
    eventId,
    eventType,
    correlationId,
    createdAtMs: new Date(createdAt).getTime(),
    step: eventData?.stepName,
  }));
}

async function deliver({ runId, kind, step, nth, copies }: Request) {
  const found = findMessages(runId, kind as MessageKind, step);
  const delivery = found[nth - 1];
  if (!delivery) throw new Error(`the run received ${found.length} such messages; message ${nth} does not exist`);
  await deliverAgain(delivery, copies);
  return {};
}

/** Exports a message unchanged, so that another process can deliver it. */
async function exportMessage({ runId, kind, step, nth }: Request) {
  const delivery = findMessages(runId, kind as MessageKind, step)[nth - 1];
  if (!delivery) throw new Error("the run was given no such message");
  const { serialize } = process.getBuiltinModule("node:v8");
  return { message: serialize(delivery).toString("base64") };
}

async function importMessage({ message, copies }: Request) {
  const { deserialize } = process.getBuiltinModule("node:v8");
  await deliverAgain(deserialize(Buffer.from(message, "base64")), copies);
  return {};
}

/** Queues the message that a World queues at its start for each active run. */
async function wake({ runId }: Request) {
  const run = await bareWorld().runs.get(runId, { resolveData: "none" });
  await bareWorld().queue(`__wkf_workflow_${run.workflowName}`, { runId });
  return {};
}

/** Delivers again, unchanged, a message that a dead process had not acknowledged. */
async function redeliver({ runId, messageId, attempt, stepId, stepName }: Request) {
  const route = `http://127.0.0.1:${process.env.PORT}/.well-known/workflow/v1/flow`;
  // A route has no handler before its first request.
  await fetch(route, { method: "POST" }).then((refusal) => refusal.arrayBuffer());
  const run = await bareWorld().runs.get(runId, { resolveData: "none" });
  const queueName = `__wkf_workflow_${run.workflowName}`;
  const message = stepId ? { runId, stepId, stepName } : { runId };
  const metadata = { queueName, messageId, attempt: attempt - 1 };
  await deliverAgain({ prefix: "__wkf_workflow_", queueName, message, metadata }, 1);
  return {};
}

async function resume({ token, payload }: Request) {
  await resumeHook(token, payload);
  return {};
}

async function callWebhook({ token, payload }: Request) {
  const request = new globalThis.Request("https://world-harness.invalid/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(payload),
  });
  const response = await resumeWebhook(token, request);
  return { status: response.status, body: await response.text() };
}

async function readStream({ runId, namespace }: Request) {
  const reader = getRun(runId).getReadable<Uint8Array>(namespace ? { namespace } : undefined).getReader();
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: Buffer.concat(parts).toString("utf8") };
    parts.push(value);
  }
}

const answers: Record<string, (request: Request) => Promise<unknown>> = {
  start: startRun,
  status: ({ runId }) => askQuietly(() => readStatus(runId)),
  await: (request) => askQuietly(() => awaitEnd(request)),
  events: (request) => askQuietly(() => listEvents(request)),
  stream: (request) => askQuietly(() => readStream(request)),
  attributes: async ({ runId }) => (await bareWorld().runs.get(runId, { resolveData: "none" })).attributes ?? {},
  wake,
  redeliver,
  // One more start than the World's documentation requires.
  startWorld: async () => (await bareWorld().start?.(), {}),
  open: async ({ env }) => (await openElsewhere(env), {}),
  cancel: async ({ runId }) => (await getRun(runId).cancel(), {}),
  resume,
  webhook: callWebhook,
  deliver,
  export: exportMessage,
  import: importMessage,
  plan: async ({ runId, plan }) => (bindPlan(runId, plan), {}),
  release: async ({ runId, gate }) => (openGate(runId, gate), {}),
  journal: async () => ({ entries: notes.read() }),
};

/** Carries out a request of the harness; an error of the SDK becomes the answer. */
export async function answer(request: Request) {
  await describeApp();
  const act = answers[request.do];
  if (!act) return { error: { name: "UnknownRequest", message: `this app does not know how to ${request.do}` } };
  try {
    return { answer: await act(request) };
  } catch (error) {
    return { error: describeError(error) };
  }
}
