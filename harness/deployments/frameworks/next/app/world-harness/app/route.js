import { describeApp } from "../../../harness/sample";

export async function GET() {
  return Response.json(await describeApp());
}
