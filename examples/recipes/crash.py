"""Three steps; in the second one the machine dies, once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from smithers import Context, Node, NoInput, Sequence, Step, workflow

CRASHED = Path(__file__).with_name("crashed")


def build() -> str:
    if not CRASHED.exists():
        CRASHED.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "built"


@workflow
def release(ctx: Context[NoInput]) -> Node[str]:
    fetch = Step("fetch", lambda: "fetched")
    built = Step("build", build)
    done = Step("done", lambda: f"{ctx[fetch]} and {ctx[built]}")
    return Sequence(fetch, built, done, result=done)
