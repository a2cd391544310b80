"""A deployment is looked at until it is done, with a pause between."""

from __future__ import annotations

from smithers import Context, Node, NoInput, Step, workflow
from smithers.patterns import Poller


@workflow
def deployed(ctx: Context[NoInput]) -> Node[int]:
    # for real work: Command("smoke", ["./smoke"], check=False), done if its exit_code is 0
    percent: Step[int] = Step("percent", lambda: (ctx.previous(percent) or 0) + 50)
    return Poller(
        "deployed", ctx, percent, done=lambda found: found == 100, every_s=0.1, max_probes=60
    )
