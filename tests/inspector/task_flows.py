"""Workflows whose tasks are looked at: agents that edit files, and each other kind of task."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from harnesses.echo import Echo
from smithers import (
    Approval,
    Branch,
    Budget,
    Command,
    Context,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    workflow,
)
from smithers.agent import (
    Answered,
    Ask,
    Capabilities,
    Event,
    Said,
    Started,
    Steered,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import Transient

__all__ = ["EVIL_FILE", "FOLDER", "fixes", "kinds", "make_repository", "reads"]

FOLDER = "kettle"
"""A git repository in the project, in which agents work."""
EVIL_FILE = "<script>window.hit=1<img src=x onerror=window.hit=1>.py"
_EVIL = "<script>window.hit = 1</script><img src=x onerror=window.hit=1>\n"
_WHO = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
_BEFORE = '''"""When to try a request again, and how long to wait first."""

from __future__ import annotations

from dataclasses import dataclass

RETRYABLE = {429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Policy:
    tries: int = 4
    first_s: float = 0.5
    factor: float = 2.0
    max_s: float = 30.0


def delay(policy: Policy, attempt: int, headers: dict[str, str]) -> float:
    """Seconds to wait before try `attempt` (from 1)."""
    after = headers.get("Retry-After")
    if after is not None:
        return float(after)
    return min(policy.first_s * policy.factor ** (attempt - 1), policy.max_s)
'''
_OLD = """    after = headers.get("Retry-After")
    if after is not None:
        return float(after)
"""
_NEW = """    lowered = {name.lower(): value for name, value in headers.items()}
    after = lowered.get("retry-after")
    if after is not None:
        return min(max(_seconds(after), 0.0), policy.max_s)
"""
_FAILED = "\n".join(
    f"E   AssertionError: assert {n} <= 0.5\ntests/test_retry_date.py:{n}: AssertionError"
    for n in range(8, 20)
)


def make_repository(project: Path) -> None:
    """A repository with a commit, and a file whose name looks like a tag."""
    folder = project / FOLDER
    (folder / "kettle").mkdir(parents=True)
    (folder / "kettle" / "retry.py").write_text(_BEFORE)
    (folder / EVIL_FILE).write_text("hit = 0\n")
    for words in (("init", "-q", "."), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run(["git", *_WHO, *words], cwd=folder, check=True)


class Coder:
    """Fixes a file: it fails once in the second iteration, and then edits it."""

    name = "claude-code"
    can = Capabilities(resumes=True, reports_cost=True)

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        session = ask.session or "9da9b5a2-5356-4f27-afec-21dd54a8fe9a"
        path = ask.cwd / "kettle" / "retry.py"
        yield Started(session)
        yield Thought("The header may be a date. I look at the code first.")
        yield Said("Three tests still fail: the header's case, a date in the past, and the cap.")
        yield ToolCalled(call="read", name="Read", arguments={"file_path": str(path)})
        yield ToolReturned(call="read", text=path.read_text())
        if "The last try failed" not in ask.prompt and ask.session is None:
            yield Used(tokens_in=9_000, tokens_out=700, cost=Decimal("0.11"), model="opus-5")
            yield Answered("I looked at it.")
            return
        if ask.session is None:
            yield Used(tokens_in=39_700, tokens_out=2_000, cost=Decimal("0.16"), model="opus-5")
            raise Transient("529 Overloaded")
        edit = {"file_path": str(path), "old_string": _OLD, "new_string": _NEW}
        yield ToolCalled(call="edit", name="Edit", arguments=edit)
        path.write_text(path.read_text().replace(_OLD, _NEW))
        yield ToolReturned(call="edit", text="The file has been updated.")
        evil = ask.cwd / EVIL_FILE
        yield ToolCalled(
            call="write", name="Write", arguments={"file_path": str(evil), "content": _EVIL}
        )
        evil.write_text(_EVIL)
        yield ToolReturned(call="write", text="The file has been written.")
        yield ToolCalled(
            call="test",
            name="Bash",
            arguments={"command": f"python -m pytest -q {_EVIL}", _EVIL: [_EVIL]},
        )
        yield ToolReturned(call="test", text=f"......\n6 passed in 0.16s\n{_EVIL}")
        yield Used(
            tokens_in=24_300,
            tokens_out=1_000,
            tokens_cached=20_000,
            cost=Decimal("0.12"),
            model="opus-5",
        )
        yield Answered("Fixed. `delay` now reads the header in any case. 6 passed.")


class Verdict(BaseModel):
    approved: bool
    remarks: list[str]
    checked: dict[str, int]


@workflow(budget=Budget(usd=10, calls=100))
def fixes(ctx: Context[NoInput]) -> Node:
    """An issue that is fixed in a loop, beside others that are finished or wait."""
    survey = Task("survey", agent=Echo(), prompt="Find the fault in `kettle/retry.py`.")

    def prompt() -> str:
        last = ctx.previous(test)
        failed = f"\n\nThe last try failed:\n{last}" if last else ""
        return f"Fix issue #418.\n\nFindings of the survey:\n{ctx[survey]}{failed}"

    def run_tests() -> str:
        return "6 passed" if ctx[fix] and ctx.previous(test) else _FAILED

    fix = Task("fix", agent=Coder(), prompt=prompt, cwd=FOLDER, retry=Retry(tries=5, first_s=0.01))
    test: Step[str] = Step("test", run_tests, output=str)
    until_green = Loop(fix, test, until=lambda: ctx[test] == "6 passed", max_iterations=5)
    others = [
        Sequence(Step(f"issue-{n}", lambda: "done", output=str), id=f"part-{n}")
        for n in range(420, 440)
    ]
    asks = Approval("issue-415", ask="Is issue 415 a fault?")
    review = Task("review", agent=Echo(), prompt=lambda: f"Review: {ctx[fix]}")
    issues = Parallel(Sequence(until_green, review, id="issue-418"), asks, *others, id="issues")
    ship = Step("ship", lambda: "shipped", output=str)
    return Sequence(survey, issues, ship, id="release")


@workflow
def below(ctx: Context[NoInput]) -> Node[str]:
    note = Task("note", agent=Echo(), prompt="A run below another.")
    return Sequence(note, result=note)


@workflow
def kinds(ctx: Context[NoInput]) -> Node:
    """A task of each kind."""
    verdict = Verdict(
        approved=True, remarks=["Names are good.", "One test lacks."], checked={"files": 3}
    )
    choice = Branch(
        lambda: False,
        Step("skipped", lambda: "no", output=str),
        Step("chosen", lambda: "yes", output=str),
    )
    return Sequence(
        Step("typed", lambda: verdict, output=Verdict),
        Command("lists", ["sh", "-c", "seq 1 30; echo a warning >&2"]),
        Timer("pause", seconds=0.01),
        Subflow("child", below),
        choice,
        Parallel(
            Approval("decided", ask="Publish kettle 0.5?"),
            HumanTask("answered", ask="Which channel?", choices=["stable", "beta"]),
        ),
        Timer("night", seconds=86_400),
    )


class Gates(BaseModel):
    folder: Path


async def _until(gate: Path) -> None:
    """Until a test has made a file."""
    while not gate.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.02)


class Reader:
    """Says much, reads a file until a test lets it, and reads a message with the result."""

    name = "reader"
    can = Capabilities(steers=True)

    def __init__(self, gates: Path) -> None:
        self.gates = gates

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        for number in range(60):
            yield Said(f"line {number}.")
        yield ToolCalled(call="read", name="Read", arguments={"path": "a.py"})
        await _until(self.gates / "read")
        yield ToolReturned(call="read", text="one\ntwo\nthree")
        assert ask.messages is not None
        yield Steered(await ask.messages.get())
        for number in range(60, 63):
            yield Said(f"line {number}.")
        await _until(self.gates / "end")
        yield Answered("done")


@workflow(input=Gates)
def reads(ctx: Context[Gates]) -> Node:
    """A run whose agent works for as long as a test needs it."""
    return Sequence(Task("read", agent=Reader(ctx.input.folder), prompt="Read a.py\n" * 50))
