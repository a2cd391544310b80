"""Killed right after any frame, a workflow of any kind ends as if nobody had, edited or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from unittest.mock import Mock

import pytest

from smithers import Call, Context, Flow, Loop, Node, NoInput, Run, workflow
from smithers.flows import RUNNING, Gathering
from smithers.kinds import ITERATION, KindName, child_workflow, kind_of
from tests.trust.amounts import chance, in_parallel
from tests.trust.children import Nursery
from tests.trust.examples import EXAMPLES, KINDS
from tests.trust.frames import Killing
from tests.trust.workers import EDITS, UNEDITED, Edit


def kinds_in(node: Node[Any]) -> Iterator[str]:
    yield kind_of(node).name
    if (inner := child_workflow(node)) is not None:
        yield from kinds_in(inner.function(Context(inner.input(), "r1")))
    if isinstance(node, Flow):
        yield from kinds_of_calls(node)
    if isinstance(node, Loop):
        yield ITERATION.name
    for child in getattr(node, "children", ()):
        yield from kinds_in(child)


def kinds_of_calls(node: Flow[Any]) -> Iterator[str]:
    """What a flow awaits first."""
    driver = Mock(prefix="", is_open=True)
    coroutine = node.run(Run(node.given, Context(NoInput(), "r1"), driver))
    token = RUNNING.set(driver)
    awaited = coroutine.send(None)
    RUNNING.reset(token)
    driver.is_open = False
    coroutine.close()
    if isinstance(awaited, Gathering):
        awaited.close()
    for made in driver.add.mock_calls:
        call: Call[Any] = made.args[0]
        if not isinstance(call.node, Mock):
            yield kind_of(call.node).name


def test_each_kind_has_an_example() -> None:
    found: set[str] = set()

    @workflow
    def every(ctx: Context[NoInput]) -> Node:
        nodes = [example.make(ctx) for example in KINDS.values()]
        found.update(kind for node in nodes for kind in kinds_in(node))
        return nodes[0]

    every.function(Context(NoInput(), "r1"))
    assert found == set(get_args(KindName))


@pytest.mark.sampled(7)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_kill_after_a_frame_repeats_nothing(nursery: Nursery, tmp_path: Path, name: str) -> None:
    killing, random = Killing(nursery, tmp_path, name), chance("frames", name)
    edit: Edit = random.choice((UNEDITED, random.choice(EDITS)))
    frames = random.sample(range(killing.frames), killing.frames)
    assert any(killing.kill(frame, edit) for frame in frames)  # the last may not be reached


@pytest.mark.trust
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_kill_after_each_frame_repeats_nothing(
    nursery: Nursery, tmp_path: Path, name: str
) -> None:
    killing, random = Killing(nursery, tmp_path, name), chance("every frame", name)
    stories: list[tuple[int, Edit]] = [
        (frame, edit)
        for frame in range(killing.frames)
        for edit in (UNEDITED, random.choice(EDITS))
    ]
    kills = sum(in_parallel(lambda story: killing.kill(*story), stories))
    print(f"{name}: {kills} kills after {killing.frames} frames")  # noqa: T201
    assert kills >= killing.frames
