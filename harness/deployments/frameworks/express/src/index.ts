import express from "express";
import { describeApp, takeSample } from "../harness/sample";

const app = express();
app.use(express.json({ limit: "16mb" }));

app.get("/world-harness/app", async (_request, response) => {
  response.json(await describeApp());
});

app.post("/world-harness/samples", async (request, response) => {
  response.json(await takeSample(request.body));
});

export default app;
