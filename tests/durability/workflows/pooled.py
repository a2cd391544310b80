"""Steps that share a pool of this machine, and note when they begin and end."""

from __future__ import annotations

import os
import time

from ledger import hold, note

from smithers import Context, Node, NoInput, Parallel, Step, workflow


@workflow
def steps(ctx: Context[NoInput]) -> Node:
    """Three of them, each until no file `hold-RUN` says to wait."""

    def work() -> int:
        note(f"begin {ctx.run_id}")
        while hold(f"hold-{ctx.run_id}"):
            time.sleep(0.02)
        note(f"end {ctx.run_id}")
        return os.getpid()

    return Parallel(*(Step(f"s{n}", work, pool="gpu") for n in range(3)))
