"""Which tasks take up whose session: what of that can be known before an agent is paid.

The agents that may come to hold the session must be able to go on with it, in the same folder where
they need that, and no two tasks may be at work in one session at the same time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import field

from smithers.errors import AuthorError
from smithers.kinds import Definition, agent_work
from smithers.tree import AgentWork
from smithers.values import dataclass

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


_Place = tuple[str, Definition]
"""A task, and the child of a group that it is in."""


@dataclass(slots=True)
class _Meeting:
    """Those in one session below a group whose children run at once, by the child they are in.

    `first` and `last` are known where all others there come after the one, or before the other:
    as a rule each task continues the one before it, and only these two need to be compared.
    """

    goes_on: dict[str, dict[str, Definition]] = field(
        default_factory=dict[str, dict[str, Definition]]
    )
    copies: dict[str, dict[str, Definition]] = field(
        default_factory=dict[str, dict[str, Definition]]
    )
    first: _Place | None = None
    last: _Place | None = None
    backwards: bool = False
    """Whether the last one that joined comes before the others."""

    def drop(self, ids: Set[str]) -> None:
        """These are not in the tree."""
        for kept in (self.goes_on, self.copies):
            for child, tasks in list(kept.items()):
                for id in ids & tasks.keys():
                    del tasks[id]
                if not tasks:
                    del kept[child]
        if self.first is not None and self.first[1].id in ids:
            self.first = None
        if self.last is not None and self.last[1].id in ids:
            self.last = None


class Sharing:
    """The sessions of the mounted tasks, and who goes on in each: `by_id` are the mounted nodes.

    A session is named by the task that began it. Those who copy one stand apart: any number may.
    """

    def __init__(self, by_id: Mapping[str, Definition]) -> None:
        self._by_id = by_id
        self._sessions: dict[str, str] = {}
        """Of those who continue another task, where the first of them is known."""
        self._meetings: dict[tuple[str, str], _Meeting] = {}
        """By the session, and the group."""

    def add(self, root: Definition) -> None:
        """Check the tasks of a tree that was mounted. Raises `AuthorError`."""
        for one in root.walk():
            work = agent_work(one.node)
            source = None if work is None or work.source is None else self._by_id.get(work.source)
            if work is None or source is None:
                continue  # or a later render adds it
            check_source(one, source)
            self._sessions.pop(one.id, None)
            session, child = self._session(source), one
            while (above := child.parent) is not None:
                if above.kind.is_concurrent and above.kind.limit(above.node) != 1:
                    meeting = self._meetings.setdefault((session, above.id), _Meeting())
                    copies = work.forks is not None
                    self._check(meeting, one, child.id, source, copies=copies)
                    kept = meeting.copies if copies else meeting.goes_on
                    kept.setdefault(child.id, {})[one.id] = one
                child = above

    def remove(self, gone: Iterable[Definition]) -> None:
        """These tasks have left the tree, or are mounted again."""
        left = {one.id for one in gone if agent_work(one.node) is not None}
        if left:
            for meeting in self._meetings.values():
                meeting.drop(left)
            self._sessions.clear()

    def _session(self, one: Definition) -> str:
        """The task that began the session which this one works in."""
        trail: dict[str, None] = {}
        work = agent_work(one.node)
        while work is not None and work.continues is not None and one.id not in trail:
            if one.id in self._sessions:
                break
            trail[one.id] = None
            one = self._by_id.get(work.continues, one)
            work = agent_work(one.node)
        session = self._sessions.get(one.id, one.id)
        if one.id not in trail:  # else a later render adds the task that began it
            self._sessions.update(dict.fromkeys(trail, session))
        return session

    def _check(
        self, meeting: _Meeting, one: Definition, child: str, source: Definition, *, copies: bool
    ) -> None:
        """Check that a task is never at work at the same time as those in other children."""
        if copies:
            if meeting.last is None or not self._follows(one, meeting.last[1]):
                self._compare(one, self._others(meeting.goes_on, one, child), source)
            return
        place = child, one
        if not meeting.goes_on:
            meeting.first = meeting.last = place
        elif not self._extends(meeting, place):
            others = self._others(meeting.goes_on, one, child)
            self._compare(one, others, source)
            is_alone = child not in meeting.goes_on
            is_last = is_alone and all(self._follows(one, other) for other in others)
            is_first = is_alone and all(self._follows(other, one) for other in others)
            meeting.last = _end(meeting.last, place, is_end=is_last)
            meeting.first = _end(meeting.first, place, is_end=is_first)
        self._compare(one, self._others(meeting.copies, one, child), source)

    def _extends(self, meeting: _Meeting, place: _Place) -> bool:
        """Whether a task comes after the last one, or before the first; then it is that."""
        one = place[1]
        for _ in range(2):  # looked for in vain, an end costs a walk: the likely one is first
            if meeting.backwards:
                if meeting.first is not None and self._follows(meeting.first[1], one):
                    meeting.first = place
                    return True
            elif meeting.last is not None and self._follows(one, meeting.last[1]):
                meeting.last = place
                return True
            meeting.backwards = not meeting.backwards
        return False

    def _others(
        self, kept: Mapping[str, Mapping[str, Definition]], one: Definition, child: str
    ) -> list[Definition]:
        """Those that are in other children of the group than this task."""
        return [
            other
            for place, several in kept.items()
            if place != child
            for other in several.values()
            if other.id != one.id and self._is_mounted(other)
        ]

    def _is_mounted(self, one: Definition) -> bool:
        """Whether it is still that node: in another iteration of a loop an item is made again."""
        return self._by_id.get(one.id) is one

    def _compare(self, one: Definition, others: Iterable[Definition], source: Definition) -> None:
        """Raise `AuthorError` if `one` comes neither after nor before one of the others."""
        for other in others:
            if not (self._waits(one, other) or self._waits(other, one)):
                raise _at_once(one, other, source)

    def _waits(self, one: Definition, other: Definition) -> bool:
        """Whether `one` comes up only when `other` is settled."""
        around = {each.id for each in _around(other)} - {each.id for each in _around(one)}
        return self._reaches(one, around)

    def _follows(self, one: Definition, other: Definition) -> bool:
        """Whether `one` also comes after all that `other` comes after: it waits for that task, not
        only for a branch, say, that may leave it out.
        """
        return self._is_mounted(other) and self._reaches(one, {other.id})

    def _reaches(self, one: Definition, ids: Set[str]) -> bool:
        """Whether one of these is among what must be settled before `one` comes up."""
        seen: set[str] = set()
        waiting = [one]
        while waiting:
            for id in self._before(waiting.pop()):
                if id in ids:
                    return True
                if id not in seen and id in self._by_id:
                    seen.add(id)
                    settled = list(self._settled_with(self._by_id[id]))
                    if any(each.id in ids for each in settled):
                        return True
                    waiting += settled
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


def _end(known: _Place | None, place: _Place, *, is_end: bool) -> _Place | None:
    """The first or last of a meeting that a task has joined; those in one child of the group were
    not compared.
    """
    if is_end:
        return place
    return None if known is None or known[0] == place[0] else known


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
