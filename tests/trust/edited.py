"""Runs that are edited at random frames, beside crashes: `python -m tests.trust.edited 1/7`.

A story is a tree, what its bodies do, when its owner dies, what is edited and who answers what; all
of it follows from a seed. Real engines resume it, on a store in memory. In every frame, whatever
starts must come after all that stands before it in the tree of that time.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any, get_args

from smithers import (
    Approval,
    Context,
    HumanTask,
    Node,
    NoInput,
    Retry,
    Task,
    Timer,
    Workflow,
    waits,
    workflow,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Started
from smithers.changes import AttemptStarted, Frame, Key, WaitClosed, WaitOpened
from smithers.errors import Busy, Permanent, Transient
from smithers.state import RunState
from tests.properties.edits import Edit, EditKind, How, edited, named
from tests.properties.fates import Fates, Working
from tests.properties.judging import Made, check_effects
from tests.properties.order import Order
from tests.properties.trees import Shape, build
from tests.rules.runs import Clock, Run
from tests.trust.amounts import SEED
from tests.trust.bodies import shape_of

__all__ = ["Story", "draw", "main", "run_all"]

ROUNDS = 14
"""So often the owner is replaced with edits and crashes in between; then the run is left alone."""
MOST_ROUNDS = 120


class Moody:
    """An agent that may fail, be cut off or be over its limit, twice at most for each task."""

    name = "moody"
    can = Capabilities(resumes=True)

    def __init__(self, fates: Fates, random: Random) -> None:
        self._fates, self._random = fates, random
        self._asked: Counter[str] = Counter()

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        id = ask.prompt
        self._asked[id] += 1
        if self._asked[id] <= 2:
            trouble = self._random.choice([None, None, Transient("cut"), Busy("moody", None)])
            if trouble is not None:
                raise trouble
        yield Started(ask.session or f"{id}-{self._asked[id]}")
        if self._fates.fails(id):
            raise Permanent("this one was meant to fail")
        yield Answered("done")


class Bodies(Working):
    """What the leaves of a story do."""

    def __init__(self, ctx: Context[NoInput], fates: Fates, agent: Moody) -> None:
        super().__init__(ctx, fates)
        self.agent = agent

    def leaf(self, id: str, shape: Shape) -> Node[Any]:
        on_failure: Any = shape.on_failure
        if shape.kind == "approval":
            return Approval(id, ask="May I?")
        if shape.kind == "human":
            return HumanTask(id, ask="What?")
        if shape.kind == "timer":
            return Timer(id, seconds=50)
        if shape.kind == "task":
            retry = Retry(tries=5, first_s=100, jitter=0)
            return Task(id, agent=self.agent, prompt=id, retry=retry, on_failure=on_failure)
        return super().leaf(id, shape)


class Story:
    """One seed: driven to its end, and judged; `seen` counts what happened."""

    runs: type[Run] = Run

    def __init__(self, seed: str) -> None:
        self.seed = seed
        random = self.random = Random(seed)
        self.fates = Fates(random.randrange(1 << 20), random.choice([0, 10, 30]))
        self.agent = Moody(self.fates, random)
        self.shape = named(self._first_shape())
        self.clock = Clock()
        self.run = self.runs(
            self._flow(self.shape),
            max_concurrency=random.choice([1, 2, 8]),
            now=self.clock,
            linger_s=0,
        )
        self.seen: Counter[str] = Counter(stories=1)
        self.wrong: list[str] = []
        self.log: list[str] = [str(self.shape)]
        self._judged = 0

    def _first_shape(self) -> Shape:
        below = tuple(shape_of(self.random, self.random.randint(1, 4)) for _ in range(3))
        if self.random.random() < 0.3:
            return Shape(kind="loop", below=below, count=3, on_failure="finish")
        return Shape(kind="sequence", below=below)

    def _flow(self, shape: Shape) -> Workflow[NoInput, Any]:
        @workflow(name="flow")
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            return build(shape, Bodies(ctx, self.fates, self.agent))

        return flow

    # -- the run

    def live(self) -> list[str]:
        """All of it; what went wrong."""
        try:
            for number in range(MOST_ROUNDS):
                if self._turn(number) in ("finished", "failed"):
                    self._judge_end()
                    break
            else:
                self.wrong.append("the run does not end")
        except AssertionError as error:
            self.wrong.append(str(error))
        finally:
            shutil.rmtree(self.run.folder, ignore_errors=True)
        return self.wrong

    def _turn(self, number: int) -> str:
        calm, random = number >= ROUNDS, self.random
        if not calm and random.random() < 0.6:
            status = self.run.go_frames(random.randint(1, 4))
            self.seen["crashes"] += status == "running"
        else:
            status = self.run.go(within_s=60).status
        self.log.append(f"{status} after {len(self.run.watch.frames)} frames")
        self._judge_frames()
        if status in ("finished", "failed"):
            return status
        if not calm and random.random() < 0.5:
            self._edit(f"e{number}")
        self._answer(all_of_them=calm)
        self.clock.pass_s(random.choice([0, 2000]) if not calm else 2000)
        return status

    def _edit(self, fresh: str) -> None:
        edit = draw(self.random)
        self.shape = edited(self.shape, edit, fresh)
        self.run.workflow, self.run.edited = self._flow(self.shape), True
        self.seen["edits"] += 1
        self.log.append(f"{edit}: {self.shape}")

    def _answer(self, *, all_of_them: bool) -> None:
        for key, kind in list(self.run.state.waits):
            if key.id and kind in waits.ASKING and (all_of_them or self.random.random() < 0.5):
                approved = self.random.random() < 0.8
                self.run.answer(key.id, path=key.path, approved=approved)
                self.seen["answers"] += 1
                self.log.append(f"{key} is {'approved' if approved else 'denied'}")

    # -- judgement

    def _judge_frames(self) -> None:
        """Whatever started since the last time came after all that stands before it."""
        frames: Sequence[Frame] = self.run.watch.frames
        state = RunState.of(frames[: self._judged])
        for frame in frames[self._judged :]:
            made = self._made_at(frame.number)
            before = {key for key, end in state.ended.items() if end.outcome == "finished"}
            state.apply_frame(frame)
            order = Order(state, made.expanding(state))
            for key in _started(frame):
                self.seen["starts"] += 1
                assert key not in before, f"{key} runs again in frame {frame.number}"
                one = order.find(key, made.root)
                assert one is not None, f"{key} starts in frame {frame.number}, outside the tree"
                order.check(one, key.path)
        self._judged = len(frames)

    def _made_at(self, number: int) -> Made:
        """The tree by which a frame was made."""
        return Made(self.run.workflow)

    def _judge_end(self) -> None:
        state, made = self.run.state, Made(self.run.workflow)
        self.seen[state.run_status] += 1
        said = made.reference(state)
        ended = "failed" if said.root in ("failed", "cancelled") else "finished"
        leaf = self.shape.kind in ("step", "task", "command", "approval", "human", "timer")
        assert leaf or ended == state.run_status, f"{state.run_status}, but by its rows {said.root}"
        check_effects(self.run.watch.frames, made)
        assert not said.asks, f"nobody asked {said.asks}"
        assert not said.drops, f"nobody dropped {said.drops}"
        assert not state.running(), "attempts are left running"
        assert not state.waits, f"waits are left open: {list(state.waits)}"


def draw(random: Random) -> Edit:
    """Any edit."""
    how: How = random.choice(get_args(How))
    kind: EditKind = random.choice(get_args(EditKind))
    on_failure = random.choice(["fail", "continue"])
    return Edit(how, random.randrange(60), random.randrange(60), kind, on_failure)


def _started(frame: Frame) -> list[Key]:
    """The tasks of which an attempt or a question begins in a frame. A question whose answer was
    refused stays open: it is asked anew in the same frame.
    """
    refused = {change.key for change in frame.changes if isinstance(change, WaitClosed)}
    return [
        change.key
        for change in frame.changes
        if isinstance(change, AttemptStarted)
        or (
            isinstance(change, WaitOpened)
            and change.key.id
            and change.kind in (*waits.ASKING, waits.TIMER)
            and (change.kind != waits.HUMAN or change.key not in refused)
        )
    ]


def run_all(kind: type[Story], numbers: range) -> Counter[str]:
    """Run stories; the first that breaks a promise is an error that tells how to repeat it."""
    found: Counter[str] = Counter()
    for number in numbers:
        story = kind(f"{SEED}/{number}")
        if wrong := story.live():
            again = f"python -m {kind.__module__} {story.seed}"
            raise AssertionError("\n".join([*wrong, f"to repeat it: {again}"]))
        found += story.seen
    return found


def main(kind: type[Story], seed: str) -> int:
    """Repeat one story, and tell all of it."""
    story = kind(seed)
    wrong = story.live()
    print(*story.log, dict(story.seen), *wrong, sep="\n")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Story, sys.argv[1]))
