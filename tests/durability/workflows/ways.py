"""A run below which everything is tried that changes it: from an agent, and from a step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from ledger import hold
from woken import Shell

from smithers import Approval, Context, Node, NoInput, Parallel, Sequence, Step, Task, workflow

HERE = Path(os.environ.get("LEDGER", "ledger")).parent
DATABASE = HERE / ".smithers" / "smithers.db"
CLEARED = f"env -i PATH={os.environ['PATH']} HOME={HERE}"


def probing(way: str, before: str = "") -> str:
    """A shell command that tries everything, or a few verbs, and leaves a file."""
    probe = os.environ["PROBE"]
    few = "" if way in os.environ["WHOLE"].split() else "--few"
    words = f"{sys.executable} {probe} {DATABASE} {HERE / way}.json --services {few}"
    return f"{before} {words}".strip()


def forked_twice(way: str) -> str:
    """The same in a process without parents, session and variables; then wait for its file."""
    waits = f"while [ ! -e {HERE / way}.json ]; do sleep 0.05; done"
    return f"(setsid {probing(way, CLEARED)} </dev/null >/dev/null 2>&1 &); {waits}"


def in_a_step() -> str:
    from tests.durability.probe import methods

    found = methods(DATABASE)
    (HERE / "inside.json").write_text(json.dumps(found))
    for command in (probing("step"), forked_twice("step-double")):
        subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True)
    return ""


def wait() -> str:
    while hold("hold-ways"):
        time.sleep(0.02)
    return ""


@workflow
def ways(ctx: Context[NoInput]) -> Node:
    script = "\n".join(
        (
            f"{probing('plain')} >/dev/null 2>&1",
            f"{probing('cleared', CLEARED)} >/dev/null 2>&1",
            f"{probing('owner', f'{CLEARED} SMITHERS_OWNER=r1')} >/dev/null 2>&1",
            f"setsid --wait {probing('setsid')} >/dev/null 2>&1",
            forked_twice("double"),
        )
    )
    if "UNSHARE" in os.environ:  # in a pid namespace, from which nothing above it can be seen
        inside = probing("namespace", f"{os.environ['UNSHARE']} {CLEARED}")
        script += f"\n{inside} >/dev/null 2>&1"
    work = Task("work", agent=Shell(), prompt=script)
    gate = Approval("gate", ask="?")
    return Parallel(work, Step("step", in_a_step), Step("wait", wait), gate)


@workflow
def other(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("only", lambda: "done"))


@workflow
def failing(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("fail", lambda: 1 // 0, output=int))
