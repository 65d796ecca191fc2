import { answer } from "../../../harness/app";

export async function POST(request) {
  return Response.json(await answer(await request.json()));
}
