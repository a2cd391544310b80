"""What is in the tree of a dry run and was not taken in it: other branches, what was skipped, and
what undoes an action.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from smithers.kinds import COMPENSATED, Definition, agent_work
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.engine.dry.dry_run import DryTask
    from smithers.engine.engine import Engine
    from smithers.state import RunState

__all__ = ["Untaken", "find_untaken"]

_NOT_DONE = ("skipped", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Untaken:
    """A task, question or timer that a dry run did not start, or a node that would make some.
    `agent` is empty for what no agent does. An undo runs only if its saga fails or is cancelled.
    """

    workflow: str
    task: str
    kind: str
    agent: str
    is_undo: bool


def find_untaken(engines: Collection[Engine], tasks: Iterable[DryTask]) -> Iterator[Untaken]:
    """What no run of its workflow has begun, each once. `tasks` is what was started."""
    known = {(one.workflow, one.task) for one in tasks}
    for engine in engines:
        known.update((engine.workflow.name, id) for id in _begun(engine.state))
    for engine in engines:
        workflow = engine.workflow.name
        for one in engine.view.mounts.by_id.values():
            if not (one.kind.is_task or one.kind.expands) or (workflow, one.id) in known:
                continue
            known.add((workflow, one.id))
            work = agent_work(one.node)
            yield Untaken(
                workflow=workflow,
                task=one.id,
                kind=one.node.kind,
                agent="" if work is None else work.agents[0].name,
                is_undo=_is_undo(one),
            )


def _begun(state: RunState) -> Iterator[str]:
    """What is done, and what has something below it: a part of the tree that is made while it runs
    is not shown beside what was made.
    """
    yield from (key.id for key, one in state.ended.items() if one.outcome not in _NOT_DONE)
    yield from (row.parent for row in state.nodes.values() if row.parent is not None)


def _is_undo(one: Definition) -> bool:
    while (above := one.parent) is not None:
        if above.kind is COMPENSATED and one.place > 0:
            return True
        one = above
    return False
