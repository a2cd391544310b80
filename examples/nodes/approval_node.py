"""A person decides before something is deleted."""

from __future__ import annotations

from smithers import Approval, Command, Context, Node, NoInput, Sequence, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    files = Command("files", ["ls"], output=str)
    ok = Approval("ok", ask=lambda: f"Delete these?\n{ctx[files]}", allowed_by=["ann"])
    return Sequence(files, ok, Command("delete", ["rm", "old.txt"]))
