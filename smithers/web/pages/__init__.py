"""The inspector: pages of runs for a person, made on the server, which work without scripts."""

from __future__ import annotations

from smithers.web._routes import Route
from smithers.web.pages import (
    _acts,
    _ask,
    _assets,
    _compare,
    _costs,
    _fork,
    _graph,
    _run,
    _runs,
    _source,
    _start,
    _task,
    _timeline,
)

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = (
    *_assets.ROUTES,
    *_runs.ROUTES,
    *_costs.ROUTES,
    *_run.ROUTES,
    *_task.ROUTES,
    *_ask.ROUTES,
    *_acts.ROUTES,
    *_fork.ROUTES,
    *_start.ROUTES,
    *_source.ROUTES,
    *_timeline.ROUTES,
    *_graph.ROUTES,
    *_compare.ROUTES,
)
