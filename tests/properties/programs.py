"""Small programs that are flows: one interpreter runs them on the engine and on a stand-in.

The value of each part depends on that of the part before it in its coroutine, so a program that
gives the same value has taken the same way, in the same order.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal, NamedTuple, Protocol

from hypothesis import strategies as st

from smithers import CallFailed, NoInput, Parallel, Run, Step, Workflow, workflow
from smithers import Sequence as InOrder
from smithers.changes import Failure

__all__ = [
    "InMemory",
    "Part",
    "Seeds",
    "World",
    "flow_of",
    "is_shared",
    "programs",
    "run_in_memory",
]

Simple = Literal["step", "choose", "chance", "clock", "share", "raise", "again", "node"]
Kind = Simple | Literal["gather", "if", "try", "loop", "flow"]
Seeds = Mapping[str, int]
"""The seed of the random numbers of each flow, by its id in the tree."""


@dataclass(frozen=True)
class Part:
    """One part of a program. `below` are its blocks: the items of a gather, the arms of an if, and
    of a try the body, the handler, what follows without a failure, and the cleanup.
    """

    kind: Kind
    fails: bool = False
    below: tuple[tuple[Part, ...], ...] = ()
    limit: int | None = None
    is_caught: bool = False
    """A gather that returns exceptions; a try that handles them; a loop that runs while its value
    is odd.
    """


def programs(*, most: int = 14) -> st.SearchStrategy[tuple[Part, ...]]:
    step = st.builds(Part, st.just("step"), st.sampled_from([False, False, False, True]))
    other = st.builds(Part, st.sampled_from(["choose", "chance", "clock", "share", "again"]))
    hurt = st.builds(
        Part, st.sampled_from(["raise", "node"]), st.booleans(), is_caught=st.booleans()
    )
    leaves = st.one_of(step, step, step, other, hurt)

    def more(parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
        block = st.lists(parts, min_size=1, max_size=3).map(tuple)
        one, two = st.tuples(block), st.tuples(block, block)
        items = st.lists(block, min_size=1, max_size=4).map(tuple)
        limits = st.sampled_from([None, None, 1, 2])
        blocks = st.lists(block, min_size=4, max_size=4).map(tuple)
        return st.one_of(
            st.builds(Part, st.just("gather"), below=items, limit=limits, is_caught=st.booleans()),
            st.builds(Part, st.just("gather"), below=items, limit=limits),
            st.builds(Part, st.just("if"), below=two),
            st.builds(
                Part, st.just("try"), below=blocks, fails=st.booleans(), is_caught=st.booleans()
            ),
            st.builds(Part, st.just("loop"), below=one, is_caught=st.booleans()),
            st.builds(Part, st.just("flow"), below=one),
        )

    part = st.recursive(leaves, more, max_leaves=most)
    return st.lists(part, min_size=1, max_size=4).map(tuple)


def is_shared(parts: Sequence[Part], *, inside: bool = False) -> bool:
    """Whether its value depends on which of two coroutines was first."""
    for part in parts:
        if inside and part.kind in ("share", "chance"):
            return True
        within = (inside or part.kind == "gather") and part.kind != "flow"
        if any(is_shared(block, inside=within) for block in part.below):
            return True
    return False


class _Calls(Protocol):
    """What of `Run` a program uses."""

    def step(self, id: str, run: Callable[[], int]) -> Awaitable[int]: ...

    def choose(self, id: str, choose: Callable[[], int]) -> Awaitable[int]: ...

    def node(self, node: Any) -> Awaitable[Any]: ...

    def flow(
        self, id: str, run: Callable[[Any], Coroutine[Any, Any, int]], *, input: int
    ) -> Awaitable[int]: ...

    def gather(
        self, *given: Awaitable[Any], limit: int | None, return_exceptions: bool
    ) -> Awaitable[list[Any]]: ...

    def random(self) -> float: ...

    def now(self) -> datetime: ...


@dataclass
class World:
    """What the steps act on: once it is mended, none of them fails."""

    is_mended: bool = False


class Program:
    """A program in one flow. `name` is the id of that flow in the tree, `shared` what all of its
    coroutines append to.
    """

    def __init__(self, run: Any, name: str = "", *, world: World | None = None) -> None:
        self.run: _Calls = run
        self.world = world or World()
        self.name = name
        self.shared: list[str] = []

    async def block(self, parts: Sequence[Part], at: str, value: int) -> int:
        for number, part in enumerate(parts):
            value = await self.part(part, f"{at}{number}", value)
        return value

    async def part(self, part: Part, at: str, value: int) -> int:
        match part.kind:
            case "if":
                arm = value % 2
                return await self.block(part.below[arm], f"{at}{'ny'[arm]}", value)
            case "loop":
                return await self._loop(part, at, value)
            case "flow":
                return await self._flow(part, at, value)
            case "gather":
                return await self._gather(part, at, value)
            case "try":
                return await self._try(part, at, value)
            case _:
                return await self._simple(part, part.kind, at, value)

    async def _simple(self, part: Part, kind: Simple, at: str, value: int) -> int:
        match kind:
            case "step":
                return await self.run.step(at, self._work(at, value, fails=part.fails))
            case "again":  # awaited twice, it runs once
                call = self.run.step(at, self._work(at, value, fails=False))
                return await call + await call
            case "choose":
                return await self.run.choose(at, lambda: mixed(at, value))
            case "chance":
                return await self._same(at, mixed(at, value, int(self.run.random() * 1000)))
            case "clock":
                await self._same(at, mixed(self.run.now()))
                return value
            case "share":
                self.shared.append(at)
                return await self._same(at, mixed(at, value, *self.shared))
            case "raise":
                if value % 2 or part.fails:
                    raise ValueError(at)
                return value
            case "node":
                return await self._node(part, at, value)

    async def _same(self, at: str, found: int) -> int:
        """What was found when the program came here first, which is what it finds each time."""
        kept = await self.run.choose(at, lambda: found)
        assert kept == found or self.world.is_mended
        return kept

    async def _node(self, part: Part, at: str, value: int) -> int:
        prefix = f"{self.name}/" if self.name else ""
        steps = [
            Step(f"{prefix}{at}{name}", self._work(f"{at}{name}", value, fails=fails))
            for name, fails in (("p", False), ("q", part.fails))
        ]
        made = Parallel if part.is_caught else InOrder
        return mixed(at, await self.run.node(made(*steps, id=f"{prefix}{at}", result=steps[1])))

    async def _loop(self, part: Part, at: str, value: int) -> int:
        if part.is_caught:
            number = 0
            while value % 2 and number < 3:
                value = await self.block(part.below[0], f"{at}w{number}.", value)
                number += 1
        else:
            for number in range(value % 3):
                value = await self.block(part.below[0], f"{at}l{number}.", value)
        return value

    async def _flow(self, part: Part, at: str, value: int) -> int:
        name = f"{self.name}/{at}" if self.name else at

        async def inner(run: Run[int]) -> int:
            return await Program(run, name, world=self.world).block(part.below[0], "f", run.input)

        return await self.run.flow(at, inner, input=value)

    async def _gather(self, part: Part, at: str, value: int) -> int:
        at_work = 0

        async def item(block: Sequence[Part], at: str) -> int:
            nonlocal at_work
            at_work += 1
            assert part.limit is None or at_work <= part.limit
            given = await self._unless_raised(block, at, value)
            at_work -= 1
            if isinstance(given, Exception):
                raise given
            return given

        def awaitable(block: Sequence[Part], at: str) -> Awaitable[int]:
            if len(block) == 1 and block[0].kind == "step":
                return self.run.step(at, self._work(at, value, fails=block[0].fails))
            return item(block, at)

        given = [awaitable(block, f"{at}g{number}.") for number, block in enumerate(part.below)]
        got = await self.run.gather(*given, limit=part.limit, return_exceptions=part.is_caught)
        return mixed(at, *(_shown(one) for one in got))

    async def _unless_raised(self, block: Sequence[Part], at: str, value: int) -> int | Exception:
        try:
            return await self.block(block, at, value)
        except Exception as error:
            return error

    async def _try(self, part: Part, at: str, value: int) -> int:
        body, handler, otherwise, cleanup = part.below
        try:
            value = await self.block(body, f"{at}t", value)
        except CallFailed as error:
            if not part.is_caught:
                value = await self.block(handler, f"{at}e", mixed(at, error.id))
                raise
            value = await self.block(handler, f"{at}e", mixed(at, error.id))
        else:
            value = await self.block(otherwise, f"{at}o", value)
        finally:
            if part.fails:
                value = await self.block(cleanup, f"{at}c", value)
        return value

    def _work(self, at: str, value: int, *, fails: bool) -> Callable[[], int]:
        def work() -> int:
            if fails and not self.world.is_mended:
                raise OSError(f"{at} was meant to fail")
            return mixed(at, value)

        return work


def mixed(*given: object) -> int:
    """A number that depends on all of this."""
    return zlib.crc32(repr(given).encode()) % 10_000


def _shown(one: object) -> object:
    if isinstance(one, CallFailed):
        return one.id
    return type(one).__name__ if isinstance(one, Exception) else one


def flow_of(parts: Sequence[Part], world: World) -> Workflow[NoInput, int]:
    @workflow(name="flow")
    async def flow(run: Run[NoInput]) -> int:
        return await Program(run, world=world).block(parts, "s", 1)

    return flow


# -- the stand-in


class _Once:
    """What is run when it is awaited for the first time."""

    def __init__(self, id: str, run: Callable[[], Awaitable[Any]]) -> None:
        self._id, self._run = id, run
        self._end: asyncio.Future[Any] | None = None

    def __await__(self) -> Iterator[Any]:
        return self._get().__await__()

    async def _get(self) -> Any:
        if self._end is None:
            self._end = asyncio.get_running_loop().create_future()
            try:
                self._end.set_result(await self._run())
            except CallFailed as error:
                self._end.set_exception(CallFailed(self._id, "failed", error.error))
            except Exception as error:
                why = Failure(kind=type(error).__name__, message=str(error))
                self._end.set_exception(CallFailed(self._id, "failed", why))
        return await self._end


@dataclass
class InMemory:
    """A `run` of asyncio, without durability. `pauses` says how long a call takes."""

    seeds: Seeds
    pauses: Random
    done: list[str] = field(default_factory=list[str])
    """The steps that were executed."""
    name: str = ""
    input: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seeds.get(self.name, 0)).random

    def now(self) -> datetime:
        return datetime.now(UTC)

    def step(self, id: str, run: Callable[[], int]) -> _Once:
        async def call() -> int:
            for _ in range(self.pauses.randrange(4)):
                await asyncio.sleep(0)
            self.done.append(f"{self.name}/{id}" if self.name else id)
            return run()

        return _Once(id, call)

    def choose(self, id: str, choose: Callable[[], int]) -> _Once:
        async def call() -> int:
            return choose()

        return _Once(id, call)

    def node(self, node: Any) -> _Once:
        async def call() -> int:
            value = 0
            for step in node.children:
                value = step.work.run()
            return value

        return _Once(node.id, call)

    def flow(self, id: str, run: Callable[[Any], Awaitable[int]], *, input: int) -> _Once:
        name = f"{self.name}/{id}" if self.name else id
        inner = InMemory(self.seeds, self.pauses, self.done, name, input)
        return _Once(id, lambda: run(inner))

    async def gather(
        self, *given: Awaitable[Any], limit: int | None, return_exceptions: bool
    ) -> list[Any]:
        values: list[Any] = [None] * len(given)
        failures: dict[int, Exception] = {}
        left = list(enumerate(given))[::-1]

        async def work() -> None:
            while left and not failures:
                place, one = left.pop()
                try:
                    values[place] = await one
                except Exception as error:
                    if return_exceptions:
                        values[place] = error
                    else:
                        failures[place] = error

        await asyncio.gather(*(work() for _ in range(limit or len(given))))
        for _, one in left:
            if asyncio.iscoroutine(one):
                one.close()
        if failures:
            raise failures[min(failures)]
        return values


class Ending(NamedTuple):
    """What a program has come to: its value, or the class of the error."""

    value: int | None
    error: str | None


def run_in_memory(parts: Sequence[Part], seeds: Seeds, pauses: Random) -> tuple[Ending, InMemory]:
    run = InMemory(seeds, pauses)
    try:
        value = asyncio.run(Program(run).block(parts, "s", 1))
    except CallFailed as error:
        return Ending(None, None if error.error is None else error.error.kind), run
    except Exception as error:
        return Ending(None, type(error).__name__), run
    return Ending(value, None), run
