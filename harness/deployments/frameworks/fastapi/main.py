from typing import Any

from fastapi import FastAPI, Request, Response
from world_harness_serving.app import ENDPOINT, answer, deliver, describe_app

app = FastAPI()


@app.get("/world-harness/app")
async def describe() -> dict[str, Any]:
    return await describe_app()


@app.post("/world-harness/requests")
async def respond(request: dict[str, Any]) -> dict[str, Any]:
    return await answer(request)


@app.post(ENDPOINT)
async def flow(request: Request) -> Response:
    body = await request.body()
    status, headers, content = await deliver("POST", str(request.url), request.headers, body)
    return Response(content, status, headers)
