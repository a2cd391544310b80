"""Runs that take edits while they are driven, beside crashes: `python -m tests.trust.hot 1/7`.

As the stories of `edited`, but the owner of the run takes the edits at random frames, with attempts
that run. Some edits are wrong, and some take a question away: those wait for a person.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from smithers import NoInput, Workflow
from smithers.agent import Event
from smithers.changes import Frame, Key
from smithers.engine.engine import Engine
from smithers.engine.gate_texts import lost_texts
from smithers.engine.hot_engine import HotEngine
from smithers.engine.loading import Loaded
from smithers.engine.reloading import Hot, Judged, Reloading
from smithers.errors import AuthorError
from smithers.settings import Found, Values
from smithers.sources import SourceFile, Sources
from smithers.state import RunState
from smithers.waits import THE_EDIT
from tests.properties.edits import edited
from tests.properties.judging import Made
from tests.properties.trees import Shape
from tests.rules.runs import Run
from tests.trust.edited import Story, draw, main

__all__ = ["HotStory"]

FILE = Path("/flow.py")
_BROKEN = "broken"


async def _judged() -> Judged:
    raise AssertionError("the story has judged")


class _HotRun(Run):
    makes = HotEngine


class _Edits(Reloading):
    """Edits that come from the story, not from files."""

    def __init__(self, hot: Hot, engine: HotEngine, story: HotStory) -> None:
        super().__init__(hot, engine)
        self.story = story

    async def watch(self) -> None:
        await asyncio.Event().wait()

    def offer(self, sources: Sources) -> None:
        """The files are so now."""
        self.question = None
        lost = list(lost_texts(self._taken.files, sources.files))
        if lost and not self.is_confirmed(sources):
            self.confirm(sources, lost)
        else:
            self.ready = sources

    def confirm(self, sources: Sources, reasons: Any) -> None:
        if self.ready is sources:  # the engine asks
            self.story.seen["asked late"] += 1
            assert self.story.run.engine.transition.empty, "what is asked about changes nothing"
        super().confirm(sources, reasons)
        self.story.seen["asked"] += 1

    def decided(self, *, approved: bool, by: str) -> None:
        assert self.question is not None
        digest = self.question.on[0]
        super().decided(approved=approved, by=by)
        self.story.seen["approved" if approved else "denied"] += 1
        if approved:
            self.story.approved.add(digest)
            self.ready = self.story.known[digest]

    def taken(self, sources: Sources) -> None:
        super().taken(sources)
        self.story.took(sources)

    def refused(self, why: str) -> None:
        super().refused(why)
        assert self.story.run.engine.transition.empty, "what is refused changes nothing"
        self.story.seen["refused"] += 1
        self.story.log.append(f"refused: {why}")


class _Watch:
    """Shows all to another observer, and has the story act after each frame."""

    def __init__(self, inner: Any, story: HotStory, edits: _Edits) -> None:
        self._inner, self._story, self._edits = inner, story, edits

    def frame(self, frame: Frame, state: RunState) -> None:
        self._story.after_frame(self._edits)
        self._inner.frame(frame, state)

    def event(self, key: Key, event: Event) -> None:
        self._inner.event(key, event)

    def note(self, text: str) -> None:
        self._inner.note(text)


class HotStory(Story):
    """One seed, as its base, with edits that are taken in flight."""

    runs = _HotRun

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self.hot = Random(f"hot {seed}")
        self.approved: set[str] = set()
        self.known: dict[str, Sources] = {}
        """All that the files were, by digest."""
        self._shapes: dict[str, Shape] = {}
        self._codes: list[tuple[int, Workflow[NoInput, Any]]] = [(0, self.run.workflow)]
        self._numbers = 0
        self.run.before = self._watch

    def _watch(self, engine: Engine) -> None:
        assert isinstance(engine, HotEngine)
        sources = self._sources(self.shape)
        loaded = Loaded(workflow=engine.workflow, file=FILE, sources=sources)
        settings = Found(values=Values.model_construct(), files=(), origins={}, folder=FILE.parent)
        hot = Hot(loaded=loaded, settings=settings, judge=_judged, load=self._load)
        edits = _Edits(hot, engine, self)
        engine._reloading = edits  # pyright: ignore[reportPrivateUsage]
        engine.observer = _Watch(engine.observer, self, edits)

    def _sources(self, shape: Shape | str) -> Sources:
        digest = hashlib.sha256(str(shape).encode()).hexdigest()[:16]
        files: tuple[SourceFile, ...] = ()
        if isinstance(shape, Shape):
            self._shapes[digest] = shape
            text = "".join(f"Approval({name!r})\n" for name in _questions(shape))
            files = (SourceFile(path=FILE.name, digest=digest, text=text),)
        self.known[digest] = found = Sources(digest=digest, files=files)
        return found

    @contextmanager
    def _load(self, sources: Sources) -> Generator[Loaded]:
        if sources.digest not in self._shapes:
            raise AuthorError("not valid Python: invalid syntax")
        flow = self._flow(self._shapes[sources.digest])
        yield Loaded(workflow=flow, file=FILE, sources=sources)

    # -- while it is driven

    def after_frame(self, edits: _Edits) -> None:
        """Edit the file, or decide on an edit."""
        if edits.question is not None and self._is_asked() and self.hot.random() < 0.7:
            approved = self.hot.random() < 0.6
            answer = self.run.offer_answer("", approved=approved)
            self.seen["decided"] += 1
            self._later = asyncio.ensure_future(_quietly(answer))
        elif self.hot.random() < 0.4:
            self._numbers += 1
            shape = self._edited(f"h{self._numbers}")
            self.log.append(f"the file is now {shape}")
            edits.offer(self._sources(shape))
            self.seen["hot edits"] += 1

    def _is_asked(self) -> bool:
        return THE_EDIT in self.run.engine.state.waits

    def _edited(self, fresh: str) -> Shape | str:
        random = self.hot
        chance = random.random()
        if chance < 0.1:
            return _BROKEN
        if chance < 0.25:
            return _renamed(self.shape, random, fresh)
        if chance < 0.35:
            return _bounded(self.shape, random)
        return edited(self.shape, draw(random), fresh)

    def took(self, sources: Sources) -> None:
        """The run has the code of these; no question to a person is lost unless one was told."""
        before, self.shape = self.shape, self._shapes[sources.digest]
        lost = set(_questions(before)) - set(_questions(self.shape))
        assert not lost or sources.digest in self.approved, f"nobody was asked about {lost}"
        self.run.workflow, self.run.edited = self.run.engine.workflow, True
        self._codes.append((len(self.run.watch.frames), self.run.workflow))
        self.seen["taken"] += 1
        self.seen["taken at work"] += bool(self.run.engine.state.running())
        self.seen["taken by a person"] += bool(lost)
        self.log.append(f"taken after {len(self.run.watch.frames)} frames: {self.shape}")

    def _edit(self, fresh: str) -> None:
        super()._edit(fresh)
        self._codes.append((len(self.run.watch.frames), self.run.workflow))

    # -- judgement

    def _made_at(self, number: int) -> Made:
        return Made(next(code for first, code in reversed(self._codes) if first <= number))


async def _quietly(answer: Any) -> None:
    """An answer may come when the question is over."""
    try:
        await answer
    except Exception:  # the store has refused it
        return


def _leaves(shape: Shape) -> Iterator[Shape]:
    if not shape.below:
        yield shape
    for one in shape.below:
        yield from _leaves(one)


def _questions(shape: Shape) -> Iterator[str]:
    return (one.name for one in _leaves(shape) if one.kind in ("approval", "human"))


def _renamed(shape: Shape, random: Random, fresh: str) -> Shape:
    """One leaf has another id: as if it was removed, and another was added."""
    chosen = random.choice([one.name for one in _leaves(shape)])

    def rename(one: Shape) -> Shape:
        name = fresh if one.name == chosen and not one.below else one.name
        return replace(one, name=name, below=tuple(map(rename, one.below)))

    return rename(shape)


def _bounded(shape: Shape, random: Random) -> Shape:
    """All loops and fan-outs have another bound."""
    count = random.randint(1, 4)

    def bound(one: Shape) -> Shape:
        mine = count if one.kind == "loop" else one.count
        return replace(one, count=mine, below=tuple(map(bound, one.below)))

    return bound(shape)


if __name__ == "__main__":
    sys.exit(main(HotStory, sys.argv[1]))
