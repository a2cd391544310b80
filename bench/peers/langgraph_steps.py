"""Trivial steps on LangGraph with SqliteSaver: `python langgraph_steps.py SHAPE KIND N FOLDER`.

A sequence is one node that goes to itself until it ran N times, which costs LangGraph less than N
nodes in a row; a fan-out is N `Send`s to one node, 8 at a time as Smithers does by default. Each
checkpoint is kept before the next step starts (durability "sync"), as Smithers does. The saver's
settings of SQLite are its own: WAL, synchronous FULL. SqliteSaver has no async side, so the nodes
are plain functions for both KINDs. A graph of one step in another database goes before.
"""

from __future__ import annotations

import json
import operator
import sys
import time
from pathlib import Path
from typing import Annotated, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

AT_ONCE = 8


class State(TypedDict):
    done: Annotated[int, operator.add]


def step(state: State) -> State:
    return {"done": 1}


def run(shape: str, count: int, folder: Path) -> float:
    """The CPU seconds of building the graph and running it."""
    folder.mkdir()
    with SqliteSaver.from_conn_string(str(folder / "langgraph.db")) as saver:
        before = time.process_time()
        graph = StateGraph(State)
        graph.add_node("step", step)
        if shape == "sequence":
            graph.add_edge(START, "step")
            graph.add_conditional_edges("step", lambda now: "step" if now["done"] < count else END)
        else:
            graph.add_conditional_edges(START, lambda now: [Send("step", now)] * count, ["step"])
            graph.add_edge("step", END)
        config = {
            "configurable": {"thread_id": "bench"},
            "recursion_limit": count + 10,
            "max_concurrency": AT_ONCE,
        }
        built = graph.compile(checkpointer=saver)
        assert built.invoke({"done": 0}, config, durability="sync")["done"] == count
        return time.process_time() - before


def main(shape: str, count: int, folder: Path) -> None:
    run(shape, 1, folder / "warm")
    print(json.dumps({"cpu_s": run(shape, count, folder / "run")}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[3]), Path(sys.argv[4]))
