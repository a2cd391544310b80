"""Gates: what bounds a run, and what an edit may not take from it unless a person confirms that.

They are questions to people, budgets, commands, what agents may do, and `allow_runs`. An edit is
judged twice, and both must allow it: here by the trees before and after, which know what comes
after a question and what agents are made of, and by the texts of the files; see `gate_texts`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, cast, get_args

from smithers.agent import key_of
from smithers.changes import ChoiceKind
from smithers.engine.syntax import digest_values
from smithers.kinds import Definition, agent_work
from smithers.naming import first_names
from smithers.shapes import asks_person, runs_command
from smithers.tree import Node, Rework
from smithers.values import dataclass
from smithers.workflows import Workflow

__all__ = ["Gate", "Gates", "lost_gates"]

_OWN: Final = ("work", "timeout_s", "skip_if", "rework")
_AROUND: Final = ("on_failure", "test", "items", "until", "max_iterations")
"""What decides, in the containers around a question, whether it is asked and what a denial does."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: what it is made of, and the ids of what comes after it."""

    made_of: str
    after: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates of a tree by their words, its agents by their tasks, and the ids of its leaves."""

    gates: Mapping[str, Gate]
    agents: Mapping[str, tuple[str, ...]]
    ids: frozenset[str]

    @classmethod
    def of(cls, workflow: Workflow[Any, Any], roots: Iterable[Definition]) -> Gates:
        """Those of a workflow, and of the trees that are mounted for it."""
        gates: dict[str, Gate] = {"allow_runs": Gate(_text(workflow.allow_runs))}
        if workflow.budget is not None:
            gates["the budget of the workflow"] = Gate(_text(workflow.budget))
        agents: dict[str, tuple[str, ...]] = {}
        ids: set[str] = set()
        nodes = [each for root in roots for each in root.walk()]
        for one in nodes:
            node = one.node
            if not one.children:
                ids.add(one.id)
            if node.budget is not None:
                gates[f"the budget of {one.id}"] = Gate(_text(node.budget))
            if (work := agent_work(node)) is not None:
                agents[one.id] = tuple(key_of(agent) for agent in work.agents)
            elif runs_command(node.kind):
                gates[f"command {one.id}"] = Gate(_own(node))
            elif asks_person(node.kind):
                name, after = f"{node.kind} {one.id}", _after(one, nodes)
                leaves = frozenset(each.id for each in after if not each.children)
                gates[name] = Gate(json.dumps([_own(node), *_around(one)]), leaves)
                if getattr(_work(node), "on_deny", "continue") == "continue":
                    gates.update(_tests(after, name))  # they may read the answer
        return cls(gates, agents, frozenset(ids))

    def to_json(self) -> dict[str, Any]:
        return {
            "gates": {name: [one.made_of, sorted(one.after)] for name, one in self.gates.items()},
            "agents": {id: list(keys) for id, keys in self.agents.items()},
            "ids": sorted(self.ids),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Gates:
        gates = {
            name: Gate(text, frozenset(after)) for name, (text, after) in found["gates"].items()
        }
        agents = {id: tuple(keys) for id, keys in found["agents"].items()}
        return cls(gates, agents, frozenset(found["ids"]))


def lost_gates(before: Gates, now: Gates) -> Iterator[str]:
    """What the second tree has no longer of the gates of the first, each as a sentence."""
    for name, gate in before.gates.items():
        found = now.gates.get(name)
        if found is None:
            yield f"{name} is removed"
        elif found.made_of != gate.made_of:
            yield f"{name} is changed"
        elif passed := sorted((gate.after & now.ids) - found.after):
            verb = "comes" if len(passed) == 1 else "come"
            yield f"{first_names(passed)} no longer {verb} after {name}"
        elif gate.after - now.ids and (new := sorted(now.ids - before.ids - found.after)):
            gone = first_names(sorted(gate.after - now.ids))
            yield f"{gone} came after {name}, and {first_names(new)} instead would not"
    known = {key for keys in before.agents.values() for key in keys}
    for id, keys in now.agents.items():
        if keys != before.agents.get(id, keys):
            yield f"the agent of {id}, or what it may do, is changed"
        elif not known.issuperset(keys):
            yield f"{id} has an agent that the run did not have"


def _own(node: Node[Any]) -> str:
    """What a task is made of by itself."""
    return json.dumps([_text(getattr(node, name, None)) for name in _OWN])


def _work(node: Node[Any]) -> object:
    return getattr(node, "work", None)


def _tests(after: Iterable[Definition], name: str) -> Iterator[tuple[str, Gate]]:
    """The conditions of what comes after a question, which decide with its answer."""
    for one in after:
        found = [one.kind.chooser(one.node, kind) for kind in get_args(ChoiceKind)]
        if any(test is not None for test in found):
            yield f"the condition of {one.id} after {name}", Gate(_text(found))


def _after(gate: Definition, tree: Iterable[Definition]) -> list[Definition]:
    """All that starts after a node is settled, by the order of what is around it and by `needs`."""
    needing: dict[str, list[Definition]] = {}
    for one in tree:
        for need, _ in one.kind.needs(one.node):
            needing.setdefault(need, []).append(one)
    found: dict[str, Definition] = {}
    waiting = [gate]
    while waiting:
        one = waiting.pop()
        for each in (one, *_later(one)):
            if each.id not in found:
                found[each.id] = each
                waiting += needing.get(each.id, ())
        while (above := one.parent) is not None:
            waiting += needing.pop(above.id, ())
            one = above
    del found[gate.id]
    return list(found.values())


def _later(one: Definition) -> Iterator[Definition]:
    """What an order around a node puts after it, with all that is below."""
    while (above := one.parent) is not None:
        if above.kind.is_ordered:
            for later in above.children[one.place + 1 :]:
                yield from later.walk()
        one = above


def _around(one: Definition) -> Iterator[str]:
    """The containers around a node, with what decides there whether it is asked."""
    above = one.parent
    while above is not None:
        node = above.node
        options = {name: _text(getattr(node, name, None)) for name in _AROUND}
        yield f"{node.kind} {options} {above.kind.split(node)}"
        above = above.parent


def _text(value: object) -> str:
    """A text that differs if a value does; of a function, by what it does and holds."""
    if isinstance(value, FunctionType | MethodType | functools.partial):
        return _text_of_call(cast("Any", value))
    if isinstance(value, Node):
        return f"node {value.id}"
    if isinstance(value, Rework):
        return f"rework {value.ids} {value.max_rounds}"
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: _text(getattr(value, one.name, None)) for one in fields(value)}
        return f"{type(value).__name__}{parts}"
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return str({str(name): _text(each) for name, each in items})
    if isinstance(value, list | tuple):
        return str([_text(each) for each in cast("Iterable[object]", value)])
    if isinstance(value, Set):
        return str(sorted(_text(each) for each in cast("Iterable[object]", value)))
    if isinstance(value, CodeType):
        return _code(value)
    if value is None or isinstance(value, str | int | float | bytes | Decimal | PurePath):
        return repr(value)
    return type(value).__qualname__


def _text_of_call(call: FunctionType | MethodType | functools.partial[object]) -> str:
    code, values = digest_values(call, dict)
    if code is not None:
        return f"{code} {values}"
    if not isinstance(call, FunctionType):
        return "a callable"
    held = [_text(cell.cell_contents) for cell in call.__closure__ or () if _is_filled(cell)]
    return f"{_code(call.__code__)}{held}{_text(call.__defaults__)}{_text(call.__kwdefaults__)}"


def _is_filled(cell: Any) -> bool:
    try:
        return isinstance(cell.cell_contents, str | int | float | FunctionType)
    except ValueError:
        return False


def _code(code: CodeType) -> str:
    parts = [_text(one) for one in code.co_consts]
    return f"{code.co_code.hex()}{code.co_names}{parts}"
