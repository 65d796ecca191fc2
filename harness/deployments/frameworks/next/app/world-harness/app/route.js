import { describeApp } from "../../../harness/app";

export async function GET() {
  return Response.json(await describeApp());
}
