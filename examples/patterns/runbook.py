"""A database moves: each procedure is verified, and all are undone if one fails."""

from __future__ import annotations

from smithers import Command, Context, Node, NoInput, Sequence, workflow
from smithers.patterns import Procedure, Runbook


def program(id: str, line: str = "true") -> Command:
    return Command(id, line, shell=True)


@workflow
def move(ctx: Context[NoInput]) -> Node[object]:
    book = Runbook(
        "move",
        Procedure(name="stop", do=program("stop"), undo=program("start the old one")),
        Procedure(
            name="copy",
            do=program("copy"),
            verify=program("compare", "exit 1"),  # it fails, so all is undone
            undo=program("delete the copy"),
        ),
        Procedure(name="start", do=program("start the new one")),
    )
    return Sequence(book, on_failure="continue")
