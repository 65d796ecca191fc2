import type { IncomingMessage, ServerResponse } from "node:http";
import fastify from "fastify";
import { describeApp, answer } from "../harness/app";

const app = fastify({ bodyLimit: 16 * 1024 * 1024 });

app.get("/world-harness/app", () => describeApp());

app.post<{ Body: Parameters<typeof answer>[0] }>("/world-harness/requests", (request) =>
  answer(request.body),
);

await app.ready();

export default (request: IncomingMessage, response: ServerResponse) =>
  app.server.emit("request", request, response);
