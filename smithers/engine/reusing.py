"""What a resume reuses of a run, and what an edit of its file has changed, brought or taken."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from smithers.changes import Key
from smithers.engine.comparing import Changed
from smithers.engine.edited import Edited, Work, asked_again
from smithers.engine.repeating import IDS_HINT
from smithers.engine.settings import Request
from smithers.naming import first_names, key_name
from smithers.shapes import is_container, shape_of
from smithers.state import RunState
from smithers.values import dataclass
from smithers.words import duration, money, tokens

__all__ = ["Done", "Reuse", "find_done", "reuse_of"]


_NO_RENAMES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Done:
    """What a run had before it was resumed: tasks that finished, and all that it knew."""

    finished: list[Key]
    known: dict[str, tuple[str | None, int]]
    """Its tasks, each with its parent and its place there."""
    renames: Mapping[str, str]
    """The old ids of tasks with their new ones."""


def find_done(state: RunState, renames: Mapping[str, str] = _NO_RENAMES) -> Done:
    finished = sorted(key for key, end in state.ended.items() if end.outcome == "finished")
    known = _tasks_of(state)
    for old, new in renames.items():
        if (place := known.pop(old, None)) is not None:
            known[new] = place
    return Done(finished, known, renames)


def _tasks_of(state: RunState) -> dict[str, tuple[str | None, int]]:
    rows = state.nodes.items()
    return {id: (row.parent, row.place) for id, row in rows if not is_container(row.kind)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reuse:
    """What becomes of a run's work when it is resumed.

    `reused` are the finished tasks that are not done again, and `again` those that are; `chosen`
    are the nodes at which something is chosen again. `changed` are the finished tasks that an edit
    has changed, as far as it was compared, and the nodes whose choice comes out differently;
    `affected` these tasks and all that read them, and `work` what these have used so far.
    `asked_again` are approvals whose text has changed. `new` and `gone` are the tasks that joined
    the tree and left it, and `moved` those that did or stand elsewhere although the file is as it
    was.
    """

    run_id: str
    reused: tuple[Key, ...] = ()
    again: tuple[Key, ...] = ()
    chosen: tuple[Key, ...] = ()
    changed: tuple[Changed, ...] = ()
    affected: tuple[Key, ...] = ()
    work: Work
    asked_again: tuple[Key, ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    """The renamed tasks, in words."""
    is_over: bool = False
    """Whether the run has finished, so that a resume only prints its output."""

    def lines(self) -> list[str]:
        """The same for a person."""
        why = {one.key: one.why for one in self.changed}
        again = {*self.again, *self.chosen}
        asked = set(self.asked_again)
        kept = [one for one in self.changed if one.key not in again]
        kept = [one for one in kept if one.key not in asked]
        told = [
            _counted("reused", list(map(str, self.reused))),
            _counted("run again", [_named(key, why) for key in self.again]),
            _counted("chosen again", [_named(k, why) for k in self.chosen if k not in self.again]),
            _counted("changed, and reused all the same", [_named(one.key, why) for one in kept]),
        ]
        if kept:
            told.append(self._offer())
        told += [self._asks(key) for key in self.asked_again if key not in again]
        told += [_counted("renamed", self.renamed)]
        told += [_counted("new", self.new), _counted("gone", self.gone)]
        if self.moved:
            told.append(
                f"the file is unchanged, but {', '.join(map(repr, self.moved[:5]))} left"
                f" the tree or moved in it; {IDS_HINT}"
            )
        return [line for line in told if line]

    def _asks(self, key: Key) -> str:
        """That an approval is asked again; in a run that has finished, if somebody wants it."""
        if not self.is_over:
            return asked_again(key)
        typed = f"smithers resume {shlex.quote(self.run_id)} --rerun-changed"
        return f"approval {key_name(key)!r}: its text has changed; to ask it again, type `{typed}`"

    def _offer(self) -> str:
        """How to have the changed tasks done again, and what these have used."""
        changed = {one.key for one in self.changed}
        what = ["run the changed tasks again"] if changed & {*self.affected} else []
        if any(one.choice is not None for one in self.changed):
            what.append("choose again what comes out differently")
        readers = " with what read them" if {*self.affected} - changed else ""
        said = f"to {' and '.join(what)}{readers}, type"
        typed = f"`smithers resume {shlex.quote(self.run_id)} --rerun-changed`"
        if not self.affected:
            return f"{said} {typed}"
        work = self.work
        used = [
            tokens(work.tokens) if work.tokens else "",
            money(work.cost),
            f"{work.calls} call{'s'[: work.calls != 1]}" if work.calls else "",
            duration(work.time_s),
        ]
        count = f", {len(self.affected)} in all, type"
        return (
            f"{said.removesuffix(', type')}{count} {typed}; they have used"
            f" {', '.join(filter(None, used))}"
        )


def reuse_of(
    run_id: str, before: Done, state: RunState, request: Request | None, *, is_edited: bool
) -> Reuse:
    """What becomes of the work of a run, by its state when its first frame is made with this
    request.
    """
    edited = request if isinstance(request, Edited) else None
    tasks, known = _tasks_of(state), before.known
    again = () if edited is None else edited.rerun
    comparison = None if edited is None else edited.comparison
    asked_again = () if comparison is None else comparison.asked_again
    not_reused = {*again, *asked_again}
    chosen = () if edited is None else edited.chosen
    redone = {
        key.id
        for key, at in state.reset.items()
        if at > state.frame and _is_mounted_later(state, key.id)
    }
    left = sorted(id for id in known if tasks.get(id) != known[id] and id not in redone)
    moved = () if is_edited or chosen else left
    return Reuse(
        run_id=run_id,
        reused=tuple(
            key for key in before.finished if state.has_place(key) and key not in not_reused
        ),
        again=tuple(again),
        chosen=chosen,
        changed=() if comparison is None else comparison.changed,
        affected=() if comparison is None else comparison.again,
        work=Work() if comparison is None else comparison.work,
        asked_again=asked_again,
        new=tuple(sorted(tasks.keys() - known)) if known else (),
        gone=tuple(sorted(known.keys() - tasks - redone)),
        moved=tuple(moved),
        renamed=tuple(f"{old} to {new}" for old, new in before.renames.items()),
    )


def _is_mounted_later(state: RunState, id: str) -> bool:
    """Whether it is below a fan-out of the tree, whose items may be made again."""
    row = state.gone.get(id) or state.nodes.get(id)
    while row is not None and row.parent is not None:
        above = state.nodes.get(row.parent)
        shape = None if above is None else shape_of(above.kind)
        if shape is not None and (shape.expands or shape.is_lazy):
            return True
        row = above or state.gone.get(row.parent)
    return False


def _named(key: Key, why: Mapping[Key, str]) -> str:
    """A task with what has changed of it."""
    return f"{key_name(key)} ({why[key]})" if key in why else key_name(key)


def _counted(what: str, names: Sequence[str]) -> str:
    """What happened to some tasks: all names of a few, the number and the first ones of many;
    nothing of none.
    """
    if not names:
        return ""
    some = first_names(names)
    return f"{what}: {some}" if some.endswith(names[-1]) else f"{what}: {len(names)} tasks: {some}"
