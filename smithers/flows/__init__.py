"""Imperative flows: an `async def` that awaits its tasks, with the durability of a tree."""

from __future__ import annotations

from smithers.flows._calls import (
    RUNNING,
    Call,
    CallFailed,
    Driver,
    Gathering,
    Request,
    check_running,
    close_unstarted,
)
from smithers.flows._flow import RETURNS_TREE, Flow, check_flow, flow_of
from smithers.flows._run import Run

__all__ = [
    "RETURNS_TREE",
    "RUNNING",
    "Call",
    "CallFailed",
    "Driver",
    "Flow",
    "Gathering",
    "Request",
    "Run",
    "check_flow",
    "check_running",
    "close_unstarted",
    "flow_of",
]
