"""Five steps on LangGraph with SqliteSaver: `python langgraph_flow.py begin|again`."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TypedDict

from calls import call
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import StateGraph

NAMES = ["one", "two", "three", "four", "five"]
# NAMES.insert(1, "new")


class State(TypedDict):
    last: str


def node(name: str):
    return lambda state: {"last": call(name)}


graph = StateGraph(State)
for name in NAMES:
    graph.add_node(name, node(name))
graph.set_entry_point("one")
for before, after in pairwise(NAMES):
    graph.add_edge(before, after)
with SqliteSaver.from_conn_string("langgraph.db") as saver:
    flow = graph.compile(checkpointer=saver)
    given = {"last": ""} if sys.argv[1] == "begin" else None
    config = {"configurable": {"thread_id": "r1"}}
    print(flow.invoke(given, config, durability="sync")["last"])
