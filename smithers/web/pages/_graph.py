"""The page of a run's tree as boxes in boxes: what runs in order below each other, the rest side by
side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.shapes import is_container, shape_of
from smithers.web._routes import Call, Closed, number_of
from smithers.web.pages._facts import every_ms
from smithers.web.pages._page import page, render
from smithers.web.pages._tree import items_of, tree_of
from smithers.web.pages._words import mark_of_run

if TYPE_CHECKING:
    from smithers.web.pages._tree import Item

__all__ = ["ROUTES"]


class GraphParameters(Closed):
    """As of which frame."""

    frame: Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)] | None = None


def _graph(call: Call) -> Response:
    given, hub = call.query_as(GraphParameters), call.hub
    cursor = hub.look(call.run).cursor  # first, so that what follows it is told
    drawn = hub.picture(call.run, frame=given.frame)
    run = drawn.found.run
    tree = tree_of(drawn.root, drawn.found, end=run.last_activity, scale=1.0)
    return render(
        call,
        "graph.html",
        title=f"Graph of {run.run_id}",
        run=run,
        mark=mark_of_run(run.status, drawn.found.waits),
        frame=None if run.frames > drawn.last else run.frames - 1,
        items=items_of(tree),
        kind="sequence" if drawn.root is None else drawn.root.kind,
        is_beside=_is_beside,
        every_ms=every_ms(len(drawn.found.tasks)),
        live=f"/api/v1/runs/{call.run}/events{'' if cursor is None else f'?after={cursor}'}",
    )


def _is_beside(kind: str, items: tuple[Item, ...]) -> bool:
    """Whether the children of a node may run at the same time."""
    shape = shape_of(kind)
    return len(items) > 1 and is_container(kind) and not (shape.is_ordered or shape.is_code)


ROUTES = (
    page(
        "/runs/{run}/graph",
        "graph_page",
        "The tree of a run as boxes, for a browser.",
        _graph,
        query=GraphParameters,
    ),
)
