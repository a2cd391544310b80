"""What is about the server itself: whether it is up, and what it offers."""

from __future__ import annotations

from typing import Any, Literal

from starlette.responses import Response
from typing_extensions import TypedDict

from smithers.web._routes import Call, Json, Route

__all__ = ["ROUTES"]


class Health(TypedDict):
    """The server answers."""

    status: Literal["ok"]


async def _health(call: Call) -> Json:
    del call
    return {"status": "ok"}


async def _document(call: Call) -> Response:
    return Response(call.server.document, media_type="application/json")


ROUTES = (
    Route(
        method="GET",
        path="/health",
        name="health",
        summary="Whether the server is up. It says nothing about runs, and needs no token.",
        scope=None,
        handler=_health,
        result=Health,
    ),
    Route(
        method="GET",
        path="/openapi.json",
        name="openapi",
        summary="The description of this API in OpenAPI 3.1.",
        scope="read",
        handler=_document,
        result=dict[str, Any],
    ),
)
