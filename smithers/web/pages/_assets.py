"""The style, the script and the icon of the pages. They tell nothing, so they need no session."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from starlette.responses import Response

from smithers.web._routes import Call, Route

__all__ = ["ROUTES"]

_FOLDER = Path(__file__).parents[1] / "assets"
_MEDIA = {
    "inspector.css": "text/css",
    "inspector.js": "text/javascript",
    "favicon.svg": "image/svg+xml",
}


@lru_cache
def _bytes(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def _asset(call: Call) -> Response:
    name = call.request.url.path.rpartition("/")[2]
    return Response(_bytes(name), media_type=_MEDIA[name])


ROUTES = tuple(
    Route(
        method="GET",
        path=f"/assets/{name}",
        name=name.replace(".", "_"),
        summary=f"The file {name} of the pages.",
        scope=None,
        handler=_asset,
        result=None,
        media=(media,),
        is_page=True,
    )
    for name, media in _MEDIA.items()
)
