"""Wait until tomorrow 9:00, then for a webhook that says the deploy is done (at most 2 hours), then
run smoke checks every 10 minutes until green.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from smithers import Command, Context, Loop, Node, NoInput, Sequence, Timer, WaitForEvent, workflow


def tomorrow_at_nine(now: datetime) -> datetime:
    day = now.astimezone(ZoneInfo("Europe/Berlin")) + timedelta(days=1)
    return day.replace(hour=9, minute=0, second=0, microsecond=0)


@workflow
def after_deploy(ctx: Context[NoInput]) -> Node:
    morning = Timer("morning", until=tomorrow_at_nine)
    deployed = WaitForEvent("deployed", event="deployed", timeout_s=2 * 3600)
    smoke = Command("smoke", ["make", "smoke"], check=False)
    pause = Timer("pause", seconds=600, skip_if=lambda: ctx[smoke].exit_code == 0)
    green = Loop(smoke, pause, until=lambda: ctx[smoke].exit_code == 0, max_iterations=1000)
    return Sequence(morning, deployed, green)
