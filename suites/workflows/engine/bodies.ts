import { FatalError, getStepMetadata, getWorkflowMetadata, RetryableError } from "workflow";

// The nemesis (harness/inside/node/nemesis) keeps its state on globalThis, because bundlers give the steps,
// the routes and the World separate copies of every module they import.
const nemesis = () => (globalThis as any)[Symbol.for("world-harness.bodies")];

export type Work = {
  /** How long the body takes. */
  ms?: number;
  /** How many of its executions fail before one succeeds. */
  fails?: number;
  /** The kind of error. */
  how?: "error" | "retryable" | "fatal";
  /** Delay of the retry, with `retryable`. */
  retryAfterMs?: number;
  /** Whether its first execution kills the process, or every execution. */
  dies?: "once" | "always";
  /** Whether it has a side effect that must happen once. */
  effect?: boolean;
  /** Whether it ends at a full second, so that bodies that began together end together, in any process. */
  inStep?: boolean;
};

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function fail({ how, retryAfterMs }: Work, key: string): never {
  const message = `${key} fails on purpose`;
  if (how === "fatal") throw new FatalError(message);
  if (how === "retryable") throw new RetryableError(message, { retryAfter: retryAfterMs ?? 1_000 });
  throw new Error(message);
}

/** Runs a step's body between two marks, which the harness finds even if the process dies. */
export async function marked<T>(
  step: string,
  key: string,
  body: (entered: number, failed: number) => Promise<T> | T,
): Promise<T> {
  const { stepId, attempt } = getStepMetadata();
  const { workflowRunId } = getWorkflowMetadata();
  return nemesis().perform({ runId: workflowRunId, key, stepId, attempt, step }, body);
}

/** Does the work of a step of a program, and returns the step's key. */
export async function labor(step: string, key: string, work: Work): Promise<string> {
  return marked(step, key, async (entered, failed) => {
    if (work.effect) nemesis().effect(getWorkflowMetadata().workflowRunId, getStepMetadata().stepId);
    if (work.dies === "always" || (work.dies === "once" && entered === 1)) process.kill(process.pid, "SIGKILL");
    if (work.ms) await pause(work.ms);
    if (work.inStep) await pause(1_000 - (Date.now() % 1_000));
    if (failed < (work.fails ?? 0)) fail(work, key);
    return key;
  });
}
