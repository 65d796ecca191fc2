import { describeApp } from "../../../harness/sample";

export const dynamic = "force-dynamic";

export async function GET(): Promise<Response> {
  return Response.json(await describeApp());
}
