from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from world_harness_serving.app import ENDPOINT, answer, deliver, describe_app


async def describe(request: Request) -> Response:
    return JSONResponse(await describe_app())


async def respond(request: Request) -> Response:
    return JSONResponse(await answer(await request.json()))


async def flow(request: Request) -> Response:
    body = await request.body()
    status, headers, content = await deliver("POST", str(request.url), request.headers, body)
    return Response(content, status, headers)


app = Starlette(
    routes=[
        Route("/world-harness/app", describe),
        Route("/world-harness/requests", respond, methods=["POST"]),
        Route(ENDPOINT, flow, methods=["POST"]),
    ]
)
