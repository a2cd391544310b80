"""The page of a run's tree as a picture: boxes in boxes, and curves to what read a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, Strict
from starlette.responses import Response

from smithers.web._routes import Call, Closed, number_of
from smithers.web.pages._drawing import Item, draw
from smithers.web.pages._facts import every_ms
from smithers.web.pages._page import events_of, page, render
from smithers.web.pages._sums import SHOWN, Facts
from smithers.web.pages._tree import MOST
from smithers.web.pages._words import Mark, mark_of_run, name_of

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.views import GraphNode

__all__ = ["ROUTES"]

_MOST_BOXES = 600
"""At most this many boxes are in a page."""


class GraphParameters(Closed):
    """As of which frame."""

    frame: Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)] | None = None


def _graph(call: Call) -> Response:
    given, hub = call.query_as(GraphParameters), call.hub
    live = events_of(call)
    drawn = hub.picture(call.run, frame=given.frame)
    run = drawn.found.run
    root = drawn.root
    facts = Facts(drawn, run.last_activity)
    items = () if root is None else _Items(facts).of(root)
    waits = {one.key: one for one in drawn.found.waits}
    reads = {one.line.key: one.reads for one in drawn.found.tasks if one.reads}
    return render(
        call,
        "graph.html",
        title=f"Graph of {run.run_id}",
        run=run,
        mark_=mark_of_run(run.status, drawn.found.waits, is_silent=drawn.is_silent),
        frame=None if run.frames > drawn.last else run.frames - 1,
        drawing=draw(root, items, "" if root is None else root.kind, reads),
        outline=list(_outline(items, reads, 0)),
        counts=Counter[Mark](
            facts.mark(one.line.key, one.line.state, waits.get(one.line.key))
            for one in drawn.found.tasks
        ),
        every_ms=every_ms(len(drawn.found.tasks)),
        live=live,
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
            yield f"{'  ' * (depth + 1)}{item.hidden:,} {'more' if item.children else 'tasks'}"


class _Items:
    """Makes items until there are too many: of a large group those that need somebody."""

    def __init__(self, facts: Facts) -> None:
        self.facts, self.left = facts, _MOST_BOXES

    def of(self, root: GraphNode) -> tuple[Item, ...]:
        """What is shown; the root itself only where it says something."""
        item = self._item(root, 0)
        return item.children if item.is_group and item.children and not item.hidden else (item,)

    def _item(self, node: GraphNode, depth: int) -> Item:
        name, kind = name_of(node.key), node.kind
        if not node.children:
            mark = self.facts.leaf(node).mark
            return Item(key=node.key, name=name, kind=kind, mark=mark, depth=depth)
        made, found = node.children, self.facts.sum(node)
        if len(made) > MOST or (len(made) > self.left and not found.is_urgent):
            made = tuple(one for one in made if self.facts.sum(one).is_urgent)
            made = made[: min(MOST, max(self.left, 0))]
        self.left -= len(made)
        return Item(
            key=node.key,
            name=name,
            kind=kind,
            mark=SHOWN[self.facts.state(node)],
            depth=depth,
            done=found.done,
            total=found.total,
            is_group=True,
            children=tuple(self._item(one, depth + 1) for one in made),
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
