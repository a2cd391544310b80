"""What a question tells of its answers: what it lets run, what that cost before, and a denial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

from starlette.testclient import TestClient

from smithers import (
    Approval,
    Branch,
    Context,
    Loop,
    Node,
    NoInput,
    Parallel,
    Rework,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Used
from smithers.hub import Hub


class Paid:
    """An agent that costs a cent more each time."""

    name = "paid"
    can = Capabilities(reports_cost=True)

    def __init__(self) -> None:
        self.calls = 0

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.calls += 1
        yield Used(tokens_in=10, tokens_out=2, cost=Decimal(self.calls) / 100)
        yield Answered(ask.prompt)


class Unpaid(Paid):
    """One that tells no cost."""

    name = "unpaid"

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Answered(ask.prompt)


_PAID, _UNPAID = Paid(), Unpaid()


@workflow
def ships(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Parallel(
            Sequence(Approval("ship", ask="Ship?"), Task("announce", agent=_PAID, prompt="hi")),
            Task("beside", agent=_PAID, prompt="hi"),
        ),
        Step("publish", lambda: "x", output=str),
        Approval("really", ask="Really?", on_deny="continue"),
        Branch(
            lambda: True,
            Task("quiet", agent=_UNPAID, prompt="hi"),
            Task("other", agent=_PAID, prompt="hi"),
        ),
    )


@workflow
def drafts(ctx: Context[NoInput]) -> Node:
    draft = Step("draft", lambda: "x", output=str)
    again = Approval("again", ask="Good?", on_deny=Rework(draft, max_rounds=2))
    return Loop(
        draft, again, Step("after", lambda: "x", output=str), until=lambda: True, max_iterations=2
    )


def _ask(client: TestClient, run_id: str) -> dict[str, Any]:
    (found,) = client.get("/api/v1/asks", params={"run": run_id}).json()["asks"]
    return dict[str, Any](found)


def _approve(hub: Hub, run_id: str, task: str) -> None:
    hub.decide(run_id, task, approved=True, by="ann")
    asyncio.run(hub.resume(run_id, workflow=ships))


def test_an_answer_says_what_it_lets_run_and_what_that_cost(hub: Hub, client: TestClient) -> None:
    found: dict[str, Any] = {}
    tasks: dict[str, Any] = {}
    for number in range(4):
        asyncio.run(hub.run(ships, run_id=f"r{number}"))
        found = _ask(client, f"r{number}")
        tasks = {one["id"]: one for one in found["next"]["tasks"]}
        assert list(tasks) == ["announce", "publish", "really", "quiet", "other"]
        certain = [one["id"] for one in found["next"]["tasks"] if one["certain"]]
        assert certain == ["announce", "publish", "really"]
        assert tasks["publish"]["cost"]["high"] == "0"
        assert (tasks["quiet"]["cost"], tasks["other"]["cost"]) == (None, None)
        if number < 3:  # two runs tell nothing
            assert (tasks["announce"]["cost"], found["next"]["cost"]) == (None, None)
            _approve(hub, f"r{number}", "ship")
            assert _ask(client, f"r{number}")["if_denied"] == "continues"
            _approve(hub, f"r{number}", "really")
    assert found["if_denied"] == "fails"
    # The tasks beside it have cost the first cent, the third and the fifth.
    cost = {"low": "0.024", "middle": "0.04", "high": "0.056", "runs": 3}
    assert (tasks["announce"]["cost"], found["next"]["cost"]) == (cost, cost)
    assert (found["next"]["number"], found["next"]["untold"]) == (5, 2)


def test_what_is_done_again_is_named_while_a_round_is_left(hub: Hub, client: TestClient) -> None:
    asyncio.run(hub.run(drafts, run_id="r1"))
    found = _ask(client, "r1")
    assert (found["if_denied"], found["sends_back"]) == ("sent back", ["draft"])
    assert [one["id"] for one in found["next"]["tasks"]] == ["after"]
    hub.decide("r1", "again", approved=False, by="ann", note="no")
    asyncio.run(hub.resume("r1", workflow=drafts))
    assert (_ask(client, "r1")["if_denied"], _ask(client, "r1")["sends_back"]) == ("fails", [])
