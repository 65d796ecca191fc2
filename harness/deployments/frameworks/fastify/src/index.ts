import type { IncomingMessage, ServerResponse } from "node:http";
import fastify from "fastify";
import { describeApp, takeSample } from "../harness/sample";

const app = fastify({ bodyLimit: 16 * 1024 * 1024 });

app.get("/world-harness/app", () => describeApp());

app.post<{ Body: Parameters<typeof takeSample>[0] }>("/world-harness/samples", (request) =>
  takeSample(request.body),
);

await app.ready();

export default (request: IncomingMessage, response: ServerResponse) =>
  app.server.emit("request", request, response);
