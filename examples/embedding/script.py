"""A plain script that starts a run, shows what happens, and asks in the terminal for a decision.

    python examples/embedding/script.py whales --db notes.db

Kill it at any moment and start it again with the same topic: it continues where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
from pathlib import Path

from pydantic import BaseModel

from smithers import Approval, Context, Node, Sequence, Step, workflow
from smithers.hub import Hub, RunResult
from smithers.wire import event_json


class Brief(BaseModel):
    topic: str


@workflow(input=Brief)
def note(ctx: Context[Brief]) -> Node[str]:
    draft = Step("draft", lambda: f"A note about {ctx.input.topic}.")
    ask = Approval("publish", ask=lambda: f"Publish this?\n{ctx[draft]}", on_deny="fail")
    publish = Step("published", lambda: f"{ctx[draft]} Approved by {ctx[ask].by}.")
    return Sequence(draft, ask, publish, result=publish)


async def show_events(hub: Hub, run_id: str) -> None:
    """Print what happens in a run, until it has ended."""
    async for frame in hub.stream(run_id, until_ended=True):
        for change in event_json(frame)["changes"]:
            print(f"{frame.number}: {change['words']}", flush=True)


def decide(hub: Hub, result: RunResult[str]) -> None:
    """Ask the person at the terminal what the run asks."""
    for question in result.questions:
        answer = input(f"{question.asked}\n[y/n] ")
        hub.decide(
            result.run_id,
            str(question.key),
            approved=answer.strip().lower() == "y",
            by=getpass.getuser(),
            digest=question.digest,
        )


async def main(topic: str, database: Path) -> None:
    async with Hub(database) as hub, asyncio.TaskGroup() as group:
        handle = await hub.begin(note, Brief(topic=topic), request_id=f"note about {topic}")
        group.create_task(show_events(hub, handle.run_id))
        result = await handle.wait()
        while result.questions:
            await asyncio.to_thread(decide, hub, result)
            result = await hub.resume(result.run_id, workflow=note)
    print(result.output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a note that a person approves.")
    parser.add_argument("topic")
    parser.add_argument("--db", type=Path, default=Path("notes.db"))
    given = parser.parse_args()
    asyncio.run(main(given.topic, given.db))
