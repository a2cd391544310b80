"""A resume after an edit: what has changed, what is done again because of it, and what is told.

Finished work is not done again unless somebody asks for it. An approval is not work: one whose text
has changed no longer counts, so it is asked again.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from smithers.changes import Frame, Key
from smithers.engine.asking import Asking
from smithers.engine.comparing import Changed, Comparing
from smithers.engine.reworking import Again, Reworking
from smithers.engine.settings import Request
from smithers.errors import AuthorError, Refused
from smithers.naming import first_names, key_name, node_name
from smithers.state import RunState
from smithers.tree import did_you_mean
from smithers.values import dataclass

__all__ = ["Comparison", "Edited", "Work", "asked_again"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What some tasks have used so far; `cost` is US dollars, None where nobody said."""

    tokens: int = 0
    cost: Decimal | None = None
    calls: int = 0
    time_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What an edit has changed of a run's finished work.

    `reused` are the finished tasks that are as they were, as far as that can be told; `changed`
    those that are not; `again` the changed ones and all that read them, and `work` what these have
    used so far. `asked_again` are the approvals whose text has changed.
    """

    reused: tuple[Key, ...]
    changed: tuple[Changed, ...]
    again: tuple[Key, ...]
    work: Work

    @property
    def asked_again(self) -> tuple[Key, ...]:
        return tuple(one.key for one in self.changed if one.is_approval)


def asked_again(key: Key) -> str:
    """What a person reads of an approval whose text has changed."""
    return f"approval {key_name(key)!r}: its text has changed, so it is asked again"


class Edited:
    """What is done again in the first frame of an owner who comes after an edit: the approvals
    whose text has changed, and with `rerun` the changed tasks with all that read them. `rerun` are
    their names, all of them if it is empty; without it, no task is done again but what is `also`
    requested. Unless it `refuses`,
    what no longer fits is only told.
    """

    def __init__(
        self,
        run_id: str,
        frames: Sequence[Frame],
        rerun: Collection[str] | None = None,
        *,
        also: Request | None = None,
        refuses: bool = True,
    ) -> None:
        self._also = also
        self._run_id = run_id
        self._refuses = refuses
        self._frames = frames
        self._rerun = rerun
        self.comparison: Comparison | None = None
        self.rerun: tuple[Key, ...] = ()
        """What is done again, once it was asked."""
        self.chosen: tuple[Key, ...] = ()
        """The nodes at which something is chosen again because it comes out differently."""

    def __call__(self, asking: Asking) -> Again:
        """Compare, and tell what is done again. Raises `Refused`, and `AuthorError` for an output
        that no longer fits its task, and for a branch whose arm was taken and is not there.
        """
        comparing = Comparing(asking, self._frames)
        compared = list(comparing.compared())
        changed = _together((one for _, one in compared if one is not None), comparing.choices())
        keys, chosen_again = _apart(changed)
        reworking = Reworking(asking)
        again = reworking.find(keys, chosen_again)
        self.comparison = comparison = Comparison(
            reused=tuple(key for key, one in compared if one is None),
            changed=changed,
            again=tuple(sorted(again)),
            work=_work(asking.state, again),
        )
        also = Again() if self._also is None else self._also(asking)
        wanted = set(self._chosen(asking, comparison))
        keys, chosen_again = _apart(one for one in changed if one.key in wanted)
        done = reworking.find(keys, chosen_again) if wanted else frozenset[Key]()
        done |= reworking.find(also.keys) if also.readers else {*also.keys}
        self.rerun, self.chosen = tuple(sorted(done)), tuple(chosen_again)
        if self._refuses:
            self._refuse_misfits(asking, done)
            _refuse_lost_arms(asking)
        alone = [one for one in comparison.asked_again if one not in done]
        if self._also is None:
            return Again(keys=keys, chosen=chosen_again, alone=alone)
        return replace(also, alone=[*also.alone, *alone])

    def _chosen(self, asking: Asking, comparison: Comparison) -> list[Key]:
        """The changed tasks that are to be done again."""
        if self._rerun is None:
            return []
        changed = [one.key for one in comparison.changed]
        if not self._rerun:
            return changed
        return [key for name in self._rerun for key in self._named(name, changed, asking)]

    def _named(self, name: str, changed: Sequence[Key], asking: Asking) -> list[Key]:
        """The changed tasks of this name: one, or one for each iteration."""
        if found := [key for key in changed if name in (key.id, str(key))]:
            return found
        state, run = asking.state, self._quoted
        ended = (key for key, one in state.ended.items() if one.outcome != "cancelled")
        done = (*ended, *(key for key, _ in state.choices))
        known = {key for key in done if name in (key.id, str(key))}
        if not known and name not in state.nodes:
            guess = did_you_mean(name, (key.id for key in changed))
            raise Refused(
                f"run {self._run_id} has no task {name!r}{guess and f': {guess}'}",
                hint=f"`smithers resume {run} --check` lists what has changed",
            )
        if not known:
            raise Refused(
                f"{name!r} has not ended, so it cannot be run again",
                hint="leave it out: resuming the run runs it",
            )
        raise Refused(
            f"{name!r} has not changed since it ran",
            hint="leave it out; to run it again all the same, type"
            f" `smithers retry {run} {shlex.quote(name)}`",
        )

    def _refuse_misfits(self, asking: Asking, done: Collection[Key]) -> None:
        """An output that no longer fits would fail whoever reads it, after others were paid."""
        assert self.comparison is not None
        for one in self.comparison.changed:
            if one.misfit is None or one.key in done:
                continue
            node = asking.view.mounts.by_id[one.key.id].node
            raise AuthorError(
                f"what {key_name(one.key)!r} gave no longer fits its output=: {one.misfit}",
                place=node.mark.place,
                hint=f"to run it again, type `smithers resume {self._quoted} --rerun-changed"
                f" {shlex.quote(str(one.key))}`; or change output= so that it takes what it gave",
            )

    @property
    def _quoted(self) -> str:
        return shlex.quote(self._run_id)


def _together(tasks: Iterable[Changed], choices: Iterable[Changed]) -> tuple[Changed, ...]:
    """What has changed, each node once."""
    found = {one.key: one for one in tasks}
    for one in choices:
        task = found.get(one.key)
        if task is not None:
            parts, why = (*task.parts, *one.parts), f"{task.why}, {one.why}"
            one = replace(task, parts=parts, words=why, choice=one.choice)
        found[one.key] = one
    return tuple(found.values())


def _apart(changed: Iterable[Changed]) -> tuple[list[Key], list[Key]]:
    """The tasks that are done again, and the nodes at which something is chosen again."""
    keys: list[Key] = []
    chosen: list[Key] = []
    for one in changed:
        (keys if one.choice is None else chosen).append(one.key)
    return keys, chosen


def _refuse_lost_arms(asking: Asking) -> None:
    """A branch keeps its choice: without the arm that it took, what ran there would be lost."""
    state, by_id = asking.state, asking.view.mounts.by_id
    for (key, kind), choice in state.choices.items():
        one = by_id.get(key.id) if kind == "test" else None
        first = -1 if one is None else one.kind.split(one.node)
        if one is None or first < 0:
            continue
        taken = choice.value == "true"
        if any((child.place < first) == taken for child in one.children):
            continue
        if lost := sorted(_finished_below(state, key.id) - by_id.keys()):
            arm = "then" if taken else "otherwise"
            raise AuthorError(
                f"{node_name(key.id)} took its {arm} when it ran, and has none now:"
                f" {first_names(lost)} finished there",
                place=one.node.mark.place,
                hint=f"give it back its {arm}, and what finished there is reused; or give the"
                " Branch another id, and its test is evaluated again",
            )


def _finished_below(state: RunState, top: str) -> set[str]:
    """The ids of what has finished below a container, as its rows have it."""
    found: set[str] = set()
    for key, ended in state.ended.items():
        row = state.nodes.get(key.id)
        while row is not None and row.parent not in (None, top):
            row = state.nodes.get(row.parent or "")
        if row is not None and row.parent == top and ended.outcome == "finished":
            found.add(key.id)
    return found


def _work(state: RunState, keys: Iterable[Key]) -> Work:
    """What these tasks have used, since they were last reset."""
    tokens, calls, time_s, cost = 0, 0, 0.0, None
    for key in keys:
        for one in state.tries.get(key, ()):
            if not one.counts:
                continue
            calls += one.is_call
            if one.ended_at is not None:
                time_s += (one.ended_at - one.started_at).total_seconds()
            if (used := one.used) is not None:
                tokens += used.tokens_in + used.tokens_out
                calls += used.calls
                if used.cost is not None:
                    cost = (cost or Decimal(0)) + used.cost
    return Work(tokens=tokens, cost=cost, calls=calls, time_s=time_s)
