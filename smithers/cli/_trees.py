"""A tree as a person sees it: lines, a Mermaid flowchart, or an SVG; of a run, or of a workflow
before it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any, cast

from smithers.cli._streams import MARKS, paint, shown
from smithers.shapes import ITERATION, is_container, shape_of
from smithers.values import dataclass
from smithers.views import cached_words

if TYPE_CHECKING:
    from smithers.views import GraphNode, GraphView

__all__ = ["Drawn", "mermaid", "of_run", "of_workflow", "svg", "tree_lines"]

_ROW, _INDENT, _LETTER, _EDGE = 28, 28, 7.5, 12
"""Pixels of an SVG: the height of a row, the width of a level, of a letter, and the margin."""
_INK = {
    "green": "#2da44e",
    "red": "#cf222e",
    "cyan": "#0969da",
    "yellow": "#bf8700",
    "blue": "#0969da",
    "dim": "#6e7781",
    "": "#57606a",
}


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A node as it is drawn: its name, what is said of it, and in which colour."""

    name: str
    words: str
    colour: str = ""
    children: tuple[Drawn, ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Drawn]]:
        """It and all below it, with their depths, in document order."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def of_run(found: GraphView) -> Drawn | None:
    """The tree of a run with the state of each node."""
    return None if found.root is None else _of_node(found.root, None)


def _of_node(node: GraphNode, parent: GraphNode | None) -> Drawn:
    mark, colour = MARKS[node.state]
    state = f"{node.state} (tolerated)" if node.tolerated and node.state == "failed" else node.state
    cached = "" if node.cached is None else f" ({cached_words(node.cached)})"
    name = f"iteration {node.key.path[-1]}" if node.kind == ITERATION else ""
    above = None if parent is None else (parent.key.id, parent.kind)
    return Drawn(
        name=name or _name(node.key.id, node.kind, above),
        words=f"{mark} {state}{cached}",
        colour=colour,
        children=tuple(_of_node(child, node) for child in node.children),
    )


def of_workflow(node: Mapping[str, Any], parent: tuple[str, str] | None = None) -> Drawn:
    """The tree of a workflow before it runs, as `check` gives it."""
    id, kind = cast("str", node["id"]), cast("str", node["kind"])
    agents = ", ".join(cast("list[str]", node["agents"]))
    waits = cast("str | None", node["waits"])
    words = f"{kind}{f' of {agents}' if agents else ''}" if not is_container(kind) else ""
    told = [one for one in (words, waits or "") if one]
    return Drawn(
        name=_name(id, kind, parent),
        words="; ".join(told),
        colour="yellow" if waits else "dim",
        children=tuple(of_workflow(child, (id, kind)) for child in node["children"]),
    )


def _name(id: str, kind: str, parent: tuple[str, str] | None) -> str:
    """A node's kind and its author's id, or the key of the item that it is."""
    if not is_container(kind):
        return id
    if parent is None:
        return kind if id == kind else f"{kind} {id}"
    rest = id.removeprefix(f"{parent[0]}/")
    is_made = rest != id and not shape_of(parent[1]).expands
    return kind if is_made else f"{kind} {rest}"


def tree_lines(title: str, root: Drawn | None) -> Iterator[str]:
    """The tree as lines."""
    yield paint(shown(title), "bold", sys.stdout)
    if root is not None:
        yield from _branch(root, "", "")


def _branch(node: Drawn, first: str, below: str) -> Iterator[str]:
    words = f"  {paint(shown(node.words), node.colour, sys.stdout)}" if node.words else ""
    yield f"{first}{shown(node.name)}{words}"
    for number, child in enumerate(node.children):
        last = number == len(node.children) - 1
        here, under = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _branch(child, below + here, below + under)


def mermaid(root: Drawn | None) -> Iterator[str]:
    """The tree as a Mermaid flowchart."""
    yield "flowchart TD"
    above: list[int] = []
    for number, (depth, node) in enumerate(root.walk() if root else (), 1):
        label = _quoted(node.name)
        words = f"<br/>{_quoted(node.words.lstrip(_MARKS))}" if node.words else ""
        yield f'  n{number}["{label}{words}"]'
        del above[depth:]
        if above:
            yield f"  n{above[-1]} --> n{number}"
        above.append(number)


_MARKS = "".join({mark for mark, _ in MARKS.values()}) + " "


def _quoted(text: str) -> str:
    return shown(text).replace('"', "#quot;").replace("\n", " ")


def svg(root: Drawn | None) -> Iterator[str]:
    """The tree as an SVG: a row for each node, indented by its depth."""
    rows = list(root.walk() if root else ())
    widths = (
        depth * _INDENT + (len(node.name) + len(node.words) + 5) * _LETTER for depth, node in rows
    )
    width, height = int(max(widths, default=0)) + 2 * _EDGE, len(rows) * _ROW + 2 * _EDGE
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    yield ' font-family="monospace" font-size="12">'
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    above: list[int] = []
    for number, (depth, node) in enumerate(rows):
        x, y = _EDGE + depth * _INDENT, _EDGE + number * _ROW
        del above[depth:]
        if above:
            top, left = _EDGE + above[-1] * _ROW + _ROW - 4, x - _INDENT + 10
            yield f'<path d="M{left} {top}V{y + 12}H{x}" fill="none" stroke="#d0d7de"/>'
        above.append(number)
        name, words = escape(shown(node.name)), escape(shown(node.words))
        wide = int((len(node.name) + 2) * _LETTER)
        ink = _INK.get(node.colour, _INK[""])
        box = f'<rect x="{x}" y="{y}" width="{wide}" height="{_ROW - 4}" rx="4"'
        yield f'{box} fill="#f6f8fa" stroke="{ink}"/>'
        yield f'<text x="{x + 8}" y="{y + 16}" fill="#1f2328">{name}</text>'
        if words:
            yield f'<text x="{x + wide + 8}" y="{y + 16}" fill="{ink}">{words}</text>'
    yield "</svg>"
