import { takeSample } from "../../../harness/sample";

export async function POST(request: Request): Promise<Response> {
  return Response.json(await takeSample(await request.json()));
}
