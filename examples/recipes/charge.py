"""Money is taken once: after a crash in between, a person says whether it may be tried again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from smithers import Attempt, Context, Node, NoInput, Sequence, Step, workflow

LEDGER = Path(__file__).with_name("ledger.txt")


def charge(attempt: Attempt) -> str:
    """Give a real service `attempt.key` as its idempotency key: it is the same in each attempt."""
    if not LEDGER.exists():
        LEDGER.write_text(f"30 EUR, {attempt.key}\n")
        os.kill(os.getpid(), signal.SIGKILL)  # it was charged, and nobody has heard of it
    return LEDGER.read_text().strip()


@workflow
def order(ctx: Context[NoInput]) -> Node[str]:
    charged = Step("charge", charge, effect=True)
    shipped = Step("ship", lambda: f"shipped: {ctx[charged]}")
    return Sequence(charged, shipped, result=shipped)
