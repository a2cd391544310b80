"""An approval whose text an edit has changed no longer counts, also in a child run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.command import smithers

FLOW = """\
from smithers import *


@workflow
def inner(ctx):
    ship = Approval("ship", ask="Ship it?")
    return Sequence(ship, Approval("last", ask="Last?"), Step("done", lambda: 1))


@workflow
def outer(ctx):
    return Subflow("child", inner)
"""


def asks(folder: Path, run: str) -> list[str]:
    found = json.loads(smithers(folder, "asks", "--json").out)["asks"]
    return sorted(one["task"] for one in found if one["run_id"] == run)


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("flow", "run"), [("inner", "r1"), ("outer", "r1.child")])
def test_it_is_asked_again(tmp_path: Path, flow: str, run: str) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    assert smithers(tmp_path, "up", f"flow.py:{flow}", "--run-id", "r1").code == 3
    assert smithers(tmp_path, "approve", run, "ship", "--resume").code == 3
    assert asks(tmp_path, run) == ["last"]
    (tmp_path / "flow.py").write_text("# a comment\n" + FLOW)
    assert smithers(tmp_path, "resume", "r1").code == 3
    assert asks(tmp_path, run) == ["last"]
    (tmp_path / "flow.py").write_text(FLOW.replace("Ship it?", "Ship it to everybody?"))
    resumed = smithers(tmp_path, "resume", "r1")
    assert resumed.code == 3
    assert "approval 'ship': its text has changed, so it is asked again" in resumed.err
    assert asks(tmp_path, run) == ["last", "ship"]
    assert smithers(tmp_path, "resume", "r1").code == 3
    assert asks(tmp_path, run) == ["last", "ship"]
    for task in ("ship", "last"):
        smithers(tmp_path, "approve", run, task)
    assert smithers(tmp_path, "resume", "r1").code == 0


@pytest.mark.long
def test_an_agent_has_nothing_run_again_or_renamed(tmp_path: Path) -> None:
    flow = (
        "import subprocess, sys\n"
        "from smithers import *\n\n\n"
        "def tried(*options):\n"
        "    said = subprocess.run([sys.executable, '-m', 'smithers', 'resume', 'r0', *options],\n"
        "                          capture_output=True, text=True)\n"
        "    return f'{said.returncode} {said.stderr}'\n\n\n"
        "@workflow\n"
        "def flow(ctx):\n"
        "    one = Step('one', lambda: tried('--rerun-changed'))\n"
        "    two = Step('two', lambda: tried('--rename=one=three') + ctx[one])\n"
        "    return Sequence(one, two, result=two)\n"
    )
    (tmp_path / "flow.py").write_text(flow)
    (tmp_path / "other.py").write_text(FLOW)
    assert smithers(tmp_path, "up", "other.py:inner", "--run-id", "r0").code == 3
    done = smithers(tmp_path, "up", "flow.py", "--run-id", "r1", env=dict(os.environ))
    assert done.code == 0, done.err
    assert done.out.count("an agent may not") == 2, done.out
