// The encoding of values: JSON, with a tag for every type that JSON does not have.

const MAX_DEPTH = 64;

const isTagged = (key) => key.startsWith("$");

const NUMBERS = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity, "-0": -0 };

function encodeNumber(value) {
  if (Object.is(value, -0)) return { $number: "-0" };
  return Number.isFinite(value) ? value : { $number: String(value) };
}

function encodeObject(value, depth) {
  const inner = (item) => encode(item, depth + 1);
  if (Array.isArray(value)) return Array.from(value, inner);
  if (value instanceof Uint8Array) {
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? { $other: "Invalid Date" } : { $date: value.toISOString() };
  }
  if (value instanceof Map) return { $map: Array.from(value, ([key, item]) => [inner(key), inner(item)]) };
  if (value instanceof Set) return { $set: Array.from(value, inner) };
  if (value instanceof Error || ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Promise) {
    return { $other: value.constructor?.name ?? "object" };
  }
  const entries = Object.entries(value);
  if (entries.some(([key]) => isTagged(key))) return { $object: entries.map(([key, item]) => [key, inner(item)]) };
  const plain = {};
  for (const [key, item] of entries) {
    // Assigning the key `__proto__` would change the prototype instead of adding a property.
    Object.defineProperty(plain, key, { value: inner(item), enumerable: true });
  }
  return plain;
}

/** Encode any value as JSON data. */
export function encode(value, depth = 0) {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return encodeNumber(value);
  if (value === undefined) return { $undefined: true };
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (typeof value !== "object") return { $other: typeof value };
  return depth > MAX_DEPTH ? { $other: "nested too deeply" } : encodeObject(value, depth);
}

const bytesOf = (text) => new Uint8Array(Buffer.from(text, "base64"));

const TAGS = {
  $bytes: bytesOf,
  // A view of a larger buffer: the World may store only the bytes in view.
  $view: ([text, from, to]) => bytesOf(text).subarray(from, to),
  $date: (text) => new Date(text),
  $undefined: () => undefined,
  $bigint: (text) => BigInt(text),
  $number: (text) => NUMBERS[text],
  $map: (entries) => new Map(entries.map(([key, item]) => [decode(key), decode(item)])),
  $set: (items) => new Set(items.map(decode)),
  $object: (entries) => Object.fromEntries(entries.map(([key, item]) => [key, decode(item)])),
};

/** Decode JSON data into a value. */
export function decode(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(decode);
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] in TAGS) return TAGS[keys[0]](value[keys[0]]);
  const plain = {};
  for (const key of keys) {
    Object.defineProperty(plain, key, {
      value: decode(value[key]),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return plain;
}

const plainNumber = (value) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);

/** Describe a value that a World threw. */
export function encodeError(thrown) {
  if (!(thrown instanceof Error)) return { name: "", message: String(thrown), nonError: encode(thrown) };
  const told = {
    name: String(thrown.name),
    message: String(thrown.message),
    stack: String(thrown.stack ?? "").slice(0, 4000),
  };
  const status = plainNumber(thrown.status);
  if (status !== undefined) told.status = status;
  if (thrown.code !== undefined) told.code = String(thrown.code);
  if (thrown.retryAfter !== undefined) told.retryAfter = encode(thrown.retryAfter);
  if (thrown.cause instanceof Error) told.cause = `${thrown.cause.name}: ${thrown.cause.message}`.slice(0, 1000);
  return told;
}

/** Change everything mutable inside a value; it must not affect what a World stored. */
export function scramble(value) {
  if (value instanceof Uint8Array) {
    value.fill(0xee);
  } else if (value instanceof Date) {
    value.setTime(0);
  } else if (Array.isArray(value)) {
    value.forEach(scramble);
    value.push("scrambled");
  } else if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    Object.values(value).forEach(scramble);
    value.scrambled = true;
  }
}
