"""What is too long for a command line goes by file, or is refused before anything is paid."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harnesses import Antigravity, ClaudeCode, Codex, Gemini, Pi
from harnesses.process import find_obstacle
from smithers.agent import Ask, Started, obstacle_of
from tests.cli.command import smithers
from tests.durability.commands import until
from tests.harness.helpers import alive, events_of, outcome_of
from tests.harness.test_live import agent
from tests.harness.test_passing_starts import program
from tests.scripted_model import ScriptedModel, Text

pytestmark = pytest.mark.anyio

LONG = "Our rules.\n" + "x" * 200_000
WITH_FILE = """#!{python}
import json, os, sys
words = sys.argv[1:]
at = words.index("--append-system-prompt-file") + 1
file = words[at]
with open({report!r}, "w") as out:
    json.dump({{"words": [word[:100] for word in words], "file": file, "pid": os.getpid(),
               "text": open(file).read(), "mode": os.stat(file).st_mode,
               "folder": os.stat(os.path.dirname(file)).st_mode}}, out)
sys.stdin.readline()
if os.path.exists({report!r} + ".hold"):
    import time
    time.sleep(600)
session = words[words.index("--session-id" if "--session-id" in words else "--resume") + 1]
print(json.dumps({{"type": "system", "subtype": "init", "session_id": session, "model": "m"}}))
print(json.dumps({{"type": "result", "subtype": "success", "is_error": False, "result": "fine",
    "session_id": session, "terminal_reason": "completed", "usage": {{}}}}), flush=True)
sys.stdin.read()
"""


def stub(folder: Path) -> tuple[Path, Path]:
    """A stand-in for the program, and where it reports what it was given."""
    file, report = folder / "claude", folder / "report"
    file.write_text(WITH_FILE.format(python=sys.executable, report=str(report)))
    file.chmod(0o755)
    return file, report


@pytest.mark.parametrize("session", [None, "11111111-1111-4111-8111-111111111111"])
async def test_a_long_system_prompt_goes_by_a_private_file_that_is_removed(
    tmp_path: Path, session: str | None
) -> None:
    file, report = stub(tmp_path)
    agent = ClaudeCode(program=str(file), append_system_prompt=LONG)
    assert obstacle_of(agent, None) is None
    events = await events_of(agent, Ask(prompt="hello", cwd=tmp_path, session=session))
    assert getattr(events[-1], "text", "") == "fine"
    told: dict[str, Any] = json.loads(report.read_text())
    assert told["text"] == LONG
    assert stat.S_IMODE(told["mode"]) == 0o600
    assert stat.S_IMODE(told["folder"]) == 0o700
    assert not Path(told["file"]).parent.exists()


async def test_a_short_system_prompt_stays_an_argument(tmp_path: Path) -> None:
    file, report = stub(tmp_path)
    agent = ClaudeCode(program=str(file), append_system_prompt="Be brief.")
    _, error = await outcome_of(agent, Ask(prompt="hello", cwd=tmp_path))
    assert error is not None, "the stand-in looks for the flag of the file"
    assert not report.exists()


def test_a_person_in_a_session_has_the_same_long_system_prompt(tmp_path: Path) -> None:
    file, _ = stub(tmp_path)
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    agent = ClaudeCode(program=str(file), append_system_prompt=LONG, env=env)
    terminal = agent.terminal("s-1", tmp_path, {"SMITHERS_RUN": "r1"})
    kept = Path(terminal.argv[terminal.argv.index("--append-system-prompt-file") + 1])
    assert kept.read_text() == LONG
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


OWNER = """
import asyncio, sys
from pathlib import Path
from harnesses import ClaudeCode
from smithers.agent import Ask
async def main():
    agent = ClaudeCode(program=sys.argv[1], append_system_prompt="x" * 200_000)
    async for _ in agent.run(Ask(prompt="hello", cwd=Path.cwd())):
        pass
asyncio.run(main())
"""


def test_the_file_is_removed_although_its_owner_was_killed(tmp_path: Path) -> None:
    file, report = stub(tmp_path)
    Path(f"{report}.hold").touch()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(file)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    until(lambda: report.exists() and report.read_text().endswith("}"), "the report")
    told: dict[str, Any] = json.loads(report.read_text())
    kept = Path(told["file"])
    assert kept.exists()
    owner.send_signal(signal.SIGKILL)
    owner.wait(timeout=20)
    until(lambda: not kept.parent.exists(), "the end of the file")
    until(lambda: not alive(told["pid"]), "the end of the program")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of one word is that of Linux")
@pytest.mark.parametrize("size", [131_071, 131_072])
def test_the_limit_of_one_word_is_that_of_the_kernel(tmp_path: Path, size: int) -> None:
    command = program(Path("/bin/true"), tmp_path)
    object.__setattr__(command, "flags", ("x" * size,))
    number = 0
    try:
        subprocess.run(["/bin/true", "x" * size], check=True, timeout=20)
    except OSError as error:
        number = error.errno or 0
    assert number in (0, errno.E2BIG)
    assert (find_obstacle(command) is not None) == (number == errno.E2BIG)


def test_words_that_are_too_long_together_are_an_obstacle(tmp_path: Path) -> None:
    words = tuple("x" * 100_000 for _ in range(os.sysconf("SC_ARG_MAX") // 100_000 + 1))
    command = program(Path("/bin/true"), tmp_path)
    object.__setattr__(command, "flags", words)
    assert "its arguments and variables have" in str(find_obstacle(command))
    with pytest.raises(OSError, match="Argument list too long"):
        subprocess.run(["/bin/true", *words], check=True, timeout=20)


@pytest.mark.parametrize(
    "agent",
    [
        ClaudeCode(allowed_tools=["x" * 140_000]),
        ClaudeCode(arguments=["--betas", "x" * 140_000]),
        Codex(append_system_prompt=LONG),
        Codex(config={"x": LONG}),
        Pi(model="a/b", arguments=["--models", LONG]),
        Gemini(arguments=["--include-directories", LONG]),
        *(kind(env={"RULES": LONG}) for kind in (ClaudeCode, Codex, Pi, Gemini, Antigravity)),
    ],
    ids=lambda agent: agent.name,
)
def test_what_no_file_can_carry_is_an_obstacle(agent: Any) -> None:
    assert "bytes, and the system allows" in str(obstacle_of(agent, None))


@pytest.mark.parametrize(
    "agent",
    [
        ClaudeCode(mcp_config={"mcpServers": {"x": {"command": LONG}}}),
        ClaudeCode(arguments=["--settings", json.dumps({"x": LONG})]),
        ClaudeCode(arguments=["--system-prompt", LONG]),
        Pi(model="a/b", append_system_prompt=LONG),
        Gemini(append_system_prompt=LONG),
        Antigravity(system_instructions=LONG),
    ],
)
def test_what_a_file_carries_is_no_obstacle(agent: Any) -> None:
    assert obstacle_of(agent, None) is None


FLOW = """
from typing import Literal
from pydantic import create_model
from harnesses import ClaudeCode
from smithers import Context, Node, NoInput, Sequence, Task, workflow
wide = create_model("Wide", **{"field_%d_" % n + "x" * 60: (str, ...) for n in range(1500)})
paid = ClaudeCode(program="PROGRAM", append_system_prompt="x" * 200_000)
@workflow
def flow(ctx: Context[NoInput]) -> Node:
    first = Task("first", agent=paid, prompt="dear work")
    return Sequence(first, Task("second", agent=paid, prompt="hello", output=wide))
"""


def test_a_schema_that_is_too_long_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    file, report = stub(tmp_path)
    (tmp_path / "flow.py").write_text(FLOW.replace("PROGRAM", str(file)))
    done = smithers(tmp_path, "up", "flow.py", "--run-id", "r1")
    assert done.code == 2
    assert "flow.py:11:" in done.err
    assert "claude-code of task 'second' cannot be used: its argument --json-schema" in done.err
    assert not report.exists()
    assert not (tmp_path / ".smithers").exists()


@pytest.mark.live
async def test_smoke_the_real_program_takes_a_long_system_prompt_and_config_from_files(
    claude: str, tmp_path: Path
) -> None:
    """In a new session and in a resumed one; what it knows of the rules reaches the model."""
    config = {"mcpServers": {"x": {"command": "/bin/false", "env": {"LONG": "y" * 150_000}}}}
    rules = f"{LONG}\nTHE-LAST-RULE"
    with ScriptedModel([Text("Hi."), Text("Again.")]) as model:
        made = agent(model, claude, tmp_path, append_system_prompt=rules, mcp_config=config)
        events = await events_of(made, Ask(prompt="Go", cwd=tmp_path), 60)
        started = events[0]
        assert isinstance(started, Started)
        again = Ask(prompt="Go", cwd=tmp_path, session=started.session, followup="On")
        assert getattr((await events_of(made, again, 60))[-1], "text", "") == "Again."
        assert len(model.requests) == 2
        assert all("THE-LAST-RULE" in json.dumps(request.body) for request in model.requests)
