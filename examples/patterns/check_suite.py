"""Three checks run whatever fails, and one report says which passed."""

from __future__ import annotations

from smithers import Command, Context, Node, NoInput, Step, workflow
from smithers.patterns import CheckReport, CheckSuite


@workflow
def checks(ctx: Context[NoInput]) -> Node[CheckReport]:
    return CheckSuite(
        "checks",
        ctx,
        Command("lint", ["true"], check=False),
        Command("tests", ["ls", "no such file"], check=False),
        Step("links", lambda: "all links work"),
        on_failure="finish",
    )
