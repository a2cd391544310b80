"""What a part of a sequence costs: the same, however many came before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from smithers import Context, Node, Sequence, Step, workflow
from smithers.hub import Hub
from tests.calls import calls_of
from tests.rules.test_growing_sequences import Size, counted, number


@pytest.mark.long
def test_it_has_over_a_thousand_parts_side_by_side(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "r.db")
    ended = asyncio.run(hub.run(counted, Size(size=1100), run_id="r1", linger_s=0))
    assert ended.status == "finished"
    assert [one.state for one in hub.states("r1")] == ["finished"] * 1100
    root = hub.graph("r1").root
    assert root is not None
    assert len(root.children[0].children) == 1101
    assert max(len(part.key.id) for part in root.children[0].children) < 50


def test_a_part_costs_the_same_however_many_came_before(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "r.db")

    def cost(size: int) -> int:
        return calls_of(
            lambda: asyncio.run(hub.run(counted, Size(size=size), run_id=f"r{size}", linger_s=0))
        )

    cost(1)
    few, more, most = map(cost, (50, 100, 200))
    assert (most - more) / 100 <= 1.1 * (more - few) / 50


@pytest.mark.long
def test_a_resume_costs_the_same_for_each_part(tmp_path: Path) -> None:
    hub, fails = Hub(tmp_path / "r.db"), True

    def end() -> None:
        assert not fails

    @workflow(name="counted", input=Size)
    def flow(ctx: Context[Size]) -> Node[None]:
        def count(at: int) -> Node[Any]:
            one = number(at)

            def rest() -> Node[Any]:
                return count(ctx[one] + 1) if at + 1 < ctx.input.size else Step("end", end)

            return Sequence(one, then=rest)

        return count(0)

    def cost(size: int) -> int:
        return calls_of(lambda: asyncio.run(hub.resume(f"r{size}", workflow=flow)))

    sizes = (1, 100, 200, 400)
    for size in sizes:
        asyncio.run(hub.run(flow, Size(size=size), run_id=f"r{size}", linger_s=0))
    fails = False
    _, few, more, most = map(cost, sizes)
    assert hub.status("r400") == "finished"
    assert (most - more) / 200 <= 1.1 * (more - few) / 100
