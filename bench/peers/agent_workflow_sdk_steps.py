"""Trivial steps on agent-workflow-sdk with its SqliteCheckpointer:
`python agent_workflow_sdk_steps.py SHAPE KIND N FOLDER`.

A sequence is one node that goes to itself until it ran N times; a fan-out is N nodes behind one
router, 8 at a time as Smithers does by default. Nodes are coroutines for both KINDs: it takes
nothing else. The settings of SQLite are its own: WAL, synchronous FULL. It keeps one checkpoint a
super-step, so a whole fan-out is one commit, and a crash in the middle loses all of it. A graph of
one step in another database goes before.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Annotated

from agentflow import END, START, Graph, SqliteCheckpointer, State, add

AT_ONCE = 8


class Done(State):
    done: Annotated[int, add]


async def step(state, ctx):
    return {"done": 1}


async def nothing(state, ctx):
    return {}


def sequence(count: int) -> Graph:
    graph = Graph(Done)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    graph.add_conditional_edges(
        "step", lambda now: "again" if now["done"] < count else "end", {"again": "step", "end": END}
    )
    return graph


def fan_out(count: int) -> Graph:
    graph = Graph(Done)
    names = [f"step {number}" for number in range(count)]
    graph.add_node("all", nothing)
    graph.add_edge(START, "all")
    for name in names:
        graph.add_node(name, step)
        graph.add_edge(name, END)
    graph.add_conditional_edges("all", lambda now: names, {name: name for name in names})
    return graph


async def run(shape: str, count: int, folder: Path) -> float:
    """The CPU seconds of building the graph and running it."""
    saver = SqliteCheckpointer(folder / "checkpoints.db")
    before = time.process_time()
    graph = sequence(count) if shape == "sequence" else fan_out(count)
    built = graph.compile(checkpointer=saver, step_limit=count + 10, max_node_concurrency=AT_ONCE)
    assert (await built.invoke({"done": 0}))["done"] == count
    return time.process_time() - before


async def main(shape: str, count: int, folder: Path) -> None:
    await run(shape, 1, folder / "warm")
    print(json.dumps({"cpu_s": await run(shape, count, folder / "run")}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[3]), Path(sys.argv[4])))
