// Stands in the place of a World's own entry: each call takes SHARE longer than the World takes.
import * as world from "./__ENTRY__";

export * from "./__ENTRY__";

const SHARE = __SHARE__;
// A timer is late by up to a millisecond or two; what is shorter is waited for actively.
const TIMER_MS = 3;

async function waitUntil(end) {
  const left = end - performance.now();
  if (left > TIMER_MS) await new Promise((done) => setTimeout(done, left - TIMER_MS));
  while (performance.now() < end);
}

function slowCall(method, target) {
  return function (...given) {
    const began = performance.now();
    const answer = method.apply(target, given);
    if (typeof answer?.then !== "function") return answer;
    return answer.then(async (value) => {
      const now = performance.now();
      await waitUntil(now + SHARE * (now - began));
      return value;
    });
  };
}

function slow(target) {
  return new Proxy(target, {
    get(_, name) {
      const found = Reflect.get(target, name, target);
      if (typeof found === "function") return slowCall(found, target);
      return found && Object.getPrototypeOf(found) === Object.prototype ? slow(found) : found;
    },
  });
}

export function createWorld(...given) {
  return slow(world.createWorld(...given));
}
