import { fail, marked, pause } from "./bodies";

/** A step with numbered executions; the trial states which of them fail. */
export type Trial = {
  retries: 0 | 1 | 3;
  /** The numbers of the executions that fail; 1 is the first body that begins. */
  failing?: number[];
  /** How long a successful execution takes, and a failing one. */
  ms?: number;
  failMs?: number;
  how?: "error" | "retryable";
  /** Delay of the retry, with `retryable`. */
  retryAfterMs?: number;
};

async function undergo(step: string, trial: Trial): Promise<string> {
  return marked(step, "subject", async (entered) => {
    const fails = !!trial.failing?.includes(entered);
    await pause((fails ? trial.failMs : trial.ms) ?? 0);
    if (fails) fail(trial, "subject");
    return "subject";
  });
}

async function triedOnce(trial: Trial): Promise<string> {
  "use step";
  return undergo("triedOnce", trial);
}
triedOnce.maxRetries = 0;

async function triedTwice(trial: Trial): Promise<string> {
  "use step";
  return undergo("triedTwice", trial);
}
triedTwice.maxRetries = 1;

async function triedOften(trial: Trial): Promise<string> {
  "use step";
  return undergo("triedOften", trial);
}
triedOften.maxRetries = 3;

async function standBy(place: number): Promise<number> {
  "use step";
  return marked("standBy", `bystander-${place}`, () => place);
}

const byRetries = { 0: triedOnce, 1: triedTwice, 3: triedOften };

/** Runs the step of a trial after requesting other steps that do nothing. */
export async function trial(subject: Trial, bystanders: number): Promise<string> {
  "use workflow";
  const others = Array.from({ length: bystanders }, (_, place) => standBy(place));
  const [result] = await Promise.all([byRetries[subject.retries](subject), ...others]);
  return result;
}
