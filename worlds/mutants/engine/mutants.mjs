// Worlds with one defect each, to be put between a real World and the wrapper of the engine suites:
// every one has to be caught by the check that `mutants.toml` names. A mutant changes what the engine
// is told or what is stored; the rest is the published World.

/** A World with some methods replaced; each replacement is given the method that it replaces. */
function change(world, replacements) {
  return new Proxy(world, {
    get(target, name) {
      const replacement = replacements[name];
      const member = target[name];
      if (replacement === undefined) return typeof member === "function" ? member.bind(target) : member;
      if (typeof replacement === "function") return replacement(member.bind(target));
      return change(member, replacement);
    },
  });
}

const isStepMessage = (queueName, message) => /wkf_step_/.test(queueName) || !!message?.stepId;
const isConflict = (error) => error?.name === "EntityConflictError";

/** Every second message that wakes a run is never sent. */
export function losesContinuations(world) {
  let count = 0;
  return change(world, {
    queue: (queue) => async (name, message, options) => {
      const wakes = !isStepMessage(name, message) && !message?.runInput;
      if (wakes && ++count % 2 === 0) return { messageId: "msg_lost" };
      return queue(name, message, options);
    },
  });
}

/** A message is acknowledged before the engine has done its work; what it asks for is not heard. */
export function acknowledgesFirst(world) {
  return change(world, {
    createQueueHandler: (create) => (prefix, handler) =>
      create(prefix, async (message, metadata) => {
        if (!isStepMessage(metadata?.queueName ?? prefix, message)) return handler(message, metadata);
        setTimeout(() => handler(message, metadata).catch(() => {}), 0);
        return undefined;
      }),
  });
}

/** The end of a step that failed is accepted and not written. */
export function swallowsStepFailed(world) {
  return change(world, {
    events: {
      create: (create) => async (runId, event, parameters) => {
        if (event.eventType !== "step_failed") return create(runId, event, parameters);
        return { event: { ...event, runId, eventId: "evnt_never", createdAt: new Date() } };
      },
    },
  });
}

/** Every start of a step counts as two attempts. */
export function countsAttemptsTwice(world) {
  return change(world, {
    events: {
      create: (create) => async (runId, event, parameters) => {
        const result = await create(runId, event, parameters);
        if (event.eventType !== "step_started" || !result?.step) return result;
        return { ...result, step: { ...result.step, attempt: 2 * result.step.attempt } };
      },
    },
  });
}

/** One resume is written to another run that waits for a hook. */
export function resumesTheWrongRun(world) {
  const live = new Map();
  let done = false;
  return change(world, {
    events: {
      create: (create) => async (runId, event, parameters) => {
        const other = [...live].find(([id]) => id !== runId);
        if (event.eventType === "hook_received" && other && !done) {
          done = true;
          return create(other[0], { ...event, correlationId: other[1] }, parameters);
        }
        const result = await create(runId, event, parameters);
        if (event.eventType === "hook_created") live.set(runId, event.correlationId);
        if (/^(hook_disposed|run_completed|run_failed)$/.test(event.eventType)) live.delete(runId);
        return result;
      },
    },
  });
}

/** A step may be tried again at once, whatever its error asked for. */
export function forgetsRetryAfter(world) {
  return change(world, {
    events: {
      create: (create) => (runId, event, parameters) => {
        if (event.eventType !== "step_retrying") return create(runId, event, parameters);
        const { retryAfter, ...eventData } = event.eventData;
        return create(runId, { ...event, eventData }, parameters);
      },
    },
    queue: (queue) => (name, message, options) => queue(name, message, { ...options, delaySeconds: undefined }),
    createQueueHandler: (create) => (prefix, handler) =>
      create(prefix, async (message, metadata) => {
        const result = await handler(message, metadata);
        return result?.timeoutSeconds > 1 ? { timeoutSeconds: 1 } : result;
      }),
  });
}

/** Whoever claims a step gets it, even when somebody else has it. */
export function letsEverybodyClaim(world) {
  return change(world, {
    events: {
      create: (create) => async (runId, event, parameters) => {
        try {
          return await create(runId, event, parameters);
        } catch (error) {
          if (!isConflict(error) || !["step_created", "step_started"].includes(event.eventType)) throw error;
          const step = await world.steps.get(runId, event.correlationId);
          return { step: { ...step, status: "running", attempt: 1 }, stepCreated: true };
        }
      },
    },
  });
}

/** The third payload that a run is sent is stored, and no reader ever sees it. */
export function hidesAnEvent(world) {
  const payloads = new Map();
  return change(world, {
    events: {
      list: (list) => async (options) => {
        const page = await list(options);
        const seen = payloads.get(options.runId) ?? new Set();
        payloads.set(options.runId, seen);
        for (const event of page.data) if (event.eventType === "hook_received") seen.add(event.eventId);
        const hidden = [...seen][2];
        return { ...page, data: page.data.filter((event) => event.eventId !== hidden) };
      },
    },
  });
}

/** Of two steps that end one after the other, each gets the other's result. */
export function mixesUpResults(world) {
  const last = new Map();
  return change(world, {
    events: {
      create: (create) => (runId, event, parameters) => {
        if (event.eventType !== "step_completed") return create(runId, event, parameters);
        const before = last.get(runId);
        last.set(runId, event.eventData.result);
        const eventData = before === undefined ? event.eventData : { ...event.eventData, result: before };
        return create(runId, { ...event, eventData }, parameters);
      },
    },
  });
}

/** A step that has completed is executed again when its message comes again. */
export function repeatsFinishedSteps(world) {
  return change(world, {
    events: {
      create: (create) => async (runId, event, parameters) => {
        try {
          return await create(runId, event, parameters);
        } catch (error) {
          if (!isConflict(error)) throw error;
          if (event.eventType === "step_completed") return {};
          if (event.eventType !== "step_started") throw error;
          const step = await world.steps.get(runId, event.correlationId);
          return { step: { ...step, status: "running", completedAt: undefined } };
        }
      },
    },
  });
}

/** A cancellation is accepted and not written. */
export function forgetsCancellations(world) {
  return change(world, {
    events: {
      create: (create) => async (runId, event, parameters) => {
        if (event.eventType !== "run_cancelled") return create(runId, event, parameters);
        return { run: await world.runs.get(runId), event: { ...event, runId, eventId: "evnt_never" } };
      },
    },
  });
}

/** Every fifth chunk of a stream is not stored. */
export function losesChunks(world) {
  let count = 0;
  const lose = (write) => (...parameters) => (++count % 5 === 0 ? Promise.resolve() : write(...parameters));
  const loseMany = (write) => (one, other, chunks, ...rest) =>
    write(one, other, chunks.filter(() => ++count % 5 !== 0), ...rest);
  return world.streams
    ? change(world, { streams: { write: lose, ...(world.streams.writeMulti ? { writeMulti: loseMany } : {}) } })
    : change(world, { writeToStream: lose, ...(world.writeToStreamMulti ? { writeToStreamMulti: loseMany } : {}) });
}

/** Conflicts are told by an error that has no name of its own. */
export function namesNoErrors(world) {
  return change(world, {
    events: {
      create: (create) => async (runId, event, parameters) => {
        try {
          return await create(runId, event, parameters);
        } catch (error) {
          if (!isConflict(error)) throw error;
          throw Object.assign(new Error(error.message), { status: 409 });
        }
      },
    },
  });
}

/** What the process has not acknowledged is thrown away when it starts again. */
export function forgetsTheDead(world) {
  const files = process.getBuiltinModule("node:fs");
  const mark = `${process.env.WORLD_HARNESS_NOTES}/has-run`;
  const again = files.existsSync(mark);
  files.writeFileSync(mark, "");
  if (!again) return world;
  return change(world, {
    events: {
      list: (list) => async (options) => {
        const page = await list(options);
        return { ...page, data: page.data.filter(({ eventType }) => eventType !== "step_completed") };
      },
    },
  });
}
