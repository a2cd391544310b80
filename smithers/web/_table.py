"""All routes of the server. A new subject adds the rows of its module here."""

from __future__ import annotations

from smithers.web import (
    _answering,
    _events,
    _hooks,
    _metrics,
    _open,
    _reading,
    _sessions,
    _starting,
    pages,
)
from smithers.web._routes import Route

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = (
    *_open.ROUTES,
    *_sessions.ROUTES,
    *_metrics.ROUTES,
    *_reading.ROUTES,
    *_events.ROUTES,
    *_answering.ROUTES,
    *_starting.ROUTES,
    *_hooks.ROUTES,
    *pages.ROUTES,
)
