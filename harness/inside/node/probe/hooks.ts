// Resumes the hooks of a run, each as soon as the run waits for it.
import { getHookByToken, resumeHook } from "workflow/api";
import { probe } from "./probe.mjs";

const PAUSE_MS = 5;
/** The run waits, and does not only begin to, when the app has been idle for so long. */
const QUIET_MS = 10;
const QUIET_LIMIT_MS = 5_000;

const exists = (token: string) =>
  probe.askUncounted(() => getHookByToken(token)).then(
    () => true,
    () => false,
  );

/** Resumes each hook with its place in the list; returns when each call began, in ms since the epoch. */
export async function resumeHooks(tokens: string[], deadline: number): Promise<number[]> {
  const resumedAtMs: number[] = [];
  for (const [place, token] of tokens.entries()) {
    while (!(await exists(token))) {
      if (probe.now() > deadline) return resumedAtMs;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    await probe.settle(QUIET_MS, QUIET_LIMIT_MS);
    resumedAtMs.push(probe.now());
    await resumeHook(token, place);
  }
  return resumedAtMs;
}
