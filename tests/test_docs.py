"""What the documents say is true: their code is real, their commands and links exist."""

from __future__ import annotations

import ast
import os
import re
import runpy
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from harnesses import Echo
from smithers.adapters import NAMED_AGENTS
from smithers.agent import Agent
from smithers.cli._app import app
from smithers.cli._mcp import register_clients
from smithers.engine.engine import Engine
from smithers.manual import FOLDER
from smithers.state import RunState
from smithers.workflows import NoInput, Workflow
from tests.cli.command import known_as, smithers
from tests.cli.test_demo import told
from tests.engine.runs import Run
from tests.places import HARNESSES, SMITHERS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *FOLDER.glob("*.md")])
PUBLIC = [one for one in DOCUMENTS if one.name not in ("AGENTS.md", "CONTRIBUTING.md")]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PROJECT = sorted((ROOT / "examples" / "testing").glob("*.py"))  # test_pytest_plugin.py runs it
PATTERNS = sorted((ROOT / "examples" / "patterns").glob("*.py"))  # docs/patterns.py runs them
MODELS = sorted((ROOT / "examples" / "models").glob("*.py"))  # tests/models runs them
INPUTS = {  # of workflows that need one
    "note": '{"topic": "whales"}',
    "release_notes": '{"version": "1.1", "commits": []}',
    "review_folder": '{"folder": "src"}',
    "release_note": '{"tag": "v1.4"}',
    "migrations": '{"wanted": ["add users"]}',
    "proposals": '{"question": "Where do we store runs?"}',
    "questions": '{"questions": ["Where is the state?"]}',
    "feature": '{"feature": "sort runs by age"}',
}
SOURCES = [*SMITHERS.rglob("*.py"), *HARNESSES.rglob("*.py")]


_ENV = {"NO_COLOR": "1", **known_as(Path(os.environ["XDG_STATE_HOME"]), "ann")}
"""Whoever reads the documents is ann."""


def name(path: Path) -> str:
    """Its place in the repository, or of the manual in an installation its file."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def blocks(text: str, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", text, re.S | re.M)
    return [textwrap.dedent(block).strip() for tongue, block in found if tongue == language]


def options(command: Any, name: str = "") -> Iterator[tuple[str, set[str]]]:
    """The name of each command below one, and its options."""
    for each, below in getattr(command, "commands", {}).items():
        yield from options(below, f"{name} {each}".strip())
    yield name, {opt for param in command.params for opt in (*param.opts, "-h", "--help")}


register_clients()
COMMANDS = dict(options(get_command(app)))


def python_blocks() -> Iterator[tuple[str, str]]:
    """Each block of Python in the documents, and where it is."""
    copied = {example.read_text().strip() for example in PATTERNS}
    for document in PUBLIC:
        for number, block in enumerate(blocks(document.read_text(), "python"), 1):
            if document.parent == FOLDER and block in copied:
                continue  # docs/patterns has them as well
            yield f"{document.parent.name}_{document.stem}_{number}", block


def test_every_name_in_a_block_of_python_is_imported_or_defined(tmp_path: Path) -> None:
    for where, block in python_blocks():
        (tmp_path / f"{where}.py").write_text(block + "\n")
    ruff = str(Path(sys.executable).with_name("ruff"))
    command = [
        ruff,
        "check",
        "--isolated",
        "--no-cache",
        "--quiet",
        "--select=F821,F401",
        str(tmp_path),
    ]
    assert len(list(tmp_path.iterdir())) >= 10
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_block_of_python_runs_and_its_workflows_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for example in [*EXAMPLES, *PROJECT, *PATTERNS]:
        (tmp_path / example.name).write_text(example.read_text())
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    found = 0
    for where, block in python_blocks():
        file = tmp_path / f"{where}.py"
        file.write_text(block + "\n")
        made: dict[str, Any] = runpy.run_path(str(file), run_name=where)
        for variable in made:
            if isinstance(made[variable], Workflow):
                found += 1
                rendered(made[variable], tmp_path)
    assert found >= 8


def rendered(workflow: Workflow[Any, Any], folder: Path) -> None:
    """Everything is checked that is checked before a run starts; nothing of it starts."""
    wanted = workflow.input is not NoInput
    run = Run(workflow, INPUTS.get(workflow.name, "{}") if wanted else "{}")
    input = workflow.parse_input(run.input)
    settings = replace(run.settings, folder=folder)
    engine = Engine(
        workflow, input, run=run.new, state=RunState(), settings=settings, observer=run.watch
    )
    token = NAMED_AGENTS.set(named_agent)
    engine.prepare()
    NAMED_AGENTS.reset(token)


def named_agent(name: str) -> Agent:
    agent = Echo()
    agent.name = name
    return agent


def sessions(block: str) -> Iterator[tuple[str, str]]:
    """The commands that a block shows, each with what it prints."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, printed = part.partition("\n")
        if command.startswith("smithers "):
            yield command, printed


@pytest.mark.parametrize("document", ["guide.md", "testing.md", "flows.md"])
def test_a_reader_sees_what_the_document_shows(document: str, tmp_path: Path) -> None:
    """From top to bottom: a named block becomes a file of the folder, a command is typed there."""
    text = (ROOT / "docs" / document).read_text()
    cases = (ROOT / "examples" / "testing").glob("*.jsonl")
    real = {file.name: file.read_text() for file in [*EXAMPLES, *PROJECT, *cases]}
    typed = 0
    (tmp_path / "scripted.py").write_text(real["scripted.py"])
    for file, language, block in re.findall(
        r"(?:^`(\w+\.\w+)`:\n\n)?^```(\w*)\n(.*?)^```", text, re.S | re.M
    ):
        if file:
            assert block == real[file], f"{file} is not the file in examples"
            (tmp_path / file).write_text(block)
        for command, shown in sessions(block) if not language else ():
            typed += 1
            said = smithers(tmp_path, *shlex.split(command)[1:], env=_ENV)
            printed = told(said.err + said.out)
            for line in told(shown):
                assert line == "..." or line in printed, f"{command} does not print {line}: {said}"
    assert typed


def anchors(document: Path) -> set[str]:
    """What a link to a heading may name, as GitHub makes it."""
    headings = re.findall(r"^#+ (.*)", document.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_between_files_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)\s]+)", text):
        if not target.startswith("http"):
            file, _, anchor = target.partition("#")
            found = document.parent / file if file else document
            assert found.exists(), f"{name(document)} links to {target}"
            assert not anchor or anchor in anchors(found), f"{name(document)} links to {target}"


def test_every_test_that_a_document_names_exists() -> None:
    for document in DOCUMENTS:
        for file, test in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?", document.read_text()):
            assert not test or f"def {test}" in (ROOT / file).read_text(), f"there is no {test}"


def defined_in(file: Path) -> set[str]:
    """The functions, classes and methods of a file: `f`, `C`, `C.m`."""
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (ast.FunctionDef, ast.AsyncFunctionDef)
            found |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, methods)}
    return found


def test_every_file_and_function_that_the_map_names_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`((?:smithers|harnesses|tests)/[\w/.]+)(?:::([\w.]+))?`", text)
    assert len(named) >= 25
    for file, function in named:
        assert (ROOT / file).exists(), f"there is no {file}"
        assert not function or function in defined_in(ROOT / file), f"{file} has no {function}"


def typed_in(text: str) -> Iterator[list[str]]:
    """The words of each command that a text shows, without `smithers`."""
    for line in re.findall(r"(?:`|\$ |^    |\()smithers ([a-z]+\b[^`:\n\\]*)", text, re.M):
        yield re.split(r"\s+#|[;|<>]", line)[0].split()


def test_every_command_that_a_document_or_a_hint_names_exists() -> None:
    assert {"up", "resume", "ps", "demo", "mcp add"} <= COMMANDS.keys()
    for file in [*DOCUMENTS, *SOURCES]:
        named = {words[0] for words in typed_in(file.read_text())}
        assert named <= COMMANDS.keys(), f"{name(file)} names {named - COMMANDS.keys()}"


def test_every_option_that_a_document_names_is_one_of_its_command() -> None:
    for file in DOCUMENTS:
        for words in typed_in(file.read_text()):
            if words[:2] == ["harness", "record"]:
                words = words[: words.index("--")] if "--" in words else words
            known = COMMANDS.get(" ".join(words[:2]), COMMANDS[words[0]])
            given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert given <= known, f"{name(file)}: smithers {' '.join(words)}"


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    said = smithers(tmp_path, "up", str(example), "--run-id", "r1")
    waits = example.name in ("gate.py", "release.py", "slideshow.py")  # for a person
    expected = 3 if waits else 0
    assert said.code == expected, said.err


def test_the_example_that_waits_goes_on_with_an_answer_and_a_signal(tmp_path: Path) -> None:
    example = ROOT / "examples" / "release.py"
    assert smithers(tmp_path, "up", str(example), "--run-id", "r1").code == 3
    said = ("send", "r1", "deployed", "--correlation", "1.4", "--data", '{"host": "web-1"}')
    assert smithers(tmp_path, *said).code == 0
    assert smithers(tmp_path, "deny", "r1", "what", "--note", "shorter", "--resume").code == 3
    answer = ("answer", "r1", "what", "--data", '{"version": "1.4"}', "--resume")
    assert smithers(tmp_path, *answer).out == "1.4 (beta) is on web-1\n"


def test_the_table_of_changed_prompts_is_what_the_agents_say() -> None:
    command = [sys.executable, str(ROOT / "docs" / "prompts.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_pages_of_the_patterns_are_what_their_files_and_examples_say() -> None:
    command = [sys.executable, str(ROOT / "docs" / "patterns.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_examples_of_the_manual_and_llms_txt_are_what_the_files_say() -> None:
    command = [sys.executable, str(ROOT / "docs" / "manual.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_table_of_failures_is_what_the_code_does() -> None:
    command = [sys.executable, str(ROOT / "docs" / "failures.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    text = (ROOT / "docs" / "workflows.md").read_text()
    for line in (
        "| `NotInstalled` | The agent's program is not on PATH | the next agent, at once | the run"
        " waits for a person, and says what is missing | no | no |",
        "| the next agent, at once | the run waits for the first that is back | no | yes |",
        "after a wait, 3 tries in all, then the next | the task fails | yes | no |",
    ):
        assert line in text
