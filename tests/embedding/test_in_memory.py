"""A workflow that no file has is resumed by its program alone, and everything says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from smithers.engine.given import load_given
from smithers.engine.supervising import Happened
from smithers.errors import Refused
from smithers.hub import Hub
from tests.cli.command import smithers
from tests.embedding.flows import Brief, importable, made, made_around

pytestmark = pytest.mark.anyio
WHALES = Brief(topic="whales")
SAID = "resume it in that program with Hub.resume('r1', workflow=...)"

TYPED = """
import asyncio, sys
from pathlib import Path
from smithers import Approval, Context, NoInput, Node, workflow
from smithers.hub import Hub

@workflow
def typed(ctx: Context[NoInput]) -> Node[object]:
    return Approval("ask", ask="Go?")

async def main():
    hub = Hub(Path("app.db"))
    print((await hub.run(typed, run_id="r1")).status)

asyncio.run(main())
"""


def test_a_global_of_a_file_is_importable_and_another_object_is_not() -> None:
    assert not load_given(importable).in_memory
    assert load_given(importable).file.name == "flows.py"
    assert load_given(made()).in_memory
    shadow = made("gate")  # of the name of the global, but another object
    assert load_given(shadow).in_memory


async def test_a_run_made_in_memory_is_resumed_with_its_object(hub: Hub) -> None:
    await hub.run(made(), WHALES, run_id="r1")
    hub.decide("r1", "send", approved=True, by="ann")
    assert (await hub.resume("r1", workflow=made())).output.text.endswith("sent by ann")
    with pytest.raises(Refused, match="run r1 is of workflow made, not other"):
        await hub.resume("r1", workflow=made("other"))


@pytest.mark.long
async def test_no_command_executes_a_file_for_it_and_each_says_what_does(
    hub: Hub, tmp_path: Path
) -> None:
    await hub.run(made(), WHALES, run_id="r1")
    await hub.run(importable, WHALES, run_id="r2")
    hub.decide("r1", "send", approved=True, by="ann")
    database = ("--db", str(hub.database))
    listed = smithers(tmp_path, "ps", *database).out.splitlines()
    assert ["made in memory" in line for line in listed] == [False, True, False]
    runs = json.loads(smithers(tmp_path, "ps", "--json", *database).out)["runs"]
    assert [run.get("made_in_memory") for run in runs] == [True, None]
    why = smithers(tmp_path, "why", "r1", *database).out
    assert "the workflow made was made in the memory of a program" in why
    assert SAID in why
    assert "smithers resume r1" not in why
    resumed = smithers(tmp_path, "resume", "r1", *database)
    assert (resumed.code, SAID in resumed.err) == (2, True)
    told: list[Happened] = []
    await hub.supervise(told.append, once=True)
    assert [one.text for one in told if one.run_id == "r1"] == [
        f"r1: its workflow was made in the memory of a program; {SAID}"
    ]
    assert not any(one.what == "started" for one in told)


async def test_its_child_runs_and_forks_are_made_in_memory_as_well(hub: Hub) -> None:
    around = made_around()
    await hub.run(around, WHALES, run_id="r1")
    assert all(run.is_made_in_memory for run in hub.runs())
    assert len(hub.runs()) == 2
    hub.fork("r1", frame=0, by="ann", new_id="r2")
    assert {run.run_id: run.is_made_in_memory for run in hub.runs()}["r2"]
    hub.decide("r1.child", "send", approved=True, by="ann")
    assert (await hub.resume("r1", workflow=around)).output.text.endswith("sent by ann")


async def test_a_cancel_needs_no_program(hub: Hub) -> None:
    await hub.run(made(), WHALES, run_id="r1")
    assert hub.cancel("r1", by="ann") == "cancelled"


def test_a_workflow_that_was_typed_is_made_in_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TYPED], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.returncode) == ("waiting\n", 0), done.stderr
    (run,) = Hub(tmp_path / "app.db").runs()
    assert run.is_made_in_memory


@pytest.mark.long
def test_a_module_of_a_package_is_resumed_from_its_file(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "words.py").write_text("WORD = 'Go?'\n")
    flow = TYPED.partition("async def main")[0].replace('"Go?"', "WORD")
    (package / "flows.py").write_text("from .words import WORD\n" + flow)
    main = TYPED.partition("async def main")
    program = "from shop.flows import *\n" + "async def main" + main[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.returncode) == ("waiting\n", 0), done.stderr
    hub = Hub(tmp_path / "app.db")
    assert not hub.runs()[0].is_made_in_memory
    resumed = smithers(tmp_path, "approve", "r1", "ask", "--resume", "--db", "app.db")
    assert (resumed.code, hub.status("r1")) == (0, "finished"), resumed.err


MODELS = """
import asyncio, sys
from pathlib import Path
from pydantic import BaseModel
from smithers import Approval, Context, NoInput, Node, Sequence, Step, workflow
from smithers.hub import Hub

class Found(BaseModel):
    text: str

def make():
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        found = Step("found", lambda: Found(text="a bug"))
        read = Step("read", lambda: ctx[found].text)
        return Sequence(found, Approval("ask", ask="Go?"), read, result=read)
    return flow

flow = make()

async def main():
    hub = Hub(Path("app.db"))
    print((await hub.run(make() if "made" in sys.argv else flow, run_id="r1")).status)

async def resume():
    hub = Hub(Path("app.db"))
    print((await hub.resume("r1", workflow=make() if "made" in sys.argv else flow)).output)

if __name__ == "__main__":
    asyncio.run(resume() if "resume" in sys.argv else main())
"""


def program(folder: Path, *argv: str) -> str:
    """What a program or command prints."""
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.stdout.strip() or done.stderr


@pytest.mark.sampled(1)
@pytest.mark.parametrize("how", ["file", "made", "typed"])
def test_a_model_of_the_program_itself_is_read_back_after_a_resume(
    how: str, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(MODELS)
    start = [sys.executable, *(["-c", MODELS, "made"] if how == "typed" else ["app.py", how])]
    assert program(tmp_path, *start) == "waiting"
    Hub(tmp_path / "app.db").decide("r1", "ask", approved=True, by="ann")
    resume = [sys.executable, "-m", "smithers", "resume", "r1", "--db", "app.db"]
    out = program(tmp_path, *([*start, "resume"] if how != "file" else resume))
    assert out.splitlines()[0] == "a bug", out


def test_a_model_of_a_file_is_read_by_a_program_that_imports_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(MODELS)
    up = [sys.executable, "-m", "smithers", "up", "app.py", "--run-id", "r1", "--db", "app.db"]
    program(tmp_path, *up)
    Hub(tmp_path / "app.db").decide("r1", "ask", approved=True, by="ann")
    code = "import asyncio, app; asyncio.run(app.resume())"
    assert program(tmp_path, sys.executable, "-c", code) == "a bug"
