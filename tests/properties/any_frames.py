"""Frames of any facts about any tree, in whatever order: many that no engine would make."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import get_args

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    Change,
    ContainerEnded,
    ContainerReopened,
    FailureHandled,
    Frame,
    Key,
    NodeGone,
    NodeMounted,
    Outcome,
    Reset,
    RunStatus,
    Settled,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitKind,
    WaitOpened,
)
from smithers.shapes import CONTAINERS, is_container, shape_of
from smithers.state import RunState

__all__ = ["any_frames"]

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_WAITS: tuple[WaitKind, ...] = ("approval", "retry")
_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)


def any_frames(random: Random, count: int) -> Iterator[Frame]:
    """Frames that make, grow and change a tree, and say anything of its nodes."""
    made = _Making(random)
    for number in range(count):
        yield made.frame(number)


class _Making:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.state = RunState()
        self.changes: list[Change] = []
        self.made = 0

    def frame(self, number: int) -> Frame:
        self.changes = []
        if number == 0:
            self.changes.append(NodeMounted(id="n0", kind="sequence", parent=None, place=0))
        containers = [one.id for one in self.state.nodes.values() if is_container(one.kind)]
        for _ in range(self.random.choice([0, 0, 1, 6]) if number else 6):
            self._mount(self.random.choice(containers or ["n0"]))
        if number:
            for _ in range(self.random.randrange(1, 4)):
                self._fact()
        reset = {one.key for one in self.changes if isinstance(one, Reset)}
        changes = tuple(  # what is reset has no failure that could be handled
            one
            for one in self.changes
            if not isinstance(one, FailureHandled) or one.key not in reset
        )
        frame = Frame(number=number, at=_AT + timedelta(seconds=number), changes=changes)
        self.state.apply_frame(frame)
        return frame

    def _mount(self, parent: str) -> None:
        self.made += 1
        kind = self.random.choice([*CONTAINERS, "loop", *["step"] * 5])
        place = self.made
        self.changes.append(NodeMounted(id=f"n{place}", kind=kind, parent=parent, place=place))

    def _key(self) -> Key:
        """A node, mostly inside as many loops as are around it."""
        id = self.random.choice(list(self.state.nodes))
        depth = self.state.depth(id)
        if shape_of(self.state.nodes[id].kind).iterates:
            depth += self.random.randrange(2)
        depth += self.random.choice([0] * 9 + [1])
        return Key(id, tuple(self.random.randrange(2) for _ in range(depth)))

    def _fact(self) -> None:
        key, random, state = self._key(), self.random, self.state
        kind = state.nodes[key.id].kind
        do = random.randrange(20)
        if do == 0:
            self.changes.append(StatusChanged(status=random.choice([*_STATUSES, "running"])))
        elif do == 1 and key.id != "n0" and not self._is_tree_changed():
            self._leave(key.id, moves=random.random() < 0.5)
        elif do == 2 and (running := state.running()):
            serial = random.choice(running).serial
            self.changes += [
                UsageCounted(serial=serial, tokens_in=3, calls=random.randrange(2)),
                AttemptEnded(serial=serial, state="failed", error=None, at=_AT),
            ]
        elif do == 3 and state.waits:
            (at, what), wait = random.choice(list(state.waits.items()))
            self.changes.append(WaitClosed(key=at, kind=what, opened=wait.frame))
        elif do < 7 and (ended := [*state.ended, *state.ends]):
            self.changes.append(FailureHandled(key=random.choice(ended)))
        elif is_container(kind):
            self.changes.append(random.choice(self._of_container(key)))
        else:
            self.changes.append(random.choice(self._of_task(key)))

    def _of_container(self, key: Key) -> list[Change]:
        return [
            ContainerEnded(key=key, outcome=self.random.choice(_OUTCOMES)),
            ContainerEnded(key=key, outcome="failed"),
            ContainerReopened(key=key),
            Settled(key=key, outcome="failed"),
            Reset(key=key),
        ]

    def _is_tree_changed(self) -> bool:
        return any(isinstance(one, NodeMounted | NodeGone) for one in self.changes)

    def _of_task(self, key: Key) -> list[Change]:
        serial = 1 + len(self.state.attempts) + len(self.changes)
        started = AttemptStarted(
            serial=serial, key=key, number=1, agent="a", prompt=None, session=None, at=_AT
        )
        return [
            CameUp(key=key),
            CameUp(key=key),
            Settled(key=key, outcome=self.random.choice(_OUTCOMES)),
            Settled(key=key, outcome="skipped"),
            started,
            WaitOpened(key=key, kind=self.random.choice(_WAITS)),
            Reset(key=key),
            Reset(key=key),
        ]

    def _leave(self, id: str, *, moves: bool) -> None:
        """A node leaves with what is below it, or moves below the root."""
        nodes = self.state.nodes
        if moves:
            self.changes += [
                NodeGone(id=id),
                NodeMounted(id=id, kind=nodes[id].kind, parent="n0", place=1000 + self.made),
            ]
            return
        gone = {id}
        while more := {one.id for one in nodes.values() if one.parent in gone} - gone:
            gone |= more
        self.changes += [NodeGone(id=one) for one in sorted(gone)]
