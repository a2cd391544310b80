"""What the documents say is true: their code is real, their commands and links exist."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.places import DEMO, HARNESSES, SMITHERS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PUBLIC = [one for one in DOCUMENTS if one.name not in ("AGENTS.md", "CONTRIBUTING.md")]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PROJECT = sorted((ROOT / "examples" / "testing").glob("*.py"))  # test_pytest_plugin.py runs it
MODELS = sorted((ROOT / "examples" / "models").glob("*.py"))  # tests/models runs them
SOURCES = [*SMITHERS.rglob("*.py"), *HARNESSES.rglob("*.py")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(document: Path, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", document.read_text(), re.S | re.M)
    return [textwrap.dedent(block).strip() for tongue, block in found if tongue == language]


def commands() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-m", "smithers", "--help"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^[\s│|]*([a-z]+)  ", done.stdout, re.M))


@pytest.mark.parametrize("document", PUBLIC, ids=name)
def test_python_in_a_document_is_part_of_a_file_that_runs(document: Path) -> None:
    tested = [*EXAMPLES, *PROJECT, *MODELS, DEMO / "ship_it.py"]
    files = [one.read_text() for one in tested]
    for block in blocks(document, "python"):
        assert any(block in text for text in files), f"{name(document)}:\n{block}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_between_files_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{name(document)} links to {target}"


def test_every_test_that_a_document_names_exists() -> None:
    for document in DOCUMENTS:
        for file, test in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?", document.read_text()):
            assert f"def {test}" in (ROOT / file).read_text(), f"{name(document)} names {test}"


def test_every_command_that_a_document_or_a_hint_names_exists() -> None:
    known = commands()
    assert {"up", "resume", "ps", "demo"} <= known
    for file in [*DOCUMENTS, *SOURCES]:
        text = file.read_text()
        named = set(re.findall(r"(?:`|\$ |^    |\()smithers ([a-z]+)\b", text, re.M))
        assert named <= known, f"{name(file)} names {named - known}"


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "smithers", "up", str(example), "--run-id", "r1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    expected = 3 if example.name == "gate.py" else 0  # it waits for a person
    assert done.returncode == expected, done.stderr


def told(text: str) -> list[str]:
    """What a demo tells, line by line, without the times, prices, pids and sessions of one run."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-\S{4}-\S{4}-[0-9a-f]{12}", "SESSION", text)
    text = re.sub(r"\d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r"kill -9 \d+", "kill -9 PID", text)
    return re.sub(r"\d+\.\d s", "SECONDS", text).splitlines()


def test_the_output_in_the_readme_is_what_the_demo_prints(tmp_path: Path) -> None:
    shown = next(block for block in blocks(ROOT / "README.md", "") if "make demo" in block)
    done = subprocess.run(
        [sys.executable, "-m", "smithers", "demo"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=True,
    )
    printed = told(done.stdout)
    place = 0
    for line in told(shown.removeprefix("$ make demo\n")):
        if line != "...":
            assert line in printed[place:], f"{line!r} is not printed there:\n{done.stdout}"
            place = printed.index(line, place) + 1


def test_the_table_of_changed_prompts_is_what_the_agents_say() -> None:
    command = [sys.executable, str(ROOT / "docs" / "prompts.py"), "--check"]
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
