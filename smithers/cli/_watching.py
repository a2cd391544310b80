"""Watchers of a run: a line a change, JSON lines, or the live tree; each is an `Observer`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

from smithers import waits
from smithers.agent import Event, Spawned
from smithers.changes import AttemptStarted, Frame, Key, Settled
from smithers.cli._places import complete
from smithers.cli._streams import give_json, is_terminal, masked, quoted, say, shown
from smithers.errors import Refused
from smithers.naming import first_names, key_name
from smithers.state import RunState
from smithers.views import (
    FOR_A_PERSON,
    MOST_ALIKE,
    ChangeView,
    change_lines,
    clock,
    question_of,
    view_frame,
    view_work,
)
from smithers.wire import Json, agent_event_json, live_frame_json, note_json
from smithers.words import duration, money, tokens

__all__ = ["Both", "Events", "Lines", "Watcher", "watcher_of"]


class Watcher(Protocol):
    """An observer with an end."""

    def frame(self, frame: Frame, state: RunState) -> None: ...

    def event(self, key: Key, event: Event) -> None: ...

    def note(self, text: str) -> None: ...

    def close(self) -> None: ...


class Events:
    """JSON lines on stdout: each frame with its changes, each event of an attempt."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._gone = False
        self._attempts: dict[Key, int] = {}

    def frame(self, frame: Frame, state: RunState) -> None:
        for change in frame.changes:
            if isinstance(change, AttemptStarted):
                self._attempts[change.key] = change.number
        self._give(live_frame_json(view_frame(frame, state.attempts, state.tries)))

    def event(self, key: Key, event: Event) -> None:
        if isinstance(event, Spawned):
            return
        from smithers.engine.streams import as_json

        self._give(agent_event_json(key, self._attempts.get(key), as_json(event)))

    def note(self, text: str) -> None:
        self._give(note_json(text))

    def close(self) -> None:
        pass

    def _give(self, data: Json) -> None:
        """A reader that is gone ends nothing: the run goes on without it."""
        if self._gone:
            return
        line: dict[str, Any] = {"version": 1, "run_id": self._run_id, **data}
        try:
            give_json(masked(line))
        except (BrokenPipeError, Refused):
            self._gone = True


class Lines:
    """One line a change on stderr, for logs and pipes; a question is shown in full, once."""

    def __init__(self) -> None:
        self._begun = False

    def frame(self, frame: Frame, state: RunState) -> None:
        changes = view_frame(frame, state.attempts, state.tries, only=FOR_A_PERSON).changes
        at = clock(frame.at)
        if not self._begun:
            self._begun = True
            self._tell_open(frame, state, at)
        for line in change_lines(changes, lambda view: self._settled(view, state)):
            asked = None if line.is_folded else question_of(changes[line.position].change)
            self._say(at, line.words, asked or "")

    def _tell_open(self, frame: Frame, state: RunState, at: str) -> None:
        """The questions that were open before the first frame that this process made."""
        found: list[tuple[Key, waits.WaitKind, str]] = [
            (key, kind, wait.opened.asked or "")
            for (key, kind), wait in state.waits.items()
            if kind in waits.ASKING and wait.frame < frame.number
        ]
        if len(found) > MOST_ALIKE:
            names = first_names([key_name(key) for key, _, _ in found])
            kinds = {waits.traits(kind).words.many for _, kind, _ in found}
            wait = kinds.pop() if len(kinds) == 1 else "wait for a person"
            self._say(at, f"{len(found)} tasks {wait}: {names}", "")
            return
        for key, kind, asked in found:
            template = waits.traits(kind).words.opened
            self._say(at, waits.words_of(template, name=key_name(key)), asked)

    @staticmethod
    def _say(at: str, said: str, asked: str) -> None:
        say(f"{at} {shown(said)}")
        for line in quoted(asked):
            say(f"{' ' * len(at)} {line}")

    def event(self, key: Key, event: Event) -> None:
        pass

    def note(self, text: str) -> None:
        say(shown(complete(text)))

    def close(self) -> None:
        pass

    @staticmethod
    def _settled(view: ChangeView, state: RunState) -> str:
        change = view.change
        if not isinstance(change, Settled) or change.outcome != "finished":
            return view.words
        if change.key not in state.tries:
            return view.words
        work = view_work(state, change.key)
        facts = [
            "" if work.took_s is None else duration(work.took_s),
            tokens(work.tokens) if work.tokens else "",
            money(work.cost),
        ]
        told = ", ".join(fact for fact in facts if fact)
        return f"{view.words} ({told})" if told else view.words


class Both:
    """Several watchers as one."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = list(watchers)
        self.frames = 0
        self.heading = ""
        """A line for stderr as soon as the run exists."""

    def frame(self, frame: Frame, state: RunState) -> None:
        if not self.frames and self.heading:
            say(self.heading)
        self.frames += 1
        self._each(lambda watcher: watcher.frame(frame, state))

    def event(self, key: Key, event: Event) -> None:
        self._each(lambda watcher: watcher.event(key, event))

    def note(self, text: str) -> None:
        self._each(lambda watcher: watcher.note(text))

    def close(self) -> None:
        self._each(lambda watcher: watcher.close())

    def _each(self, call: Callable[[Watcher], None]) -> None:
        """A watcher that has nowhere to write any more, as when its terminal was closed, is left
        out; the run is none of its business.
        """
        for watcher in list(self._watchers):
            try:
                call(watcher)
            except OSError:
                self._watchers.remove(watcher)


def watcher_of(run_id: str, *, events: bool) -> Both:
    """A live tree where a person looks on, else lines; JSON lines as well where asked for."""
    found: list[Watcher] = [Events(run_id)] if events else []
    if is_terminal(sys.stderr):
        from smithers.cli._live import Live

        found.append(Live(run_id))
    else:
        found.append(Lines())
    return Both(*found)
