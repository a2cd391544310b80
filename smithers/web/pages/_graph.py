"""The page of a run's tree as a picture: boxes in boxes, and curves to what read a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.shapes import is_container, shape_of
from smithers.web._routes import Call, Closed, number_of
from smithers.web.pages._drawing import draw
from smithers.web.pages._facts import every_ms
from smithers.web.pages._page import page, render
from smithers.web.pages._tree import items_of, tree_of
from smithers.web.pages._words import Mark, mark_of_run, mark_of_task, name_of

if TYPE_CHECKING:
    from smithers.changes import Key
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
    items, kind = items_of(tree), "" if drawn.root is None else drawn.root.kind
    waits = {one.key: one for one in drawn.found.waits}
    reads = {one.line.key: one.reads for one in drawn.found.tasks if one.reads}
    return render(
        call,
        "graph.html",
        title=f"Graph of {run.run_id}",
        run=run,
        mark_=mark_of_run(run.status, drawn.found.waits),
        frame=None if run.frames > drawn.last else run.frames - 1,
        drawing=draw(tree, items, kind, reads, _is_beside),
        outline=list(_outline(items, reads, 0)),
        counts=Counter[Mark](
            mark_of_task(one.line.state, waits.get(one.line.key)) for one in drawn.found.tasks
        ),
        every_ms=every_ms(len(drawn.found.tasks)),
        live=f"/api/v1/runs/{call.run}/events{'' if cursor is None else f'?after={cursor}'}",
    )


def _outline(
    items: Iterable[Item], reads: Mapping[Key, Iterable[Key]], depth: int
) -> Iterator[str]:
    """The picture as lines of text."""
    for item in items:
        read = ", ".join(map(name_of, reads.get(item.key, ())))
        after = f", {item.done:,} of {item.total:,} done" if item.is_group else ""
        after += f", reads {read}" if read and not item.is_group else ""
        yield f"{'  ' * depth}{item.name}: {item.kind}, {item.mark.word}{after}"
        yield from _outline(item.children, reads, depth + 1)
        if item.hidden:
            yield f"{'  ' * (depth + 1)}{item.hidden:,} more"


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
