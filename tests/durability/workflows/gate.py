"""A draft, a person's approval of it, and what follows."""

from __future__ import annotations

from ledger import note

from smithers import Approval, Context, Node, NoInput, Sequence, Step, workflow


def draft() -> str:
    note("draft")
    return "the text"


def ship() -> str:
    note("ship")
    return "shipped"


@workflow
def gate(ctx: Context[NoInput]) -> Node:
    text = Step("draft", draft)
    ask = Approval("ok", ask=lambda: f"Ship this?\n{ctx[text]}", on_deny="fail")
    last = Step("ship", ship)
    return Sequence(text, ask, last, result=last)
