"""Which tasks take up whose session: what of that can be known before an agent is paid.

The agents that may come to hold the session must be able to go on with it, in the same folder where
they need that, and no two tasks may be at work in one session at the same time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from smithers.errors import AuthorError
from smithers.kinds import Definition, agent_work
from smithers.tree import AgentWork

__all__ = ["Sharing", "check_source"]


def check_source(one: Definition, source: Definition) -> None:
    """Whether a task can take up the session of `source`, whichever of its agents comes to hold
    it. Raises `AuthorError`.
    """
    work = agent_work(one.node)
    assert work is not None
    said = f"task {one.id!r} {work.verb} {source.id!r}"
    theirs = agent_work(source.node)
    if theirs is None:
        raise _wrong(
            one,
            f"{said}, which is a {source.node.kind} and has no agent session",
            f"pass a task of an agent to {work.verb}=",
        )
    mine = {agent.name: agent for agent in work.agents}
    for holder in theirs.agents:
        agent = mine.get(holder.name)
        if agent is None:
            raise _wrong(
                one,
                f"{said}, whose session may belong to {holder.name}, which is not one of"
                f" its agents: {', '.join(mine)}",
                f"only the agent that owns a session can continue it: give {one.id!r}"
                f" every agent of {source.id!r}",
            )
        able = agent.can.resumes if work.forks is None else agent.can.forks
        if not able:
            how = "continue" if work.forks is None else "copy"
            raise _wrong(
                one,
                f"{said}, but agent {agent.name} cannot {how} a session",
                "use an agent that can, or pass the output in the prompt: prompt=lambda:"
                f" ctx[{source.id}]",
            )
        goes_on = work.forks is None
        if goes_on and agent.can.same_folder and _folder(work) != _folder(theirs):
            raise _wrong(
                one,
                f"{said}, but with cwd {_folder(work)!r} instead of {_folder(theirs)!r},"
                f" and agent {agent.name} can continue a session only in the folder where"
                " it started",
                "use the same cwd= for both",
            )


def _folder(work: AgentWork) -> str:
    return os.path.normpath(work.cwd or ".")


def _wrong(one: Definition, said: str, hint: str) -> AuthorError:
    return AuthorError(said, place=one.node.mark.place, hint=hint)


class Sharing:
    """The sessions of the mounted tasks, and who goes on in each: `by_id` are the mounted nodes.

    A session is named by the task that began it. Those who copy one stand apart: any number may.
    """

    def __init__(self, by_id: Mapping[str, Definition]) -> None:
        self._by_id = by_id
        self._continue: dict[str, dict[str, Definition]] = {}
        self._copy: dict[str, dict[str, Definition]] = {}

    def add(self, root: Definition) -> None:
        """Check the tasks of a tree that was mounted. Raises `AuthorError`."""
        for one in root.walk():
            work = agent_work(one.node)
            source = None if work is None or work.source is None else self._by_id.get(work.source)
            if work is None or source is None:
                continue  # or a later render adds it
            check_source(one, source)
            session = self._session(source)
            others = list(self._continue.get(session, {}).values())
            if work.forks is None:
                others += self._copy.get(session, {}).values()
            for other in others:
                if other.id != one.id and self._meet(one, other):
                    raise _at_once(one, other, source)
            kept = self._continue if work.forks is None else self._copy
            kept.setdefault(session, {})[one.id] = one

    def _session(self, one: Definition) -> str:
        """The task that began the session which this one works in."""
        seen: set[str] = set()
        while one.id not in seen and (work := agent_work(one.node)) and work.continues is not None:
            seen.add(one.id)
            one = self._by_id.get(work.continues, one)
        return one.id

    def _meet(self, one: Definition, other: Definition) -> bool:
        """Whether both may be at work at the same time."""
        around = {each.id for each in _around(other)}
        common = next((each for each in _around(one) if each.id in around), None)
        if common is None or not common.kind.is_concurrent:
            return False
        is_serial = common.kind.limit(common.node) == 1
        return not (is_serial or self._waits(one, other) or self._waits(other, one))

    def _waits(self, one: Definition, other: Definition) -> bool:
        """Whether `one` comes up only when `other` is settled."""
        around = {each.id for each in _around(other)} - {each.id for each in _around(one)}
        seen: set[str] = set()
        waiting = [one]
        while waiting:
            for id in self._before(waiting.pop()):
                if id in around:
                    return True
                if id not in seen and id in self._by_id:
                    seen.add(id)
                    waiting += self._settled_with(self._by_id[id])
        return False

    def _before(self, one: Definition) -> Iterator[str]:
        for need, _ in one.kind.needs(one.node):
            yield need
        for each in _around(one):
            if (earlier := each.id_before) is not None:
                yield earlier

    def _settled_with(self, one: Definition) -> Iterator[Definition]:
        """What has come to its end when this node has; in a branch an arm is left out."""
        yield one
        if one.kind.only_arranges:
            for child in one.children:
                yield from self._settled_with(child)


def _around(one: Definition) -> Iterator[Definition]:
    """This node and all that it stands in, innermost first."""
    each: Definition | None = one
    while each is not None:
        yield each
        each = each.parent


def _at_once(one: Definition, other: Definition, source: Definition) -> AuthorError:
    work, theirs = agent_work(one.node), agent_work(other.node)
    assert work is not None
    assert theirs is not None
    return _wrong(
        one,
        f"task {one.id!r} {work.verb} {source.id!r} while {other.id!r}, defined at"
        f" {other.node.mark.place}, may be using the same session",
        "use forks= on both to give each its own copy, or let one continue the other",
    )
