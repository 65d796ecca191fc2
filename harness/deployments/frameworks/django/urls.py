import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_GET, require_POST
from world_harness_serving.app import ENDPOINT, answer, deliver, describe_app


@require_GET
async def describe(request: HttpRequest) -> HttpResponse:
    return JsonResponse(await describe_app())


@require_POST
async def respond(request: HttpRequest) -> HttpResponse:
    return JsonResponse(await answer(json.loads(request.body)))


@require_POST
async def flow(request: HttpRequest) -> HttpResponse:
    url, body = request.get_full_path(), request.body
    status, headers, content = await deliver("POST", url, request.headers, body)
    return HttpResponse(content, status=status, headers=headers)


urlpatterns = [
    path("world-harness/app", describe),
    path("world-harness/requests", respond),
    path(ENDPOINT.removeprefix("/"), flow),
]
