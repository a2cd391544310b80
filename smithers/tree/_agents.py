"""The agents that a task is given, checked on the author's line."""

from __future__ import annotations

import collections.abc as abc
from typing import cast

from smithers.adapters import NAMED_AGENTS, agent_classes
from smithers.agent import Agent, Capabilities
from smithers.errors import Refused
from smithers.tree._checks import is_async, wrong
from smithers.tree._ids import MAX_ID
from smithers.tree._places import Mark

__all__ = ["agents_of"]


def agents_of(id: str, given: object, mark: Mark) -> tuple[Agent, ...]:
    """The agents of a task, those that it names by a string included. Raises `AuthorError`."""
    listed: list[object] = [given]
    if isinstance(given, abc.Sequence) and not isinstance(given, str):
        listed = list(cast("abc.Sequence[object]", given))
    agents = tuple(_named(id, one, mark) if isinstance(one, str) else one for one in listed)
    _check_agents(id, cast("tuple[Agent, ...]", agents), mark)
    return cast("tuple[Agent, ...]", agents)


def _named(id: str, name: str, mark: Mark) -> Agent:
    """The agent that the settings define by a name."""
    find = NAMED_AGENTS.get(None)
    if find is None:
        wrong(
            mark,
            f"task {id!r} names the agent {name!r}, but it is not made in a run",
            "make tasks in the function of a workflow, or pass an agent object",
        )
    try:
        return find(name)
    except Refused as error:
        hint = f"{error.hint}; or {_agent_hint(name)}" if error.hint else _agent_hint(name)
        wrong(mark, f"the agent {name!r} of task {id!r}: {error.said}", hint)


def _check_agents(id: str, agents: tuple[Agent, ...], mark: Mark) -> None:
    if not agents:
        wrong(mark, f"task {id!r} has no agent", "pass one with agent=")
    for one in cast("tuple[object, ...]", agents):
        if not hasattr(one, "run") or not hasattr(one, "name") or isinstance(one, type):
            wrong(mark, f"the agent of task {id!r} must be an agent, not {one!r}", _agent_hint(one))
        if not isinstance(getattr(one, "can", None), Capabilities):
            wrong(
                mark,
                f"the agent of task {id!r}, {one!r}, has no Capabilities as its `can`",
                "write self.can = Capabilities() in its __init__",
            )
        if is_async(cast("object", getattr(one, "run", None))):
            wrong(
                mark,
                f"run of the agent of task {id!r}, {one!r}, yields no events",
                "write run as an async generator: yield events, the last one Answered(text)",
            )
    names = [_agent_name(id, one, mark) for one in agents]
    if len(names) > 1 and len(set(names)) < len(names):
        wrong(
            mark,
            f"two agents of task {id!r} have the same name: {', '.join(names)}",
            "each agent of a list needs its own name: give each a different model=, or"
            " leave one out; to try one agent several times, use Retry",
        )


def _agent_hint(given: object) -> str:
    if isinstance(given, type):
        return f"write agent={given.__name__}(), with parentheses"
    from _smithers_orchestrator.damage import find_damage

    if found := find_damage(type(given).__module__.partition(".")[0]):
        return f"{found[0].said}; {found[0].hint}"
    homes = agent_classes()
    near = [name for name in homes if name.lower().startswith(str(given).lower())]
    name = next((name for name in (*near, "Echo") if name in homes), None)
    with_import = f", after from {homes[name]} import {name}" if name else ""
    return f"pass an agent object, for example agent={name or 'Agent'}(){with_import}"


def _agent_name(id: str, agent: Agent, mark: Mark) -> str:
    name = cast("object", agent.name)
    if isinstance(name, str) and 0 < len(name) <= MAX_ID and name.isprintable():
        return name
    shown = f"{name!a:.80}"
    wrong(
        mark,
        f"the name of an agent of task {id!r} is {shown}",
        f"use a name of 1 to {MAX_ID} printable characters",
    )
