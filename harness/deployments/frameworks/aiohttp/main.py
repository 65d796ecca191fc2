import sys

from aiohttp import web
from world_harness_serving.app import ENDPOINT, answer, deliver, describe_app


async def describe(request: web.Request) -> web.Response:
    return web.json_response(await describe_app())


async def respond(request: web.Request) -> web.Response:
    return web.json_response(await answer(await request.json()))


async def flow(request: web.Request) -> web.Response:
    body = await request.read()
    status, headers, content = await deliver("POST", str(request.url), request.headers, body)
    return web.Response(status=status, headers=headers, body=content)


app = web.Application(client_max_size=16 * 1024 * 1024)
app.add_routes(
    [
        web.get("/world-harness/app", describe),
        web.post("/world-harness/requests", respond),
        web.post(ENDPOINT, flow),
    ]
)

if __name__ == "__main__":
    # aiohttp is its own server: it uses neither ASGI nor WSGI.
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None)
