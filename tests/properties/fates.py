"""Trees that really run. A seed decides what each step does, and so how the run must end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, assert_never
from zlib import crc32

from pydantic import BaseModel

from smithers import (
    Attempt,
    Command,
    CommandFailed,
    Context,
    Node,
    NoInput,
    Step,
    Subflow,
    workflow,
)
from smithers.changes import Key
from smithers.engine.programs import Programs
from smithers.kinds.subflow import child_id
from smithers.tree import Program
from tests.properties.trees import Shape

__all__ = ["Expected", "Fates", "Working", "padded"]

SIZES = (0, 4095, 4096, 4097)
"""Bytes around those from which on a state holds an output as size and digest."""


def padded(text: str, size: int) -> str:
    """A text whose JSON text has `size` bytes of UTF-8, or as many as it takes."""
    missing = max(size - 2 - len(text.encode()), 0)
    return "ä" * (missing // 2) + "x" * (missing % 2) + text


@dataclass(frozen=True)
class Fates:
    """Decides by a seed: the same question always has the same answer. `failing` is in percent."""

    seed: int
    failing: int

    def _draw(self, question: str, of: int) -> int:
        return crc32(f"{self.seed} {question}".encode()) % of

    def fails(self, key: str) -> bool:
        return self._draw(f"fails {key}", 100) < self.failing

    def test(self, id: str) -> bool:
        return self._draw(f"test {id}", 2) == 0

    def until(self, turn: str) -> bool:
        return self._draw(f"until {turn}", 2) == 0

    def same(self, turn: str) -> int:
        return self._draw(f"same {turn}", 2)

    def result(self, id: str) -> str:
        if self.fails(f"result {id}"):
            raise RuntimeError("this one was meant to fail")
        return self.padded(id)

    def padded(self, key: str) -> str:
        return padded(key, SIZES[self._draw(f"size {key}", len(SIZES))])

    def keys(self, id: str) -> list[str]:
        return ["a", "b", "c"][: self._draw(f"items {id}", 4)]


_FATE = "fate"
"""A program that does not exist: what it would do is decided in this process, in no time."""
_execute = Programs.execute


async def _be_fated(key: str, program: Program) -> str:
    fates = Fates(*map(int, program.argv[1:]))
    if fates.fails(key):
        raise CommandFailed("this one was meant to fail", exit_code=1)
    return fates.padded(key)


def _execute_or_be_fated(self: Programs, program: Program) -> Coroutine[Any, Any, Any]:
    is_fated = program.argv[0] == _FATE
    return _be_fated(self.key, program) if is_fated else _execute(self, program)


Programs.execute = _execute_or_be_fated  # type: ignore[method-assign]


class Fated(BaseModel):
    """The node whose child run it is, and the fates."""

    id: str
    seed: int
    failing: int


@workflow(input=Fated)
def fated(ctx: Context[Fated]) -> Node[str]:
    """What subflows run: it fails or not as a step of the same key."""
    fates = Fates(ctx.input.seed, ctx.input.failing)

    async def work() -> str:
        key = str(_key_of(ctx.run_id, ctx.input.id))
        if fates.fails(key):
            raise RuntimeError("this one was meant to fail")
        return fates.padded(key)

    return Step("fated", work)


def _key_of(run_id: str, id: str) -> Key:
    """The node of a child run, in its iteration."""
    paths = (path for depth in range(5) for path in product(range(3), repeat=depth))
    keys = (Key(id, path) for path in paths)
    return next(key for key in keys for number in (1, 2) if child_id("r1", key, number) == run_id)


class Working:
    """Callables that do what the fates say. A loop gets a step more, which tells its iteration."""

    def __init__(self, ctx: Context[NoInput], fates: Fates) -> None:
        self.ctx = ctx
        self.fates = fates
        self._turns: dict[str, Step[str]] = {}

    def leaf(self, id: str, shape: Shape) -> Node[Any]:
        async def work(attempt: Attempt) -> str:
            key = attempt.key.partition("/")[2]
            if self.fates.fails(key):
                raise RuntimeError("this one was meant to fail")
            return self.fates.padded(key)

        on_failure: Any = shape.on_failure
        if shape.kind == "command":
            words = [_FATE, str(self.fates.seed), str(self.fates.failing)]
            return Command(id, words, output=str, on_failure=on_failure)
        if shape.kind == "subflow":
            given = Fated(id=id, seed=self.fates.seed, failing=self.fates.failing)
            return Subflow(id, fated, input=given, on_failure=on_failure)
        return Step(id, work, on_failure=on_failure, effect=shape.effect)

    def body(self, id: str, body: Sequence[Node[Any]]) -> Sequence[Node[Any]]:
        async def turn(attempt: Attempt) -> str:
            return self.fates.padded(attempt.key)

        self._turns[id] = Step(f"{id}-turn", turn)
        return [self._turns[id], *body]

    def until(self, id: str, body: Sequence[Node[Any]]) -> Callable[[], bool]:
        turn = self._turns[id]
        return lambda: self.fates.until(id + self.ctx[turn].rpartition("-turn")[2])

    def test(self, id: str) -> Callable[[], bool]:
        return lambda: self.fates.test(id)

    def items(self, id: str) -> Callable[[], list[str]]:
        return lambda: self.fates.keys(id)

    def same(self, id: str) -> Callable[[], object]:
        turn = self._turns[id]
        return lambda: self.fates.same(id + self.ctx[turn].rpartition("-turn")[2])

    def result(self, id: str) -> Callable[[], str]:
        return lambda: self.fates.result(id)


@dataclass
class Expected:
    """How a run of a shape must end.

    `allowed` has the outcomes of each task, None among them where it may not come to exist: what
    stands in a group that fails may be finished or not yet begun by then, and so is less certain.
    """

    shape: Shape
    fates: Fates
    allowed: dict[Key, set[str | None]] = field(default_factory=dict[Key, set[str | None]])

    def __post_init__(self) -> None:
        self._undoing = False
        """Whether a saga around what is recorded may undo it."""
        self.fails = self._fails(self.shape, "n", ())
        self._record(self.shape, "n", (), "run", sure=True)

    # -- alone, with nothing else failing around it

    def _fails(  # noqa: C901  # one case a kind
        self, shape: Shape, id: str, path: tuple[int, ...]
    ) -> bool:
        """Whether it fails what stands around it."""
        match shape.kind:
            case "foreach":
                if shape.on_failure == "continue":
                    return False
                keys = self.fates.keys(id)
                return any(self._fails(shape.below[0], f"{id}/{key}", path) for key in keys)
            case "sequence" | "branch" | "loop" | "try" | "saga" if shape.tolerates:
                return False
            case "try":
                return self._fails_in_try(shape, id, path) or self._fails_by_result(shape, id)
            case "branch":
                taken = self._taken(shape, id)
                below = any(self._fails(one, name, path) for name, one in taken)
                return below or self._fails_by_result(shape, id)
            case "loop":
                return self._iterations(shape, id, path)[1] or self._fails_by_result(shape, id)
            case "parallel" if shape.on_failure == "continue":
                return False
            case "compensated":
                return self._fails(shape.below[0], f"{id}.0", path)
            case "sequence" | "parallel" | "saga":
                below = any(self._fails(one, name, path) for name, one in self._below(shape, id))
                return below or self._fails_by_result(shape, id)
            case "step" | "task" | "command" | "approval" | "human" | "subflow" | "continue_as_new":
                return self.fates.fails(str(Key(id, path))) and shape.on_failure != "continue"
            case "timer" | "wait_for_event":
                return False
            case _:
                assert_never(shape.kind)

    def _fails_by_result(self, shape: Shape, id: str) -> bool:
        return shape.computes and self.fates.fails(f"result {id}")

    def _below(self, shape: Shape, id: str) -> list[tuple[str, Shape]]:
        return [(f"{id}.{place}", one) for place, one in enumerate(shape.below)]

    def _fails_in_try(self, shape: Shape, id: str, path: tuple[int, ...]) -> bool:
        fails = [self._fails(one, name, path) for name, one in self._below(shape, id)]
        catches = not shape.on_failure.startswith("finally")
        cleans = shape.on_failure.endswith("finally")
        return (fails[1] and fails[0] if catches else fails[0]) or (cleans and fails[-1])

    def _taken(self, shape: Shape, id: str) -> list[tuple[str, Shape]]:
        below, yes = self._below(shape, id), self.fates.test(id)
        if len(below) == 2:
            return below[:1] if yes else below[1:]
        return below if yes == bool(shape.count) else []

    def _iterations(self, shape: Shape, id: str, path: tuple[int, ...]) -> tuple[int, bool]:
        """How many there are, and whether the loop fails."""
        for number in range(shape.count):
            inside = (*path, number)
            if any(self._fails(one, name, inside) for name, one in self._below(shape, id)):
                return number + 1, True
            if self.fates.until(str(Key(id, inside))):
                return number + 1, False
            turns = [str(Key(id, (*path, one))) for one in (number - 1, number)]
            if shape.stops and number and len(set(map(self.fates.same, turns))) == 1:
                return number + 1, shape.on_failure == "fail"
        return shape.count, shape.on_failure == "fail"

    # -- together

    def _record(  # noqa: C901  # one case a kind
        self, shape: Shape, id: str, path: tuple[int, ...], how: str, *, sure: bool
    ) -> None:
        """`how` is "run", or the outcome of what is never reached."""
        match shape.kind:
            case "foreach":
                keys = self.fates.keys(id) if how == "run" else []
                sure = sure and (shape.on_failure == "continue" or not self._fails(shape, id, path))
                for key in keys:
                    self._record(shape.below[0], f"{id}/{key}", path, how, sure=sure)
            case "parallel":
                sure = sure and not (how == "run" and self._fails(shape, id, path))
                for name, one in self._below(shape, id):
                    self._record(one, name, path, how, sure=sure)
            case "branch":
                taken = self._taken(shape, id)
                for name, one in self._below(shape, id):
                    mine = "skipped" if how == "run" and (name, one) not in taken else how
                    self._record(one, name, path, mine, sure=sure)
            case "loop":
                self._record_iterations(shape, id, path, how, sure=sure)
            case "try":
                self._record_try(shape, id, path, how, sure=sure)
            case "saga":
                self._record_saga(shape, id, path, how, sure=sure)
            case "compensated":
                self._record_compensated(shape, id, path, how, sure=sure)
            case "sequence":
                self._in_order(shape, id, path, how, sure=sure)
            case (
                "step"
                | "task"
                | "command"
                | "approval"
                | "human"
                | "timer"
                | "subflow"
                | "continue_as_new"
                | "wait_for_event"
            ):
                may_fail = shape.kind not in ("timer", "wait_for_event")
                failed = may_fail and self.fates.fails(str(Key(id, path)))
                outcome = ("failed" if failed else "finished") if how == "run" else how
                agents = shape.kind == "task" and how == "run"
                self._task(id, path, outcome, sure=sure, agents=agents)
            case _:
                assert_never(shape.kind)

    def _record_try(
        self, shape: Shape, id: str, path: tuple[int, ...], how: str, *, sure: bool
    ) -> None:
        (name, body), *rest = self._below(shape, id)
        self._record(body, name, path, how, sure=sure)
        if not shape.on_failure.startswith("finally"):
            caught = how == "run" and self._fails(body, name, path)
            mine = how if caught or how != "run" else "skipped"
            if caught or not shape.on_failure.startswith("handler"):
                other, catch = rest[0]
                self._record(catch, other, path, mine, sure=sure)
        if shape.on_failure.endswith("finally"):
            last, cleanup = rest[-1]
            self._record(cleanup, last, path, how, sure=sure)

    def _record_saga(
        self, shape: Shape, id: str, path: tuple[int, ...], how: str, *, sure: bool
    ) -> None:
        """What it undoes, and in which order, follows from what ended when."""
        before = self._undoing
        fails = any(self._fails(one, name, path) for name, one in self._below(shape, id))
        self._undoing = before or (how == "run" and (fails or not sure))
        self._in_order(shape, id, path, how, sure=sure)
        self._undoing = before

    def _record_compensated(
        self, shape: Shape, id: str, path: tuple[int, ...], how: str, *, sure: bool
    ) -> None:
        (name, action), (other, undo) = self._below(shape, id)
        self._record(action, name, path, how, sure=sure)
        if self._undoing and how == "run":
            self._undoing = False
            self._record(undo, other, path, how, sure=False)
            self._undoing = True

    def _record_iterations(
        self, shape: Shape, id: str, path: tuple[int, ...], how: str, *, sure: bool
    ) -> None:
        count = self._iterations(shape, id, path)[0] if how == "run" else 1
        for number in range(count):
            inside = (*path, number)
            self._task(f"{id}-turn", inside, "finished" if how == "run" else how, sure=sure)
            self._in_order(shape, id, inside, how, sure=sure)

    def _in_order(
        self, shape: Shape, id: str, path: tuple[int, ...], how: str, *, sure: bool
    ) -> None:
        for place, (name, one) in enumerate(self._below(shape, id)):
            if how != "run" and place >= len(shape.below) - shape.parts:
                return  # the `then` that would give it is not called
            self._record(one, name, path, how, sure=sure)
            if how == "run" and self._fails(one, name, path):
                how = "cancelled"

    def _task(
        self, id: str, path: tuple[int, ...], outcome: str, *, sure: bool, agents: bool = False
    ) -> None:
        allowed: set[str | None] = {outcome} if sure else {outcome, "cancelled", None}
        if agents and not sure:  # its group may stop before its next try: then its last one counts
            allowed.add("failed")
        self.allowed[Key(id, path)] = allowed
