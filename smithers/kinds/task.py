"""A task: work of an agent or of a Python function. It has no children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typing_extensions import TypeVar

from smithers import waits
from smithers.changes import Outcome
from smithers.kinds._instance import Instance
from smithers.kinds._kind import NOTHING, Asking, Kind, OutputReader, Planning
from smithers.state import RunState
from smithers.tree import AgentWork, Node, Output, Task

__all__ = ["TASK", "Leaf", "WorkKind", "agent_work"]

N = TypeVar("N", bound=Task[Any], default=Any)


def agent_work(node: Node[Any] | None) -> AgentWork | None:
    """What an agent has to do for a node; None if no agent works for it."""
    work = node.work if isinstance(node, Task) else None
    return work if isinstance(work, AgentWork) else None


class Leaf(Kind[N]):
    """A kind whose nodes do something themselves."""

    is_task = True

    def source_of_output(self, node: N) -> N:
        return node

    def output(self, node: N) -> Output[Any]:
        return node.output

    def value(self, outputs: OutputReader, one: Instance[N], handle: N) -> object:
        ended = outputs.state.ended.get(one.key)
        if ended is None or ended.output is None or one.status != "finished":
            return NOTHING
        return outputs.parse(handle, one.key, ended)

    def text(self, outputs: OutputReader, one: Instance[N]) -> str | None:
        ended = outputs.state.ended.get(one.key)
        if ended is None or one.status != "finished":
            return None
        return outputs.stored(one.key, ended)

    def activate(self, plan: Planning, one: Instance[N]) -> None:
        state = plan.state
        ended = state.ended.get(one.key)
        if self.has_begun(state, one):
            plan.begin(one)
        if ended is not None:
            plan.mark(one, ended.outcome, ended.frame)
        elif one.closed:
            plan.drop_task(one, "skipped", cancel=False)
        elif not any(
            tried.counts and tried.state == "running" for tried in state.tries.get(one.key, ())
        ):
            plan.resolve_later(one)

    def child_settled(self, plan: Planning, one: Instance[N], child: Instance) -> None:
        raise AssertionError(f"a {self.name} has no children")

    def drop(self, plan: Planning, one: Instance[N], outcome: Outcome, *, cancel: bool) -> None:
        plan.drop_task(one, outcome, cancel=cancel)

    def make_below(self, plan: Planning, one: Instance[N]) -> None:
        """There is nothing below it."""

    def is_tolerated(self, node: N) -> bool:
        return node.on_failure == "continue"

    def has_begun(self, state: RunState, one: Instance[N]) -> bool:
        key = one.key
        tried = state.tries.get(key, ())
        holds = state.has_wait(key, waits.TAKING_SLOTS)
        if not tried and not holds:  # nothing happened to it yet
            return False
        tries = [one for one in tried if one.counts]
        # What an interrupted step would have come to, its next attempt tells: it may be deferred.
        begun = any(one.state not in ("deferred", "interrupted") for one in tries)
        interrupted = bool(tries) and tries[-1].state == "interrupted"
        return begun or holds or interrupted


class WorkKind(Leaf[N]):
    """A leaf whose work an executor attempts."""

    def needs(self, node: N) -> Iterator[tuple[str, str]]:
        for need in node.needs:
            yield need, f"needs {need!r}"

    def resolve(self, asking: Asking, one: Instance[N]) -> bool:
        return asking.make_ready(one)


class TaskKind(WorkKind[Task[Any]]):
    name = "task"

    def needs(self, node: Task[Any]) -> Iterator[tuple[str, str]]:
        yield from super().needs(node)
        if (work := agent_work(node)) is not None and work.source is not None:
            yield work.source, f"{work.verb} {work.source!r}"


TASK = TaskKind()
