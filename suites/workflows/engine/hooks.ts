import { createHook, createWebhook } from "workflow";
import { labor } from "./bodies";

async function note(key: string): Promise<string> {
  "use step";
  return labor("note", key, {});
}

/** Receives payloads, with one step each, until one is `stop`; then disposes of the hook. */
export async function listening(token: string): Promise<unknown[]> {
  "use workflow";
  const hook = createHook<{ number: number; stop?: boolean }>({ token });
  const seen: unknown[] = [];
  for await (const payload of hook) {
    seen.push(payload.number);
    await note(`payload-${payload.number}`);
    if (payload.stop) break;
  }
  return seen;
}

/** Waits for one payload with a token, or returns the error if another run holds the token. */
export async function claiming(token: string): Promise<unknown> {
  "use workflow";
  const hook = createHook<unknown>({ token });
  try {
    return { payload: await hook };
  } catch (error) {
    return { refused: (error as Error).name };
  }
}

/** Waits for a request to its webhook. */
export async function calledBack(): Promise<unknown> {
  "use workflow";
  const webhook = createWebhook();
  await publish(webhook.token);
  const request = await webhook;
  return request.json();
}

async function publish(token: string): Promise<string> {
  "use step";
  return labor("publish", token, {});
}
