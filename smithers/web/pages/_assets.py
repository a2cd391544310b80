"""The styles, the scripts and the icon of the pages. They tell nothing, so they need no session.

They are compressed, which pages are not: a page has secrets of its session beside texts of others,
and the size of the two compressed together would tell about both.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from pydantic import Field
from starlette.responses import Response

from smithers.web._routes import Call, Closed, Route

__all__ = ["ROUTES", "asset"]

_FOLDER = Path(__file__).parents[1] / "assets"
_MEDIA = {
    "inspector.css": "text/css",
    "inspector.js": "text/javascript",
    "costs.js": "text/javascript",
    "vendor/htmx.min.js": "text/javascript",
    "vendor/hx-csp.min.js": "text/javascript",
    "vendor/hx-sse.min.js": "text/javascript",
    "vendor/uPlot.iife.min.js": "text/javascript",
    "vendor/uPlot.min.css": "text/css",
    "favicon.svg": "image/svg+xml",
    "favicon-waits.svg": "image/svg+xml",
}


class AssetQuery(Closed):
    """Which version of the file: a browser keeps one that is named."""

    v: str = Field("", max_length=64)


@lru_cache
def _file(name: str) -> tuple[bytes, bytes, str]:
    """A file, as it is and compressed, and its version."""
    found = (_FOLDER / name).read_bytes()
    return found, gzip.compress(found, mtime=0), hashlib.sha256(found).hexdigest()[:16]


def asset(name: str) -> str:
    """The address of a file: another one after each change of the file."""
    return f"/assets/{name}?v={_file(name)[2]}"


def _asset(call: Call) -> Response:
    name = call.request.url.path.removeprefix("/assets/")
    plain, compressed, version = _file(name)
    headers = {"Vary": "Accept-Encoding"}
    if call.query_as(AssetQuery).v == version:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if "gzip" in call.request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        plain = compressed
    return Response(plain, headers=headers, media_type=_MEDIA[name])


ROUTES = tuple(
    Route(
        method="GET",
        path=f"/assets/{name}",
        name=name.replace(".", "_").replace("/", "_").replace("-", "_"),
        summary=f"The file {name} of the pages.",
        scope=None,
        handler=_asset,
        query=AssetQuery,
        result=None,
        media=(media,),
        is_page=True,
    )
    for name, media in _MEDIA.items()
)
