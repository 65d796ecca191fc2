import { takeSample } from "../../../harness/sample";

export async function POST(request) {
  return Response.json(await takeSample(await request.json()));
}
