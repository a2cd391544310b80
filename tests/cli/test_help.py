"""Every command has help that begins with an example, and a place in docs/cli.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import environment, really, smithers

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "cli.md"
COMMANDS = [
    *("up", "resume", "ps", "inspect", "cost", "why", "timeline", "events", "logs", "sql"),
    *(
        "graph",
        "show",
        "diff",
        "fork",
        "rewind",
        "retry",
        "replay",
        "freeze",
        "eval",
        "receipt",
        "verify",
    ),
    *("audit", "asks"),
    *("approve", "deny", "cancel", "answer", "send"),
    *("budget", "steer", "attach", "supervise", "trust"),
    "config",
    *("init", "new", "check", "workflows", "patterns", "docs", "serve", "ui", "demo", "doctor"),
    *("service", "token", "cache", "mcp", "harness"),  # groups come last
]
GROUPED = [
    *("service install", "service uninstall", "service status"),
    *("token add", "token list", "token revoke"),
    *("cache clear", "cache list"),
    *("mcp", "mcp add", "mcp remove"),
    *("harness drift", "harness parse", "harness record", "harness replay"),
]
WITHOUT_A_DATABASE = (
    "check",
    "demo",
    "init",
    "mcp remove",
    "workflows",
    "patterns",
    "docs",
    "config",
    "harness drift",
    "harness parse",
    "harness record",
    "harness replay",
)


def test_the_commands_are_these(tmp_path: Path) -> None:
    shown = smithers(tmp_path, "--help").out.split("Commands:")[1]
    assert re.findall(r"^  ([a-z]+) ", shown, re.M) == COMMANDS


def test_the_documents_name_the_commands_that_take_no_database() -> None:
    found = re.search(r"those that use no\s+database: (.*?)\.", DOCS.read_text(), re.S)
    assert found
    assert re.findall(r"`(.*?)`", found[1]) == sorted(WITHOUT_A_DATABASE)


@pytest.mark.parametrize(
    "command", sorted({*COMMANDS, *GROUPED} - {"service", "harness", "cache", "token"})
)
def test_help_begins_with_an_example_and_the_docs_have_every_option(
    tmp_path: Path, command: str
) -> None:
    said = smithers(tmp_path, *command.split(), "--help")
    assert said.code == 0
    first = next(line.strip() for line in said.out.splitlines()[1:] if line.strip())
    assert first.startswith(f"$ smithers {command}")
    shown = (
        said.out.partition("\n")[0] + said.out.partition("Arguments:")[2].partition("Options:")[0]
    )
    assert not re.search(r"[{}<>]|\[\[|required\]", shown), "of Python, not of this command"
    section = DOCS.read_text().split(f"\n### {command.split()[0]}\n")[1].split("\n### ")[0]
    options = set(re.findall(r"(?<![\w-])--[a-z-]+", said.out.split("Options:")[1]))
    for option in options - {"--help", "--db", "--json"}:
        assert option in section, f"{option} of {command} is not in {DOCS.name}"
    if command not in WITHOUT_A_DATABASE:
        assert "--db" in options
        # What these give is the protocol, and the screen of another program.
        assert "--json" in options or command in ("mcp", "attach")


def test_the_docs_have_every_exit_code() -> None:
    codes = re.findall(r"^\| (\d+) \|", DOCS.read_text(), re.M)
    assert codes == ["0", "1", "2", "3", "4", "5", "6", "129", "130", "143"]


def test_without_a_command_help_is_told_and_nothing_done(tmp_path: Path) -> None:
    said = smithers(tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "Usage: smithers" in said.err


@pytest.mark.parametrize("typed", ["pss", "resum", "aprove", "inspcet"])
def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(
    tmp_path: Path, typed: str
) -> None:
    said = smithers(tmp_path, typed)
    assert said.code == 2
    assert "Did you mean" in said.err


@pytest.mark.sampled(1)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_for_a_shell(tmp_path: Path, shell: str) -> None:
    words = {"COMP_WORDS": "smithers re", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "smithers re"}
    asked = {"_SMITHERS_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    said = really(tmp_path, env={**asked, **words})
    assert "resume" in said.out


def cpu_s(*arguments: str, folder: Path) -> float:
    """The least of several CPU times of a command, its children included."""
    code = (
        "import resource, subprocess, sys\n"
        "found = []\n"
        "for _ in range(5):\n"
        "    a = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "    subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "    b = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "    found.append(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime)\n"
        "print(min(found))\n"
    )
    command = [sys.executable, "-c", code, sys.executable, "-m", "smithers", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, check=True, timeout=60
    )
    return float(done.stdout)


def test_the_version_and_the_list_of_runs_cost_little(tmp_path: Path) -> None:
    smithers(tmp_path, "sql", "SELECT 1")
    assert cpu_s("--version", folder=tmp_path) < 0.15
    assert cpu_s("ps", "--json", folder=tmp_path) < 0.35


def test_reading_needs_neither_pydantic_nor_asyncio_nor_rich() -> None:
    code = (
        "import sys, smithers.hub, smithers.reports, smithers.cli._listing\n"
        "print([one for one in ('pydantic', 'asyncio', 'rich', 'typer') if one in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


@pytest.mark.parametrize(
    ("typed", "error", "hint"),
    [
        ("up f.py --linger x", "--linger must be a number", "run `smithers up --help`"),
        ("up f.py --max-concurrency 0", "--max-concurrency must be at least 1", "run"),
        ("up f.py --max-concurrency x", "--max-concurrency must be a whole number", "run"),
        ("approve", "RUN is missing", "run `smithers approve --help`"),
        ("steer r1", "TASK is missing", "run `smithers steer --help`"),
        ("harness record", "COMMAND is missing", "run `smithers harness record --help`"),
        ("approve r1 a b", "unexpected argument: b", "run `smithers approve --help`"),
        ("ps --jso", "unknown option --jso; did you mean --json?", "run `smithers ps --help`"),
        ("up --db", "--db needs a value", "run"),
    ],
)
def test_arguments_that_do_not_fit_are_named_in_plain_words(
    tmp_path: Path, typed: str, error: str, hint: str
) -> None:
    said = smithers(tmp_path, *typed.split())
    assert (said.code, said.out) == (2, "")
    first, second = said.err.splitlines()
    assert first == f"error: {error}"
    assert second.startswith(f"hint: {hint}")
