"""Smithers over HTTP: an API that reads runs, answers them and starts them.

A face over `Hub`, with no logic of its own. Starlette and uvicorn are imported when a server is
made; they come with the extra `serve`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.lazy import lazily

if TYPE_CHECKING:
    from smithers.web._app import make_app
    from smithers.web._proxies import Proxies
    from smithers.web._serving import serve

_HOMES = {
    "Proxies": "smithers.web._proxies",
    "make_app": "smithers.web._app",
    "serve": "smithers.web._serving",
}
__all__ = ["Proxies", "make_app", "serve"]

__getattr__ = lazily(__name__, _HOMES)
