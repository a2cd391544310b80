"""An attempt goes on after a line of its program that is too long, and its log has the size."""

from __future__ import annotations

import json

from tests.durability.commands import Project

FLOW = """
import os, sys
from pathlib import Path
from smithers import Context, Node, NoInput, Task, workflow
from smithers.agent import Answered, Capabilities, Said
from harnesses import _lines
from harnesses._turns import heard
from harnesses.process import Command, Source
from harnesses.recording import Recorder

_lines.Lines.__init__.__defaults__ = (1 << 20,)
Recorder.__init__.__defaults__ = (1 << 20,)
CODE = "print('before'); print('x' * 3_000_000); print('after')"

class Reader:
    over, notice, said = False, "", ""

    def hear(self, line):
        self.said += line.decode() + " "
        yield Said(line.decode())

    def answer(self, ending, stderr):
        return Answered(self.said)

class Talkative:
    name, can = "talkative", Capabilities()

    async def run(self, ask):
        env = {"PATH": os.environ["PATH"], **ask.marks}
        command = Command(program="p", executable=sys.executable, flags=("-S", "-c", CODE),
                          prompt="", cwd=ask.cwd, env=env, session=None, resumes=False)
        async for event in heard(command, ask, Source(), Reader()):
            yield event

@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    return Task("t", agent=Talkative(), prompt="x")
"""


def test_an_attempt_goes_on_after_a_line_that_is_too_long(project: Project) -> None:
    (project.folder / "flow.py").write_text(FLOW)
    done = project.run("up", "flow.py", "--run-id", "r1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "before after \n"
    logs = [json.loads(line) for line in project.run("logs", "r1", "--json").stdout.splitlines()]
    told = [(one["event"], one.get("text"), one.get("size_bytes")) for one in logs]
    assert told == [
        ("said", "before", None),
        ("dropped", None, 3_000_000),
        ("said", "after", None),
        ("answered", "before after ", None),
    ]
    assert "3000000 bytes" in project.run("logs", "r1").stdout
    assert project.database.with_suffix(".runs").joinpath("r1", "1.raw.jsonl").stat().st_size < 9999
