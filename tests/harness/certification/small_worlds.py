"""Small Worlds, as modules and packages, for tests of error messages."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

#: A World that does as little as can be, but that right.
SOUND = """
const runs = new Map(), messages = [];
const hang = () => new Promise(() => {});
const world = {
  specVersion: 5,
  events: {
    async create(id, event) {
      const run = runs.get(id) ?? { runId: id ?? "wrun_1", status: "pending" };
      if (event.eventType === "run_started") run.status = "running";
      runs.set(run.runId, run);
      return { run, event: { ...event, runId: run.runId, eventId: "evnt_1" } };
    },
  },
  runs: { get: async (id) => runs.get(id) },
  streams: { write() {} },
  async queue(queueName, message) {
    const number = messages.push({ queueName, message }) - 1;
    const url = `http://127.0.0.1:${process.env.PORT}/.well-known/workflow/v1/flow`;
    fetch(url, { method: "POST", body: `${number}` }).catch(() => {});
    return { messageId: `msg_${number}` };
  },
  createQueueHandler: (prefix, handler) => async (request) => {
    const number = Number(await request.text());
    const { queueName, message } = messages[number];
    await handler(message, { queueName, messageId: `msg_${number}`, attempt: 1 });
    return new Response("{}");
  },
  async start() {},
  async close() {},
};
export const createWorld = () => world;
"""


def pack(folder: Path, text: str, **manifest: object) -> str:
    """Pack a World as `npm pack` does; return the file's name."""
    described = {"name": "@acme/world", "version": "1.0.0", "type": "module", **manifest}
    files = {"package.json": json.dumps({**described, "exports": "./index.mjs"}), "index.mjs": text}
    with tarfile.open(folder / "world.tgz", "w:gz") as archive:
        for name, content in files.items():
            item = tarfile.TarInfo(f"package/{name}")
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content.encode()))
    return "./world.tgz"
