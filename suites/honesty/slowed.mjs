// Stands in the place of a World's own entry: on average its calls take SHARE longer.
import * as world from "./__ENTRY__";

export * from "./__ENTRY__";

const SHARE = __SHARE__;
// A timer is late by a millisecond or two, so what calls owe is paid when it is worth one. Nothing
// is waited for actively: that would slow the calls beside it as well.
const WORTH_A_TIMER_MS = 4;

let owedMs = 0;

async function pay() {
  if (owedMs < WORTH_A_TIMER_MS) return;
  const due = owedMs;
  const began = performance.now();
  owedMs = 0;
  await new Promise((done) => setTimeout(done, due));
  owedMs -= performance.now() - began - due;
}

function slowCall(method, target) {
  return function (...given) {
    const began = performance.now();
    const answer = method.apply(target, given);
    if (typeof answer?.then !== "function") return answer;
    return answer.then(async (value) => {
      owedMs += SHARE * (performance.now() - began);
      await pay();
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
