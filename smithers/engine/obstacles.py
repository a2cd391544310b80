"""What can never work: agents that say so of themselves, asked once for each agent and output, and
pools that nobody defines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from smithers.agent import Agent, obstacle_of
from smithers.errors import AuthorError
from smithers.kinds import Definition
from smithers.texts import near_name
from smithers.tree import AgentWork, Node, Output
from smithers.values import dataclass

__all__ = ["Obstacles", "check_pool"]

_KEPT = 1000
"""How many answers are kept: a workflow function may make its agents anew in each render."""


def check_pool(node: Node[Any], pools: Mapping[str, int]) -> None:
    """Raise `AuthorError` if neither the workflow nor the settings define the pool of a task."""
    name = node.pool
    if name is None or name in pools:
        return
    near = near_name(name, pools)
    define = (
        f"define it: @workflow(pools={{{name!r}: 2}}), or {name} = 2 below [pools] in the settings"
    )
    raise AuthorError(
        f"{node.kind} {node.id!r} names the pool {name!r}, which is not defined",
        place=node.mark.place,
        hint=f"did you mean {near!r}? Otherwise {define}" if near else define,
    )


@dataclass(slots=True)
class Obstacles:
    """The answers so far; agents and outputs are kept with them, so that no id is used again."""

    _found: dict[tuple[int, int], tuple[Agent, Output[Any], str | None]] = field(
        default_factory=dict[tuple[int, int], tuple[Agent, Output[Any], str | None]]
    )

    @property
    def agents(self) -> list[Agent]:
        """The agents that were asked."""
        return list({id(agent): agent for agent, _, _ in self._found.values()}.values())

    def check(self, task: Definition, work: AgentWork) -> None:
        """Raise `AuthorError` if an agent of the task, a fallback too, can never be asked."""
        output = task.kind.output(task.node)
        assert output is not None
        for agent in work.agents:
            obstacle = self._of(agent, output)
            if obstacle is not None:
                raise AuthorError(
                    f"{agent.name} of task {task.id!r} cannot be used: {obstacle}",
                    place=task.node.mark.place,
                )

    def _of(self, agent: Agent, output: Output[Any]) -> str | None:
        key = (id(agent), id(output))
        if (known := self._found.get(key)) is None:
            if len(self._found) >= _KEPT:
                self._found.clear()
            schema = None
            if agent.can.native_schema and not output.is_text:
                schema = output.schema
            known = self._found[key] = (agent, output, obstacle_of(agent, schema))
        return known[2]
