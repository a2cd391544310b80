"""What a row of the tree says beside its name, and in the column of its state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from smithers import waits
from smithers.changes import Key
from smithers.shapes import ITERATION, asks_agent, is_container, shape_of
from smithers.texts import title_of
from smithers.web.pages._sums import Facts, Leaf, is_done
from smithers.web.pages._texts import text_of
from smithers.web.pages._words import Mark, name_of, short

if TYPE_CHECKING:
    from smithers.views import GraphNode, Picture

__all__ = ["Says", "group_says", "group_words", "is_beside", "leaf_says", "leaf_words", "node_name"]


class Says(NamedTuple):
    """The state of a row in words. `since` is a time that has passed since, `at` one to come.
    `is_hidden`: its glyph says it to those who see it.
    """

    mark: Mark
    text: str
    since: datetime | None = None
    at: datetime | None = None
    is_hidden: bool = False
    state: str = ""
    """The state, where the text is a count."""


def is_beside(kind: str) -> bool:
    """Whether the children of a node may run at the same time."""
    shape = shape_of(kind)
    return is_container(kind) and not (shape.is_ordered or shape.is_code)


def node_name(node: GraphNode, parent: GraphNode | None = None) -> str:
    """The name of a node; of an item its key alone."""
    if node.kind == ITERATION:
        return f"iteration {node.key.path[-1]}"
    key = node.key
    if parent is not None and shape_of(parent.kind).expands:
        key = Key(key.id.removeprefix(f"{parent.key.id}/"), key.path)
    return name_of(key)


def leaf_says(node: GraphNode, leaf: Leaf, facts: Facts) -> Says:
    mark, wait = leaf.mark, leaf.wait
    if leaf.state == "stalled":
        return Says(mark, "silent", since=facts.silent[node.key])
    if leaf.state == "failed":
        return Says(mark, "failed, allowed" if node.tolerated else "failed")
    if leaf.state == "asks" and wait is not None:
        return Says(mark, "waits", since=wait.since)
    if leaf.state == "waiting" and wait is not None:
        due = max((one.until for one in wait.cooling), default=wait.due)
        if due is not None and due > facts.end:
            return Says(mark, "until", at=due)
        return Says(mark, "waits", since=wait.since)
    return Says(mark, mark.word, is_hidden=leaf.state == "finished")


def group_says(node: GraphNode, mark: Mark) -> Says:
    """The state of a group, of one whose children run at the same time how many are done."""
    word = "failed, allowed" if node.tolerated and mark.glyph == "bad" else mark.word
    if not is_beside(node.kind):
        return Says(mark, word, is_hidden=mark.glyph == "ok")
    done = sum(map(is_done, node.children))
    return Says(mark, f"{done:,} of {len(node.children):,}", state=word)


def leaf_words(node: GraphNode, leaf: Leaf, drawn: Picture) -> str:
    """Why it failed, what it waits for, or what it does."""
    view, wait = leaf.view, leaf.wait
    if view is not None and view.line.error is not None:
        return short(view.line.error.message)
    if wait is not None:
        return _wait_words(leaf)
    parts: list[str] = []
    if view is not None and view.attempts and (number := view.attempts[-1].number) > 1:
        parts.append(f"attempt {number}")
    if leaf.state in ("running", "stalled") and (doing := drawn.activities.get(node.key)):
        parts.append(short(doing.tool or doing.words, 80))
    return ", ".join(filter(None, parts)) or _kind(node)


def _wait_words(leaf: Leaf) -> str:
    wait = leaf.wait
    assert wait is not None
    if wait.asked:
        return title_of(wait.asked)
    if wait.kind == waits.COOLDOWN and wait.on:
        return f"{', '.join(wait.on)} {'is' if len(wait.on) == 1 else 'are'} over the limit"
    return "" if leaf.mark.word == "waiting" else leaf.mark.word


def _kind(node: GraphNode) -> str:
    """The kind of a node, unless its name has it."""
    return "" if asks_agent(node.kind) or node.kind in node.key.id else node.kind


def group_words(node: GraphNode, facts: Facts) -> str:
    """What a group is, and of an iteration why the loop has made another."""
    if node.kind == ITERATION:
        return _why_again(node, facts)
    if not shape_of(node.kind).iterates:
        return _kind(node)
    number = len(node.children)
    if not number or node.children[-1].kind != ITERATION:
        return node.kind
    if node.state in ("running", "waiting", "ready"):
        return f"{node.kind}, iteration {node.children[-1].key.path[-1]}"
    return f"{node.kind}, {number} iteration{'s' if number > 1 else ''}"


def _why_again(node: GraphNode, facts: Facts) -> str:
    """The first line of what its last task gave, if that is a text, or the error of that."""
    for leaf in reversed([*facts.leaves(node)]):
        view = facts.leaf(leaf).view
        if view is None or not is_done(leaf):
            if view is not None and view.line.error is not None:
                return f"not done: {short(view.line.error.message, 80)}"
            continue
        if view.output is None or not isinstance(text := view.output.ended.output, str):
            return ""
        lines = text_of(text).strip().split("\n", 1)
        return f"not done: {short(lines[0], 80)}" if lines[0] not in ("", "{", "[") else ""
    return ""
