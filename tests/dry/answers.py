"""Answers for the examples whose agents must give what no type says."""

from __future__ import annotations

from harnesses import Scripted

debate = Scripted({"points": {"points": {"ann": 4, "bob": 7, "cid": 1}}})
panel = Scripted(
    {name: {"choice": "ship", "reason": "fine"} for name in ("careful", "quick", "chatty")}
)
release = Scripted(
    {name: {"choice": "release", "reason": "fine"} for name in ("user", "maintainer", "tester")}
)
