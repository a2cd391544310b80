"""What is known of a workflow before it runs: its tree as far as it does not depend on outputs, and
how much of it may be asked of agents.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import field
from functools import cached_property
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from smithers.changes import Key
from smithers.checks._findings import Finding, from_error
from smithers.context import Context, NotYet
from smithers.engine.attempts.agent_attempt import MAX_REPAIRS
from smithers.engine.loading import Loaded
from smithers.engine.mount import Mounts
from smithers.engine.outputs import Outputs
from smithers.engine.reading import Reading, View
from smithers.engine.render import Renderer, called
from smithers.errors import Place, SmithersError
from smithers.kinds import Definition, agent_work, child_workflow
from smithers.settings import Values
from smithers.state import RunState
from smithers.tree import (
    NODE_MARK,
    Budget,
    ForEach,
    Part,
    Task,
    explain,
    place_of_error,
)
from smithers.values import dataclass

__all__ = ["Planned", "plan_workflow"]

T = TypeVar("T")
_RUN = "check"
_MOST_NODES, _MOST_DEPTH = 5000, 100
"""A tree that is larger or deeper is shown in part."""
_EARLY = ("prompt", "ask", "test", "skip_if", "correlation")
"""Callables that are tried before the run: they read, and change nothing."""
_CERTAIN = (NameError, AttributeError, TypeError)
"""What a callable raises whatever the data of the run; other errors may be due to what is not there
yet.
"""


@dataclass(frozen=True)
class Unknown:
    """What is not known before the run: of which node, what, and why."""

    id: str
    what: str
    why: str


@dataclass
class Planned:
    """A workflow as it is before it runs."""

    root: Definition
    budget: Budget | None
    pools: dict[str, int]
    findings: list[Finding] = field(default_factory=list[Finding])
    unknown: list[Unknown] = field(default_factory=list[Unknown])
    grows: bool = False
    """Whether the workflow function reads outputs, so that it may add nodes."""
    items: dict[Definition, tuple[Definition, ...]] = field(
        default_factory=dict[Definition, tuple[Definition, ...]]
    )

    def below(self, one: Definition) -> tuple[Definition, ...]:
        """What is directly below a node, items of known data as well."""
        return self.items.get(one, one.children)

    def to_json(self) -> dict[str, Any]:
        calls = _Calls(self, self._why)
        once, at_most = calls.of(self.root)
        return {
            "tree": self._node_json(self.root),
            "agents": sorted({name for one in self._all() for name in _agents(one)}),
            "budgets": [
                {"of": id, **_budget_json(budget)}
                for id, budget in (
                    ("", self.budget),
                    *((one.id, one.node.budget) for one in self._all()),
                )
                if budget is not None
            ],
            "pools": [
                {"name": name, "limit": limit, "tasks": tasks}
                for name, limit in self.pools.items()
                if (tasks := [one.id for one in self._all() if one.node.pool == name])
            ],
            "agent_calls": {"once": once, "at_most": at_most, "besides": calls.besides},
            "unknown": [{"node": one.id, "what": one.what, "why": one.why} for one in self.unknown],
        }

    @cached_property
    def _why(self) -> dict[str, str]:
        """Why something of a node is not known, by its id; asked once all is planned."""
        return {one.id: one.why for one in reversed(self.unknown)}

    def _all(self) -> list[Definition]:
        found, waiting = list[Definition](), [self.root]
        while waiting:
            one = waiting.pop()
            found.append(one)
            waiting += reversed(self.below(one))
        return found

    def _node_json(self, one: Definition) -> dict[str, Any]:
        place = one.node.mark.place
        return {
            "id": one.id,
            "kind": one.node.kind,
            "place": {"file": place.file, "line": place.line, "column": place.column},
            "agents": _agents(one),
            "waits": self._why.get(one.id),
            "children": [self._node_json(child) for child in self.below(one)],
        }


def plan_workflow(loaded: Loaded, input: BaseModel, settings: Values) -> Planned:
    """Render a workflow on this input, with nothing settled. Raises `AuthorError`."""
    workflow = loaded.workflow
    pools = {**workflow.pools}
    for name, one in settings.pools.items():
        limit = one.limit if one.limit is not None else one.machine
        if limit is not None:
            pools[name] = limit
    is_open = True
    view = View(RunState(), Mounts(), Outputs(_RUN), None, lambda id: is_open)
    renderer = Renderer(workflow, Context(input, _RUN), view, loaded.source, pools)
    planned = Planned(renderer.root(0), workflow.budget, pools)
    planner = _Planner(renderer, view, planned)
    planner.expand_all()
    if renderer.reads_structure():
        read = ", ".join(sorted(renderer.scopes.watched))
        root, planned.grows = planned.root.id, True
        planned.unknown.append(Unknown(root, "tree", f"follows {read}, and may grow"))
    is_open = renderer.reads_structure() or bool(planned.unknown)
    planner.ask_all()
    return planned


class _Planner:
    """Asks what can be asked before the run."""

    def __init__(self, renderer: Renderer, view: View, planned: Planned) -> None:
        self._renderer, self._view, self._planned = renderer, view, planned
        self._all: list[Definition] = []

    def expand_all(self) -> None:
        """The items and parts that read no outputs, with what is below them."""
        waiting = [(self._planned.root, 0)]
        while waiting:
            one, depth = waiting.pop()
            self._all.append(one)
            if one.kind.expands:
                is_small = len(self._all) < _MOST_NODES and depth < _MOST_DEPTH
                self._planned.items[one] = self._below(one, is_small=is_small)
            waiting += ((child, depth + 1) for child in reversed(self._planned.below(one)))

    def _below(self, one: Definition, *, is_small: bool) -> tuple[Definition, ...]:
        if not is_small:
            self._not_known(one, "children", "the tree is too large to be shown")
            return ()
        what = one.kind.made_from
        if not what:
            self._not_known(one, "children", "they are made while it runs")
            return ()
        one = cast("Definition[ForEach[Any] | Part]", one)
        items = self._ask(one, what, lambda: self._renderer.ask_items(one))
        if items is None:
            return ()
        self._renderer.remember(Key(one.id, _path(one)), items)
        return tuple(self._renderer.expand(one, _path(one)))

    def ask_all(self) -> None:
        """The callables that only read."""
        for one in self._all:
            for each in one.kind.callables(one.node):
                if each.what in _EARLY and callable(each.call):
                    call = cast("Callable[[], object]", each.call)
                    value = self._ask(one, each.what, call)
                    if isinstance(value, str) and NODE_MARK in value:
                        self._add(
                            one,
                            f"the {each.what} of {one.id!r} contains the repr of a node",
                            "write ctx[task] for the output of a task",
                        )

    def _ask(self, one: Definition, what: str, call: Callable[[], T]) -> T | None:
        """What a callable gives; None if that is not known, or if it raises."""
        key = Key(one.id, _path(one))
        reading = Reading(self._view, key, one.kind.loops_around(one), 0)
        try:
            return called(call, reading)
        except NotYet as missed:
            self._not_known(one, what, f"waits for {', '.join(on.id for on in missed.on)}")
        except SmithersError as error:
            self._planned.findings.append(from_error(error, "callable", one.node.mark.place))
        except _CERTAIN as error:
            explained = explain(error)
            place = place_of_error(error, self._renderer.folder)
            self._add(one, f"the {what} of {one.id!r}: {explained.said}", explained.hint, place)
        except Exception as error:
            self._not_known(one, what, f"raises {type(error).__name__}: {error}")
        return None

    def _not_known(self, one: Definition, what: str, why: str) -> None:
        self._planned.unknown.append(Unknown(one.id, what, why))

    def _add(self, one: Definition, said: str, hint: str, place: Place | None = None) -> None:
        at = place or one.node.mark.place
        self._planned.findings.append(Finding(rule="callable", said=said, place=at, hint=hint))


def _path(one: Definition) -> tuple[int, ...]:
    """The first iteration of the loops around a node."""
    return (0,) * len(one.kind.loops_around(one))


def _agents(one: Definition) -> list[str]:
    work = agent_work(one.node)
    return [] if work is None else [agent.name for agent in work.agents]


def _budget_json(budget: Budget) -> dict[str, Any]:
    caps = budget.caps
    return {
        "tokens": caps.tokens,
        "usd": None if caps.usd is None else str(caps.usd),
        "calls": caps.calls,
        "time_s": caps.time_s,
        "on_exhausted": budget.on_exhausted,
    }


class _Calls:
    """How many requests a part may make of agents: if all goes well at the first try, and at most.
    `besides` is what neither number has.
    """

    def __init__(self, planned: Planned, unknown: Container[str]) -> None:
        self._planned, self._unknown = planned, unknown
        self.besides: list[str] = []

    def of(self, one: Definition) -> tuple[int, int]:
        if one.kind.is_task:
            return self._of_task(one, cast("Task[Any]", one.node))
        grows = one is self._planned.root and self._planned.grows
        if grows or (one.kind.expands and one.id in self._unknown):
            self.besides.append(f"what is made below {one.id}")
        below = [self.of(child) for child in self._planned.below(one)]
        first = one.kind.split(one.node)
        if first >= 0:
            return _most(_sum(below[:first]), _sum(below[first:]))
        once, at_most = _sum(below)
        times = one.kind.most_iterations(one.node)
        return (once, at_most) if times is None else (once * times, at_most * times)

    def _of_task(self, one: Definition, task: Task[Any]) -> tuple[int, int]:
        rework = one.kind.rework(task)
        if rework is not None and (most := rework.most_sent_back):
            times = "once" if most == 1 else f"up to {most} times"
            self.besides.append(f"what {one.id} sends back, {times}")
        if (child := child_workflow(task)) is not None:
            self.besides.append(f"the run of {child.name} that {one.id} starts")
        work = agent_work(task)
        if work is None:
            return 0, 0
        requests = 1 if task.output.is_text else 1 + MAX_REPAIRS
        return 1, requests * work.retry.tries * len(work.agents)


def _sum(several: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(one for one, _ in several), sum(most for _, most in several)


def _most(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), max(one[1], other[1])
