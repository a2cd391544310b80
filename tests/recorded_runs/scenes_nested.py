"""Recorded runs of every kind of container in every other: finished, failed, waiting, midway."""

from __future__ import annotations

from collections.abc import Callable

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    workflow,
)
from tests.recorded_runs.driving import Driver, Flow, scene
from tests.recorded_runs.scenes_trees import boom, step

__all__: list[str] = []

KINDS = ("sequence", "parallel", "branch", "loop", "each")


def container(kind: str, id: str, make: Callable[[str], Node], rounds: int = 2) -> Node:
    """A container of a kind around what `make` gives for a prefix of its ids."""
    if kind == "sequence":
        return Sequence(make(id))
    if kind == "parallel":
        return Parallel(step(f"{id}.beside"), make(id))
    if kind == "branch":
        return Branch(lambda: True, make(id), step(f"{id}.other"), id=f"{id}.branch")
    if kind == "loop":
        count: list[int] = []

        def enough() -> bool:
            count.append(1)
            return len(count) % rounds == 0

        return Loop(make(id), until=enough, max_iterations=3, id=f"{id}.loop")
    return ForEach(
        ["a", "b"][:rounds],
        key=str,
        each=lambda item: make(f"{id}.{item}"),
        id=f"{id}.each",
        limit=1,
    )


def nested(leaf: Callable[[str], Node], outer: str) -> Node:
    """Every kind of container right inside one of a kind."""

    def around(inner: str) -> Node:
        rounds = 1 + (inner == outer)

        def inside(id: str) -> Node:
            return container(inner, f"{id}.in", leaf, rounds)

        return container(outer, f"{outer}-{inner}", inside)

    return Parallel(*map(around, KINDS))


@scene
async def nested_finished(driver: Driver) -> None:
    driver.is_long = True

    def inside(kind: str) -> Flow:
        @workflow
        def nest(ctx: Context[NoInput]) -> Node:
            return nested(lambda id: step(f"{id}.leaf"), kind)

        return nest

    for kind in KINDS:
        await driver.start(inside(kind), f"in-{kind}")


@scene
async def nested_waiting(driver: Driver) -> None:
    driver.is_long = True

    @workflow
    def nest(ctx: Context[NoInput]) -> Node:
        return nested(lambda id: Approval(f"{id}.ask", ask=f"May {id} go?"), "loop")

    await driver.start(nest, "in-loop")


@scene
async def nested_failed(driver: Driver) -> None:
    driver.is_long = True

    @workflow
    def nest(ctx: Context[NoInput]) -> Node:
        def leaf(id: str) -> Node:
            return step(f"{id}.leaf", fails="loop" in id)

        return nested(leaf, "each")

    await driver.start(nest, "in-each")


@scene
async def nested_crashed(driver: Driver) -> None:
    driver.is_long = True

    @workflow
    def nest(ctx: Context[NoInput]) -> Node:
        return nested(lambda id: step(f"{id}.leaf"), "branch")

    await driver.start(nest, "in-branch", dies_after=3, max_concurrency=2)


@scene
async def left_midway(driver: Driver) -> None:
    """One tree, left after one frame more each time; the last failed, and was tried again."""
    driver.is_long = True
    tries: list[str] = []

    def mends() -> str:
        tries.append("")
        return boom() if len(tries) == 1 else "mended"

    @workflow
    def midway(ctx: Context[NoInput]) -> Node:
        body = step("body")
        loop = Loop(
            body,
            step("check"),
            until=lambda: False,
            max_iterations=2,
            on_exhausted="finish",
            id="loop",
        )
        each = ForEach(
            ["a", "b"],
            key=str,
            each=lambda name: Sequence(step(name, fails=name == "a"), step(f"after {name}")),
            on_failure="continue",
            id="each",
        )
        branch = Branch(lambda: ctx[body] != "", step("then"), step("otherwise"), id="branch")
        return Sequence(Parallel(loop, each, branch), Step("mends", mends), step("last"))

    for frames in (1, 2, 3):
        await driver.start(midway, f"frames-{frames}", dies_after=frames, max_concurrency=3)
    await driver.start(midway, "mended")
    await driver.resume("mended", dies_after=1)
