"""A person chooses."""

from __future__ import annotations

from smithers import Context, HumanTask, Node, NoInput, Sequence, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    colour = HumanTask("colour", ask="Which colour?", choices=["blue", "grey"])
    done = Step("paint", lambda: f"painted {ctx[colour]}")
    return Sequence(colour, done, result=done)
