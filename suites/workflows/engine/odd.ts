import { marked } from "./bodies";

const VALUES: Record<string, () => unknown> = {
  nul: () => "a\u0000b",
  unicode: () => "žluťoučký 馬 👩‍👩‍👧‍👦 \u2028",
  date: () => new Date(1_700_000_000_123),
  map: () => new Map<unknown, unknown>([["k", 1], [2, new Date(5)]]),
  set: () => new Set(["x", "y"]),
  bytes: () => new Uint8Array([0, 1, 127, 128, 255]),
  view: () => new Uint8Array([9, 8, 7, 6, 5]).subarray(1, 3),
  large: () => "0123456789abcdef".repeat(65_536),
  missing: () => undefined,
  big: () => 12345678901234567890n,
  nested: () => ({ list: [{ deep: [null, undefined, -0, Infinity] }] }),
};

function render(value: unknown): string {
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof Map) return `Map ${render([...value])}`;
  if (value instanceof Set) return `Set ${render([...value])}`;
  if (value instanceof Uint8Array) return `Uint8Array ${[...value].join(",")}`;
  if (Array.isArray(value)) return `[${value.map(render).join(";")}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (value && typeof value === "object")
    return `{${Object.entries(value).map(([name, part]) => `${name}:${render(part)}`).join(";")}}`;
  return Object.is(value, -0) ? "-0" : `${typeof value} ${String(value)}`;
}

async function back(name: string, value: unknown): Promise<[string, unknown]> {
  "use step";
  return marked("back", name, () => [render(value), value]);
}

/** Sends each odd value to a step and back; returns the names of those that changed. */
export async function odd(): Promise<string[]> {
  "use workflow";
  const changed: string[] = [];
  for (const [name, make] of Object.entries(VALUES)) {
    const expected = render(make());
    const [there, again] = await back(name, make());
    if (there !== expected) changed.push(`${name} as an argument: ${there.slice(0, 60)}`);
    if (render(again) !== expected) changed.push(`${name} as a result: ${render(again).slice(0, 60)}`);
  }
  return changed;
}

async function returnFunction(): Promise<unknown> {
  "use step";
  return marked("returnFunction", "function", () => () => 1);
}
returnFunction.maxRetries = 1;

/** Catches the error of a step that returns a value that cannot be serialized. */
export async function unserializable(): Promise<unknown> {
  "use workflow";
  try {
    return { returned: typeof (await returnFunction()) };
  } catch (error) {
    return { caught: (error as Error).name };
  }
}
