"""An agent whose sessions are files, and whose program has a terminal: `attach_tui.py`.

Asked anew it keeps a program of its own running and never answers; in a session that it knows it
answers with all that was said there.
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from smithers import Context, Node, NoInput, Parallel, Sequence, Step, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Spawned, Started, Terminal
from smithers.errors import NotInstalled

TUI = Path(__file__).with_name("attach_tui.py")
SESSIONS = Path("sessions")


WORKER = """
import fcntl, sys, time
session = open(sys.argv[1])
try:
    fcntl.flock(session, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    open(sys.argv[1] + ".two", "w").close()
open(sys.argv[1] + ".worker", "w").write("ready")
time.sleep(600)
"""
"""The agent's program. Whoever else is in its session is told of by a file `.two`."""


def _said(session: str, line: str) -> Path:
    """Add a line to a session in which nobody else is; its file."""
    SESSIONS.mkdir(exist_ok=True)
    file = SESSIONS / session
    with file.open("a") as said:
        try:
            fcntl.flock(said, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.with_name(f"{session}.two").touch()
        said.write(f"{line}\n")
    return file


class Desk:
    name = "desk"

    def __init__(self, *, attaches: bool = True, program: str = sys.executable) -> None:
        self.can = Capabilities(resumes=True, attaches=attaches)
        self._program = program

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        session = ask.session or str(uuid.uuid4())
        file = _said(session, f"asked: {ask.told.splitlines()[0]}")
        yield Started(session)
        if ask.session is None and "quickly" not in ask.prompt:
            async for event in self._works(ask, file):
                yield event
        yield Answered(file.read_text())

    async def _works(self, ask: Ask, file: Path) -> AsyncIterator[Event]:
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WORKER, str(file)), env=dict(ask.marks)
        )
        (SESSIONS / "worker.pid").write_text(str(program.pid))
        try:
            yield Spawned(program.pid)
            await program.wait()
        finally:
            program.kill()
            await program.wait()

    def terminal(self, session: str, cwd: Path, marks: Mapping[str, str]) -> Terminal:
        if not Path(self._program).exists():
            raise NotInstalled("Desk", "apt install desk")
        argv = (self._program, str(TUI), str(SESSIONS.absolute() / session))
        return Terminal(argv=argv, env={"PATH": "/usr/bin:/bin", **marks}, cwd=cwd)


desk = Desk()


@workflow
def three(ctx: Context[NoInput]) -> Node[str]:
    """What a person attaches to stands in the middle."""
    read = Task("read", agent=desk, prompt="Read it quickly")
    fix = Task("fix", agent=desk, prompt=lambda: f"Fix it, {len(ctx[read])}")
    total: Task[str] = Task("total", agent=desk, prompt=lambda: f"Sum up quickly\n{ctx[fix]}")
    return Sequence(read, fix, total, result=fix)


@workflow
def beside(ctx: Context[NoInput]) -> Node[str]:
    """Something else goes on beside it, as long as there is no file `open`."""

    async def waits() -> None:
        while not Path("open").exists():  # noqa: ASYNC110, ASYNC240  # another process makes it
            await asyncio.sleep(0.02)

    fix = Task("fix", agent=desk, prompt="Fix it")
    return Parallel(fix, Sequence(Step("waits", waits), Step("after", lambda: 1)), result=fix)


@workflow
def refused(ctx: Context[NoInput]) -> Node:
    """Each for a reason of its own."""
    done = Task("done", agent=desk, prompt="Do it quickly")
    mute = Task("mute", agent=Desk(attaches=False), prompt="p")
    gone = Task("gone", agent=Desk(program="/nowhere/desk"), prompt="p")
    later = Task("later", agent=desk, prompt=lambda: ctx[mute])
    return Sequence(done, Parallel(mute, gone), later)
