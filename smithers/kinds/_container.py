"""What all containers share: they settle through their children, and give what their result is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typing_extensions import TypeVar

from smithers.changes import Outcome
from smithers.kinds._called import Called
from smithers.kinds._instance import Instance
from smithers.kinds._kind import NOTHING, Asking, Kind, Planning
from smithers.kinds._output_reader import OutputReader
from smithers.state import Ended, RunState
from smithers.tree import Computed, Giving, Node

__all__ = ["Container", "result_of"]

N = TypeVar("N", bound=Node[Any], default=Any)


class Container(Kind[N]):
    """A kind whose nodes settle through their children, and give what their `result` gives.

    A `result` that is a callable is a choice: it is asked last, when the node would finish.
    """

    def is_tolerated(self, node: N) -> bool:
        return isinstance(node, Giving) and node.on_failure == "continue"

    def is_complete(self, state: RunState, one: Instance[N]) -> bool:
        """Whether one whose children are settled has no choice left to make."""
        return True

    def outcome(self, state: RunState, one: Instance[N]) -> Outcome:
        """What one whose children are all settled comes to."""
        if one.worst != "finished":
            return one.worst
        dropping = one.dropping
        unfinished = not (self.is_complete(state, one) and self.has_result(state, one))
        return dropping if dropping and (unfinished or dropping == "skipped") else "finished"

    def settle_by_children(self, plan: Planning, one: Instance[N]) -> None:
        """Settle it if no child is open."""
        if not one.open:
            self.conclude(plan, one, self.outcome(plan.state, one), one.settled_at)

    def conclude(self, plan: Planning, one: Instance[N], outcome: Outcome, frame: int) -> None:
        """Settle it, in this frame, or ask for its result first. A failure below it that it
        tolerates is absorbed: it has finished, and gives nothing.
        """
        if outcome == "finished" and self.chooses_result(one.node):
            chosen = plan.state.choices.get((one.key, "result"))
            if chosen is None:
                plan.ask(one, one)
                return
            frame = max(frame, chosen.frame)
        if outcome == "failed" and self.is_tolerated(one.node):
            outcome, one.tolerated = "finished", True
            plan.absorb(one)
        plan.mark(one, outcome, frame)

    def chosen(self, plan: Planning, one: Instance[N]) -> None:
        """Its result is there: no other choice comes after it."""
        self.conclude(plan, one, "finished", one.settled_at)

    def resolve(self, asking: Asking, one: Instance[N]) -> bool:
        """All below it is settled, and its result is missing."""
        result = result_of(one.node)
        assert isinstance(result, Computed)
        value = asking.compute(one, result)
        if value is not None:
            asking.choose(one, "result", value)
        return False

    def end_parts(self, plan: Planning, one: Instance[N]) -> None:
        """All its parts are settled, some of them after it was stopped: then it asks for no
        result.
        """
        outcome = self.outcome(plan.state, one)
        if one.stopped and outcome == "finished" and not self.has_result(plan.state, one):
            outcome = "cancelled"
        self.conclude(plan, one, outcome, one.settled_at)

    def has_result(self, state: RunState, one: Instance[N]) -> bool:
        """Whether no result is missing that is a choice."""
        return not self.chooses_result(one.node) or (one.key, "result") in state.choices

    def callables(self, node: N) -> Iterator[Called]:
        result = result_of(node)
        if isinstance(result, Computed):
            yield Called("result", result.call, at_end=True)

    def chooses_result(self, node: N) -> bool:
        """Whether its result is a choice."""
        return isinstance(result_of(node), Computed)

    def end_of(self, state: RunState, one: Instance[N]) -> Ended | None:
        """Its end in the state."""
        return state.ended.get(one.key)

    def drop(self, plan: Planning, one: Instance[N], outcome: Outcome, *, cancel: bool) -> None:
        ended = self.end_of(plan.state, one)
        if ended is not None and not one.children:
            plan.mark(one, ended.outcome, ended.frame)
            return
        self.make_below(plan, one)
        one.dropping = one.dropping or outcome
        for child in one.children:
            plan.drop(child, outcome, cancel=cancel)
        self.settle_by_children(plan, one)

    def make_below(self, plan: Planning, one: Instance[N]) -> None:
        plan.make_children(one, one.definition.children)

    # -- what it gives

    def source_of_output(self, node: N) -> Node[Any] | None:
        result = result_of(node)
        return node if isinstance(result, Computed) else result

    def source(self, outputs: OutputReader, one: Instance[N]) -> Instance | None:
        """The node whose output it gives, if its result is not a callable."""
        result = result_of(one.node)
        return outputs.inside(one, result) if isinstance(result, Node) else None

    def gives(self, outputs: OutputReader, one: Instance[N]) -> bool:
        if one.status != "finished" or one.tolerated:
            return False
        if isinstance(result_of(one.node), Computed):
            return (one.key, "result") in outputs.state.choices
        source = self.source(outputs, one)
        return source is not None and source.kind.gives(outputs, source)

    def value(self, outputs: OutputReader, one: Instance[N], handle: N) -> object:
        if not self.gives(outputs, one):
            return NOTHING
        result = result_of(one.node)
        if isinstance(result, Computed):
            return result.parse(outputs.state.choices[one.key, "result"].value)
        source = self.source(outputs, one)
        assert source is not None
        return source.kind.value(outputs, source, source.node)

    def text(self, outputs: OutputReader, one: Instance[N]) -> str | None:
        if not self.gives(outputs, one):
            return None
        result = result_of(one.node)
        if isinstance(result, Computed):
            return result.text(outputs.state.choices[one.key, "result"].value)
        source = self.source(outputs, one)
        return None if source is None else source.kind.text(outputs, source)


def result_of(node: Node[Any]) -> Node[Any] | Computed[Any] | None:
    """What the author gave as `result`."""
    return node.result if isinstance(node, Giving) else None
