"""What a system that watches runs over time scrapes."""

from __future__ import annotations

from starlette.responses import Response

from smithers.web._routes import Call, Route

__all__ = ["ROUTES"]

TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text"


def _metrics(call: Call) -> Response:
    page, media = call.hub.metrics_page(
        clients=call.server.feed.clients, accept=call.request.headers.get("accept", "")
    )
    return Response(page, media_type=media)


ROUTES = (
    Route(
        method="GET",
        path="/metrics",
        name="get_metrics",
        summary="Counts of all runs in the text format of Prometheus, at most a second old.",
        scope="read",
        handler=_metrics,
        result=None,
        media=(TEXT, OPENMETRICS),
    ),
)
