"""A draft that a person approves before it goes out. While they think, nothing runs."""

from __future__ import annotations

from smithers import Approval, Context, Node, NoInput, Sequence, Step, workflow


@workflow
def gate(ctx: Context[NoInput]) -> Node[str]:
    draft = Step("draft", lambda: "Dear all, the release is out.")
    ask = Approval("send", ask=lambda: f"Send this?\n{ctx[draft]}")
    send = Step("sent", lambda: f"sent, approved by {ctx[ask].by}")
    return Sequence(draft, ask, send, result=send)
