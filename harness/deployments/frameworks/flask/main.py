import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from flask import Flask, Response, request
from world_harness_serving.app import ENDPOINT, answer, deliver, describe_app

# Views are synchronous, the engine is not. It runs on its own event loop, so that its queue and
# streams outlive the request that started them.
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


def finish(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result()


app = Flask(__name__)


@app.get("/world-harness/app")
def describe() -> Any:
    return finish(describe_app())


@app.post("/world-harness/requests")
def respond() -> Any:
    return finish(answer(request.get_json()))


@app.post(ENDPOINT)
def flow() -> Response:
    delivery = deliver("POST", request.full_path, request.headers, request.get_data())
    status, headers, content = finish(delivery)
    return Response(content, status, headers)
