"""The page of a run's tree as boxes in boxes: what runs in order below each other, the rest side by
side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.changes import Key
from smithers.values import dataclass
from smithers.web._routes import Call, Closed, number_of
from smithers.web.pages._facts import every_ms
from smithers.web.pages._page import page, render
from smithers.web.pages._row_words import is_beside
from smithers.web.pages._sums import SHOWN, Facts
from smithers.web.pages._tree import MOST
from smithers.web.pages._words import Mark, mark_of_run, name_of

if TYPE_CHECKING:
    from smithers.views import GraphNode

__all__ = ["ROUTES"]


_MOST_BOXES = 600
"""So many boxes are in a page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A task, or a group with those of its boxes that are shown; `hidden` is how many are not."""

    key: Key
    name: str
    kind: str
    mark: Mark
    done: int = 0
    total: int = 0
    is_group: bool = False
    is_beside: bool = False
    children: tuple[Box, ...] = ()
    hidden: int = 0


class GraphParameters(Closed):
    """As of which frame."""

    frame: Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)] | None = None


def _graph(call: Call) -> Response:
    given, hub = call.query_as(GraphParameters), call.hub
    cursor = hub.look(call.run).cursor  # first, so that what follows it is told
    drawn = hub.picture(call.run, frame=given.frame)
    run = drawn.found.run
    boxes = _Boxes(Facts(drawn, run.last_activity))
    return render(
        call,
        "graph.html",
        title=f"Graph of {run.run_id}",
        run=run,
        mark=mark_of_run(run.status, drawn.found.waits),
        frame=None if run.frames > drawn.last else run.frames - 1,
        root=None if drawn.root is None else boxes.box(drawn.root),
        every_ms=every_ms(len(drawn.found.tasks)),
        live=f"/api/v1/runs/{call.run}/events{'' if cursor is None else f'?after={cursor}'}",
    )


class _Boxes:
    """Makes boxes until there are too many: of a large group those that need somebody."""

    def __init__(self, facts: Facts) -> None:
        self.facts, self.left = facts, _MOST_BOXES

    def box(self, node: GraphNode) -> Box:
        state = self.facts.state(node)
        mark = self.facts.leaf(node).mark if not node.children else SHOWN[state]
        if not node.children:
            return Box(key=node.key, name=name_of(node.key), kind=node.kind, mark=mark)
        made, found = node.children, self.facts.sum(node)
        if len(made) > MOST or (len(made) > self.left and not found.is_urgent):
            made = tuple(one for one in made if self.facts.sum(one).is_urgent)
            made = made[: min(MOST, max(self.left, 0))]
        self.left -= len(made)
        return Box(
            key=node.key,
            name=name_of(node.key),
            kind=node.kind,
            mark=mark,
            done=found.done,
            total=found.total,
            is_group=True,
            is_beside=len(made) > 1 and is_beside(node.kind),
            children=tuple(map(self.box, made)),
            hidden=len(node.children) - len(made),
        )


ROUTES = (
    page(
        "/runs/{run}/graph",
        "graph_page",
        "The tree of a run as boxes, for a browser.",
        _graph,
        query=GraphParameters,
    ),
)
