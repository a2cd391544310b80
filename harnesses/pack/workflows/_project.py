"""What the workflows of this project share: its agents, its test command, its branches.

The file is yours: an agent that is changed here is changed in all workflows.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from harnesses import ClaudeCode, Codex, Gemini, Pi
from smithers import (
    Approval,
    Attempt,
    Command,
    Completed,
    Context,
    HumanTask,
    Node,
    Rework,
    Sequence,
    Step,
    Task,
)
from smithers.agent import Agent
from smithers.patterns import FixUntilGreen

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the project: the one that contains `.smithers`."""

READERS: dict[str, Agent] = {
    "claude": ClaudeCode(),
    "codex": Codex(),
    "pi": Pi(),
    "gemini": Gemini(),
}
"""Agents that change nothing."""
WRITERS: dict[str, Agent] = {
    "claude": ClaudeCode(permission_mode="acceptEdits"),
    "codex": Codex(sandbox="workspace-write"),
    "pi": Pi(tools=["read", "grep", "find", "ls", "edit", "write"]),
    "gemini": Gemini(approval_mode="auto_edit"),
}
"""Agents that change files. The tests are run by the workflows."""
SEARCHERS: dict[str, Agent] = {
    **READERS,
    "claude": ClaudeCode(allowed_tools=["WebSearch", "WebFetch"]),
    "gemini": Gemini(allowed_tools=["google_web_search", "web_fetch"]),
}
"""Agents that change nothing and may search the web, if their programs can."""

INSTALLED = [name for name in READERS if shutil.which(name)] or list(READERS)
"""The programs on PATH; if there are none, a run says how to install them."""


class Agents(BaseModel):
    """The input that all workflows here have."""

    agents: list[Literal["claude", "codex", "pi", "gemini"]] = Field(
        default=[],
        description="Which agents work, the next if one fails (default: all that are installed).",
    )


class Tested(Agents):
    """The input of workflows that run the tests."""

    test: str = Field(
        default="",
        description="The shell command that tests the project (default: found in its files).",
    )


class Review(BaseModel):
    """Whether work is good enough, and if not, what to change."""

    approved: bool
    feedback: str = ""


def pick(agents: Mapping[str, Agent], wanted: list[Any]) -> list[Agent]:
    """The agents of these names, or those that are installed."""
    return [agents[name] for name in wanted or INSTALLED]


def find_tests(ctx: Context[Any], given: str) -> Node[str]:
    """The command that tests the project; a person is asked if no file tells it."""
    found = Step("find-tests", lambda: given or test_command(ROOT) or "", output=str)
    asked = HumanTask(
        "test-command",
        ask=f"Which shell command tests the project in {ROOT}?",
        skip_if=lambda: ctx[found] != "",
    )
    return Sequence(found, asked, result=lambda: ctx[found] or ctx[asked], id="test-command-found")


def run_tests(ctx: Context[Any], command: Node[str]) -> Command[Any]:
    return Command("tests", lambda: ctx[command], shell=True, check=False, cwd=ROOT, timeout_s=3600)


def make_green(
    ctx: Context[Any], command: Node[str], agents: list[Agent], work: str
) -> Node[Completed]:
    """Run the tests after some work, and let agents fix what fails."""
    tests = run_tests(ctx, command)
    fix = Task(
        "fix",
        agent=agents,
        prompt=lambda: (
            f"{work}\n\nNow `{ctx[command]}` fails. Fix the cause; never delete or skip a test. You"
            " need not run the tests.\n\n" + shortened(ctx[tests].stdout + ctx[tests].stderr)
        ),
        cwd=ROOT,
    )
    return FixUntilGreen("green", ctx, tests, fix)


def test_command(folder: Path) -> str | None:
    """The command that the files of a project name for its tests, if they do."""
    if _has(folder, ("Makefile", "makefile", "GNUmakefile"), r"^test\s*:(?!=)"):
        return "make test"
    if _has(folder, ("justfile", "Justfile", ".justfile"), r"^@?test\b[^=\n]*:(?!=)"):
        return "just test"
    if (package := folder / "package.json").is_file() and (command := _node_tests(package)):
        return command
    python = ("pyproject.toml", "setup.cfg", "pytest.ini", "setup.py", "requirements.txt")
    if (folder / "tox.ini").is_file():
        return "tox"
    if _has(folder, python, "pytest") or any(folder.glob("test*/**/test_*.py")):
        return "uv run pytest" if (folder / "uv.lock").is_file() else "pytest"
    others = {
        "Cargo.toml": "cargo test",
        "go.mod": "go test ./...",
        "gradlew": "./gradlew test",
        "mvnw": "./mvnw test",
        "pom.xml": "mvn test",
        "mix.exs": "mix test",
    }
    return next((others[name] for name in others if (folder / name).is_file()), None)


def _has(folder: Path, names: tuple[str, ...], pattern: str) -> bool:
    files = (folder / name for name in names)
    texts = (file.read_text("utf-8", errors="replace") for file in files if file.is_file())
    return any(re.search(pattern, text, re.M) for text in texts)


def _node_tests(package: Path) -> str | None:
    """The tests of package.json, by the program whose lock file is there."""
    try:
        script = json.loads(package.read_text("utf-8")).get("scripts", {}).get("test", "")
    except (ValueError, AttributeError):
        return None
    if not script or "no test specified" in script:
        return None
    locks = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun run"}
    locked = (locks[name] for name in locks if (package.parent / name).is_file())
    return f"{next(locked, 'npm')} test"


def start_branch(branch: str) -> Node[str]:
    """Make a branch for the run, and give the one to which its work belongs."""

    def find_base(attempt: Attempt) -> str:
        def git(*words: str) -> str:
            return attempt.run(["git", *words], cwd=ROOT, output=str).strip()

        if not (base := git("branch", "--show-current")):
            raise ValueError(f"{ROOT} is on no branch: type `git switch BRANCH`, then resume")
        if changed := git("status", "--porcelain"):
            raise ValueError(
                f"{ROOT} has changes that are not committed; commit them, then resume:\n{changed}"
            )
        git("rev-parse", "--verify", "HEAD")
        return base

    base = Step("base", find_base)
    made = Command("branch", ["git", "switch", "-C", branch], cwd=ROOT)
    return Sequence(base, made, result=base, id="start-branch")


def changes(id: str) -> Command[str]:
    """What differs from the last commit, new files included."""
    words = "git add --all && git diff --cached"
    return Command(id, words, shell=True, cwd=ROOT, output=str)


def offer_merge(
    ctx: Context[Any],
    branch: str,
    base: Node[str],
    message: str,
    again: Node[Any],
    remarks: Callable[[], str] = str,
) -> Node[str]:
    """Ask a person, then commit and merge. A denial with a note sends the work back."""
    stat = Command(
        "changed", "git add --all && git diff --cached --stat", shell=True, cwd=ROOT, output=str
    )
    ask = Approval(
        "merge",
        ask=lambda: f"Merge {branch} into {ctx[base]}?\n\n{message}\n\n{ctx[stat]}{remarks()}",
        on_deny=Rework(again),
    )

    def merge(attempt: Attempt) -> str:
        into = ctx[base]
        ctx[ask]

        def git(*words: str) -> str:
            return attempt.run(["git", *words], cwd=ROOT, output=str).strip()

        git("add", "--all")
        if git("status", "--porcelain"):
            git("commit", "--quiet", "--message", message)
        git("switch", "--quiet", into)
        git("merge", "--quiet", "--no-ff", "--no-edit", branch)
        return f"merged {branch} into {into}: {git('rev-parse', '--short', 'HEAD')}"

    return Sequence(stat, ask, merged := Step("merged", merge), result=merged, id="offer-merge")


def shortened(text: str, limit: int = 60_000) -> str:
    """The end of a long text, for a prompt."""
    return text if len(text) <= limit else f"(… the last {limit} characters)\n{text[-limit:]}"
