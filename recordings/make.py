"""Makes the recordings again, with the installed programs and a scripted model: no key, no network.

    python recordings/make.py [PROGRAM | demo | example | shapes [CASE…]]

PROGRAM is claude-code, codex, pi, gemini or antigravity.

Ids, times and process numbers differ from run to run; what is said and done does not.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from recordings import (  # noqa: E402 (the repository is on the path only now)
    antigravity_cases,
    claude_cases,
    codex_cases,
    gemini_cases,
    pi_cases,
)
from recordings.claude_cases import FOLLOWUP, bash, claude  # noqa: E402
from recordings.example import record_example  # noqa: E402
from recordings.playing import (  # noqa: E402
    AgentOf,
    Case,
    fresh_place,
    kill_at_call,
    play,
    play_all,
    recording_to,
    report,
)
from recordings.shapes import write_shapes  # noqa: E402
from tests.scripted_model import Step, Text, ToolCall  # noqa: E402

RECORDINGS = ROOT / "recordings"
DEMO = ROOT / "harnesses" / "demo"
PLAN: dict[str, Any] = {
    "properties": {"steps": {"items": {"type": "string"}, "title": "Steps", "type": "array"}},
    "required": ["steps"],
    "title": "Plan",
    "type": "object",
}
"""What pydantic makes of `class Plan(BaseModel): steps: list[str]`."""

RESEARCH = """\
Durable execution means that a program survives its process. Three things carry it:
1. Every finished step is written down before the next one starts.
2. After a crash the program runs again from its top, and finished steps give what was written.
3. Whatever reaches the outside is done under a key, so that doing it twice does nothing more."""
STEPS = [
    "Write each step's result to a log before the next one starts",
    "On start, read the log and skip what is finished",
    "Give every outside call a key that stays the same when it is repeated",
]
DONE = """\
Done. journal.py keeps a log of finished steps: a step that is in the log is not run again, \
and each step has a key that stays the same when it is repeated."""
JOURNAL = '''\
"""A log of finished steps, so that a program which dies goes on where it was."""

import json
from collections.abc import Callable
from pathlib import Path


class Journal:
    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self.done = dict(json.loads(line) for line in lines)

    def step(self, key: str, work: Callable[[str], object]) -> object:
        """Runs `work` once for each key, and gives its result for ever after."""
        if key not in self.done:
            self.done[key] = work(key)
            with self.path.open("a") as log:
                log.write(json.dumps([key, self.done[key]]) + "\\n")
        return self.done[key]
'''


def slow(text: str, thinking: str = "") -> Text:
    return Text(text, thinking=thinking, pieces=4, pause_s=0.4, tokens_in=2100, tokens_out=180)


def demo_cases() -> tuple[Case, Case, Case]:
    """The three tasks of `harnesses/demo/ship_it.py`, with the words that the engine sends."""
    options = {"permission_mode": "acceptEdits"}
    look = bash("ls -A && wc -l README.md", "See what is here", text="I will look at the project.")
    answer = ToolCall("StructuredOutput", {"steps": STEPS}, pause_s=0.6)
    research = Case(
        name="research",
        prompt="Research durable execution",
        script=[slow(RESEARCH, thinking="What must hold after a crash?")],
        options=options,
    )
    plan = Case(
        name="plan",
        prompt=f"Plan from:\n{RESEARCH}",
        script=[look, answer],
        schema=PLAN,
        options=options,
    )
    implement = Case(
        name="implement",
        prompt=f"Do: {STEPS}",
        script=[
            ToolCall("Write", {"file_path": "journal.py", "content": JOURNAL}, pause_s=0.5),
            slow(DONE),
        ],
        options=options,
    )
    return research, plan, implement


async def make_demo() -> None:
    """The tasks without an accident, and with one while the agent looks around for its plan."""
    research, plan, implement = demo_cases()
    for case in (research, plan, implement):
        with fresh_place() as place, recording_to(place):
            session, said = await play(claude, case, place, None, DEMO / "whole")
            report(f"demo {case.name}", said)
            shutil.copy(DEMO / "whole" / f"{case.name}.jsonl", DEMO / "interrupted")
            if case is not plan:
                again = resumed(case, case.script[-1:])
                await play(claude, again, place, session, DEMO / "interrupted")
    (DEMO / "interrupted" / "plan.jsonl").unlink()
    read = bash("tail -n +1 -f README.md", "Read along while it is written", pause_s=1.5)
    cut_off = Case(
        name="plan-cut-off",
        prompt=plan.prompt,
        script=[plan.script[0], read],
        schema=PLAN,
        options=plan.options,
        act=kill_at_call(2),
    )
    with fresh_place() as place, recording_to(place):
        session, said = await play(claude, cut_off, place, None, DEMO / "interrupted")
        report("demo plan-cut-off", said)
        break_off(DEMO / "interrupted" / "plan-cut-off.jsonl")
        again = resumed(plan, [plan.script[1]])
        report(
            "demo plan-resumed",
            (await play(claude, again, place, session, DEMO / "interrupted"))[1],
        )


def resumed(case: Case, script: Sequence[Step]) -> Case:
    return Case(
        name=f"{case.name}-resumed",
        prompt=FOLLOWUP + case.prompt,
        script=script,
        schema=case.schema,
        options=case.options,
    )


def break_off(path: Path) -> None:
    """Takes the end away: the record of a run whose machine went down with it."""
    *lines, last = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert '"end"' in last
    kept = [line for line in lines if '"sig"' not in line[:40]]
    path.write_text("".join(kept), encoding="utf-8")


PROGRAMS: dict[str, tuple[AgentOf, Callable[[], list[Case]]]] = {
    "claude-code": (claude, claude_cases.cases),
    "codex": (codex_cases.codex, codex_cases.cases),
    "pi": (pi_cases.pi, pi_cases.cases),
    "gemini": (gemini_cases.gemini, gemini_cases.cases),
    "antigravity": (antigravity_cases.antigravity, antigravity_cases.cases),
}
CLAUDE, CODEX = ("claude", "@anthropic-ai/claude-code"), ("codex", "@openai/codex")
PI = ("pi", "@earendil-works/pi-coding-agent@0.87.1 node@22")
GEMINI = ("gemini", "@google/gemini-cli@0.61.0")
NEEDED = {
    "claude-code": [CLAUDE],
    "codex": [CODEX],
    "pi": [PI],
    "gemini": [GEMINI],
    "antigravity": [],
    "demo": [CLAUDE],
    "example": [CLAUDE],
    "shapes": [],
    "all": [CLAUDE, CODEX, PI, GEMINI],
}


def main() -> None:
    which, *wanted = sys.argv[1:] or ["all"]
    for program, package in NEEDED.get(which, NEEDED["all"]):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not on PATH: npm install -g {package}")
    if which in ("all", "antigravity") and not (
        find_spec("google") and find_spec("google.antigravity")
    ):
        sys.exit("the SDK is not there: pip install -e '.[antigravity]'")
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR"):
            del os.environ[name]
    (DEMO / "interrupted").mkdir(parents=True, exist_ok=True)
    for name, (agent_of, cases_of) in PROGRAMS.items():
        if which in ("all", name):
            asyncio.run(play_all(agent_of, cases_of(), RECORDINGS / name, wanted))
    if which in ("all", "demo"):
        asyncio.run(make_demo())
    if which in ("all", "example"):
        record_example()
    write_shapes()


if __name__ == "__main__":
    main()
