"""Names of other tools that authors write by habit, and how the same is written here."""

from __future__ import annotations

from typing import Final

__all__ = ["OTHER_TOOLS", "other_name_hint", "other_tool_hint"]

_WORKFLOW = "put @workflow on one function, which takes a Context and returns a tree of nodes"
_STEP = "write Step(id, function) for Python code, and Task(id, agent=..., prompt=...) for an agent"
_ORDER = "return Sequence(first, second) from a function with @workflow: the order is in the tree"
_AGENT = "write Task(id, agent=..., prompt=...); from harnesses import an agent such as ClaudeCode"
_ITEMS = "write ForEach(items, key=..., each=...), whose each makes a node of an item"
_START = "type `smithers up FILE` to run it; nothing in the file starts it"
_NAMES: Final = {
    **dict.fromkeys(("flow", "dag", "DAG", "pipeline", "job", "FlowSpec", "defn"), _WORKFLOW),
    **dict.fromkeys(
        ("task", "step", "activity", "op", "tool", "createStep", "execute_activity"), _STEP
    ),
    **dict.fromkeys(("StateGraph", "MessageGraph", "Graph", "START", "END", "add_node"), _ORDER),
    **dict.fromkeys(("add_edge", "add_conditional_edges", "chain", "Chain", "Pipeline"), _ORDER),
    **dict.fromkeys(("createWorkflow", "Workflow", "create_function", "asset"), _WORKFLOW),
    **dict.fromkeys(("submit", "delay", "apply_async", "then", "add_task"), _ORDER),
    **dict.fromkeys(("map", "starmap", "expand"), _ITEMS),
    **dict.fromkeys(("run", "kickoff", "invoke", "ainvoke", "compile", "serve", "deploy"), _START),
    **dict.fromkeys(("Agent", "Crew", "AssistantAgent", "UserProxyAgent", "GroupChat"), _AGENT),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OTHER_TOOLS: Final = _words(
    "prefect langgraph langchain langchain_core crewai autogen autogen_agentchat temporalio airflow"
    " dagster luigi celery inngest mastra llama_index metaflow kfp restate dbos"
)
"""Packages that arrange work, too."""


def other_name_hint(name: str) -> str:
    """How what other tools call so is written here, or nothing."""
    return _NAMES.get(name, "")


def other_tool_hint(module: str) -> str:
    """What to write instead of importing another tool, or nothing."""
    root = module.partition(".")[0]
    if root not in OTHER_TOOLS:
        return ""
    names = "from smithers import workflow, Sequence, Step, Task"
    return f"a workflow needs no {root}: {names}; {_WORKFLOW}"
