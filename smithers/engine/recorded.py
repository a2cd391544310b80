"""A reader that sees what a finished task has read: each output as of the frame of that read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from smithers.changes import Frame, Key, Settled
from smithers.engine.reading import Reading, View
from smithers.kinds import Definition, Instance
from smithers.state import Ended
from smithers.tree import Node, Task
from smithers.values import dataclass

__all__ = ["Ends", "Recorded", "recorded_reading", "stand_in"]


class Ends:
    """How each node has ended, by the frames in which it did."""

    def __init__(self, frames: Iterable[Frame]) -> None:
        self._found: dict[Key, dict[int, Settled]] = {}
        for frame in frames:
            for change in frame.changes:
                if isinstance(change, Settled):
                    self._found.setdefault(change.key, {})[frame.number] = change

    def at(self, key: Key, frame: int) -> Ended | None:
        """How it ended in this frame; None if it did not."""
        found = self._found.get(key, {}).get(frame)
        if found is None:
            return None
        more = found.error, found.output, found.type, found.set_by
        return Ended(found.outcome, frame, *more)


def stand_in(definition: Definition[Any], key: Key, ended: Ended | None) -> Instance[Any]:
    """A leaf of which the plan has no instance that is as far as its rows are."""
    made = Instance(definition, key, None, 0, definition.kind)
    if ended is not None:
        made.settled_at, made.status = ended.frame, ended.outcome
    return made


@dataclass
class Recorded(Reading):
    """The reader of a task that is asked again. `recorded` is what it has read, each with the frame
    in which that had settled, and `ended_at` the frame in which it ended itself.
    """

    recorded: Mapping[Key, int] = field(default_factory=dict[Key, int])
    ends: Ends = field(default_factory=lambda: Ends(()))
    ended_at: int = 0
    is_blind: bool = False
    """Whether it has asked for what is not known of the past any more."""

    def _settled(self, found: Instance | None, key: Key) -> Instance:
        """As it was when it was read; an edit may have put something before it since."""
        definition = self.view.mounts.by_id.get(key.id) if found is None else found.definition
        ended = self.ended(key)
        if ended is not None and definition is not None and definition.kind.is_task:
            return stand_in(definition, key, ended)
        if key in self.recorded and (found is None or not found.settled):
            self.is_blind = True
        return super()._settled(found, key)

    def ended(self, key: Key, /) -> Ended | None:
        """As it had ended when it was read; else as it has ended now."""
        at = self.recorded.get(key)
        before = None if at is None else self.ends.at(key, at)
        return before or self.state.ended.get(key)

    def parse(self, node: Task[Any], key: Key, ended: Ended, /) -> object:
        return super().parse(node, key, self.ended(key) or ended)

    def stored(self, key: Key, ended: Ended, /) -> str | None:
        return super().stored(key, self.ended(key) or ended)

    def note(self, node: Node[Any]) -> str | None:
        """What was said since is not what it has read; what was said before that is not kept."""
        rows = [
            row
            for (key, kind), row in self.state.choices.items()
            if kind == "rework" and key.id == node.id
        ]
        if any(row.frame > self.ended_at for row in rows):
            self.is_blind = True
        return super().note(node)


def recorded_reading(
    view: View,
    one: Instance[Any],
    recorded: Mapping[Key, int],
    ends: Ends,
    ended_at: int,
    loops: tuple[str, ...] | None = None,
) -> Recorded:
    """The reader of this task, or of a choice inside of these `loops`."""
    return Recorded(
        view=view,
        key=one.key,
        loops=one.kind.loops_around(one.definition) if loops is None else loops,
        frame=view.state.frame + 1,
        recorded=recorded,
        ends=ends,
        ended_at=ended_at,
    )
