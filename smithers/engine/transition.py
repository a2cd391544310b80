"""The frame in the making: each change is made in memory and kept until the frame is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast, get_args

from smithers import waits
from smithers.changes import (
    Change,
    Failure,
    Frame,
    Key,
    Large,
    NodeGone,
    Outcome,
    ReadMade,
    Settled,
    StatusChanged,
    WaitClosed,
    WaitKind,
    WaitOpened,
    held,
)
from smithers.engine.outputs import Outputs
from smithers.engine.reading import Reading
from smithers.errors import AgentError, AuthorError, SmithersError, Then
from smithers.state import RunState
from smithers.tree import explain, first_of, place_of_error, plain_text

__all__ = ["Transition", "failure_of"]

_THEN: tuple[Then, ...] = get_args(Then)


def failure_of(error: BaseException, scrub: Callable[[str], str], folder: str = "") -> Failure:
    """An exception as a value: its class, message, hint, and the author's line if there is one.

    `folder` is the workflow's: lines below it come before those of other files.
    """
    kind, hint, place = type(error).__name__, cast("object", getattr(error, "hint", "")), None
    if isinstance(error, SmithersError):
        said = _said(error)
    else:
        explained = explain(error)
        said, hint = explained.said, explained.hint
    if not isinstance(error, AgentError | AuthorError):
        place = place_of_error(first_of(error), folder) or place_of_error(error, folder)
    if isinstance(error, AuthorError) and error.place is not None:
        said, place = said.removeprefix(f"{error.place}: "), error.place
    return Failure(
        kind=kind,
        message=scrub(said or kind),
        hint=scrub(plain_text(hint)),
        place=None if place is None else plain_text(place),
        then=error.then if isinstance(error, AgentError) and error.then in _THEN else None,
        for_resume=isinstance(error, SmithersError) and error.for_resume,
    )


def _said(error: SmithersError) -> str:
    """The message alone; an adapter's own class may fail even at that."""
    try:
        return plain_text(error.said)
    except Exception:
        return ""


class Transition:
    """The changes of the frame that comes next, already applied to the state. `outputs` keeps the
    texts that are too large for it.
    """

    def __init__(self, state: RunState, outputs: Outputs) -> None:
        self.state = state
        self._outputs = outputs
        self._inbox = state.inbox
        self._changes: dict[int, Change] = {}
        """By their identity, so that one is taken back at the cost of one."""
        self._reads: set[ReadMade] = set()
        self.watchers: list[Callable[[Change], None]] = []
        """Told of every change once it is made."""

    @property
    def empty(self) -> bool:
        """Whether nothing is to be written; a note that came too late is a frame as well."""
        return not self._changes and self.state.inbox == self._inbox

    @property
    def number(self) -> int:
        return self.state.frame + 1

    def do(self, change: Change) -> None:
        if isinstance(change, StatusChanged):  # one status a frame: the last
            for before in self._changes.values():
                if isinstance(before, StatusChanged):
                    del self._changes[id(before)]
                    break
        self._changes[id(change)] = change
        self.state.apply(change, self.state.frame + 1)
        for watch in self.watchers:
            watch(change)

    def frame(self, at: datetime) -> Frame:
        """The frame; from here on the next one is in the making."""
        changes = tuple(self._changes.values())
        made = Frame(number=self.number, at=at, changes=changes, inbox=self.state.inbox)
        self._changes, self._inbox = {}, self.state.inbox
        self._reads.clear()
        self.state.close_frame(made.number, at)
        return made

    def settle(
        self,
        key: Key,
        outcome: Outcome,
        *,
        error: Failure | None = None,
        output: str | None = None,
        model: str | None = None,
        type: str | None = None,
        set_by: str | None = None,
    ) -> None:
        """A node ends; what it was waiting for is over."""
        if self.state.waits:
            for kind in waits.KINDS:
                if (key, kind) in self.state.waits:
                    self.close_wait(key, kind)
        given = None if output is None else held(output)
        if output is not None and isinstance(given, Large):
            self._outputs.add(key, self.number, output)
        self.do(
            Settled(
                key=key,
                outcome=outcome,
                error=error,
                output=given,
                model=model,
                type=type,
                came_up=self.state.came_up.get(key),
                set_by=set_by,
            )
        )

    def unmount(self, node: str) -> None:
        """A node leaves the tree. One that joined it in this frame was never there."""
        known = self.state.nodes[node]
        if id(known) in self._changes:
            del self._changes[id(known)]
            del self.state.nodes[node]
        else:
            self.do(NodeGone(id=node))

    def open_wait(self, wait: WaitOpened) -> None:
        """A node waits; the same wait is not opened twice."""
        known = self.state.waits.get((wait.key, wait.kind))
        if known is not None and known.opened == wait:
            return
        self.close_wait(wait.key, wait.kind)
        self.do(wait)

    def close_wait(self, key: Key, kind: WaitKind, answer: str | None = None) -> None:
        if (known := self.state.waits.get((key, kind))) is None:
            return
        if known.frame == self.number:  # opened and closed in one frame: it never was
            del self._changes[id(known.opened)]
            del self.state.waits[key, kind]
            return
        self.do(WaitClosed(key=key, kind=kind, opened=known.frame, answer=answer))

    def read(self, reading: Reading) -> None:
        """Write what a reader used, once in a frame."""
        for source, at in list(reading.used.items()):  # a step's thread may still be reading
            made = ReadMade(reader=reading.key, source=source, at=at)
            if made not in self._reads:
                self._reads.add(made)
                self.do(made)
