"""What the recipes, the pages of the nodes and the guides from other tools show is what happens."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from harnesses._lines import LINE_LIMIT_BYTES
from smithers.checks._confine import Limits
from smithers.engine import mount
from smithers.engine.attempts.agent_attempt import MAX_REPAIRS
from smithers.engine.attempts.next_agent import MAX_COOLDOWNS
from smithers.engine.child_checks import MOST_LEVELS
from smithers.engine.dry.outside import Script
from smithers.engine.program_output import JSON_BYTES, KEPT_BYTES
from smithers.engine.sending import MAX_DATA
from smithers.engine.steering import MAX_MESSAGE
from smithers.errors import Refused
from smithers.kinds import flow
from smithers.tree._ids import MAX_ID, check_run_id
from tests.cli.command import Said, environment, known_as, smithers
from tests.cli.test_demo import told
from tests.test_docs import SOURCES, name

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FOLDERS = ("from", "nodes", "recipes")
PAGES = [page for folder in FOLDERS for page in sorted((DOCS / folder).glob("*.md"))]
TYPED = [page for page in PAGES if re.search(r"^\$ ", page.read_text("utf-8"), re.M)]
_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_ENV = {"NO_COLOR": "1", **known_as(Path(os.environ["XDG_STATE_HOME"]), "ann"), **_GIT}
_BLOCK = re.compile(r"(?:^`(\w+\.py)`:\n\n)?^```(\w*)\n(.*?)^```", re.S | re.M)
_OF_A_SHELL = re.compile(r"[|;<>&$]")


@pytest.mark.sampled(8)
@pytest.mark.parametrize("page", TYPED, ids=name)
def test_a_reader_sees_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """From top to bottom: a named block becomes a file of the folder, a command is typed there."""
    folder = tmp_path / "work"
    folder.mkdir()
    for file, language, block in _BLOCK.findall(page.read_text("utf-8")):
        if file:
            (folder / file).write_text(block, "utf-8")
        for part in re.split(r"^\$ ", block, flags=re.M)[1:] if not language else ():
            command, _, shown = part.partition("\n")
            said = type_command(folder, command)
            printed = told(said.err + said.out)
            for line in told(shown):
                assert line == "..." or line in printed, f"{command} does not print {line}: {said}"


def type_command(folder: Path, command: str) -> Said:
    """Ours without a shell, in a process that is there already; anything else by a shell."""
    if command.startswith("smithers ") and not _OF_A_SHELL.search(re.sub("'[^']*'", "", command)):
        return smithers(folder, *shlex.split(command)[1:], env=_ENV)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment({**_ENV, "PATH": path}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


def test_each_page_of_a_folder_is_in_its_index() -> None:
    for folder in FOLDERS:
        index = (DOCS / folder / "index.md").read_text("utf-8")
        for page in (DOCS / folder).glob("*.md"):
            assert page.name == "index.md" or f"({page.name})" in index, page


def test_the_blocks_of_the_pages_are_what_their_files_say() -> None:
    command = [sys.executable, str(DOCS / "copies.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_block_in_a_list_is_a_block_on_the_site_as_well() -> None:
    """Python-Markdown wants 8 spaces there; with fewer its lines become one paragraph."""
    for document in DOCS.rglob("*.md"):
        text = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.S | re.M)
        assert re.search(r"\n\n {5,7}\S.*", text) is None, name(document)


def test_the_messages_on_the_page_of_symptoms_are_those_of_the_code() -> None:
    joined = "".join(file.read_text("utf-8") for file in SOURCES)
    code = re.sub(r'"\s*\n\s*f?"', "", joined)
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    seen = [cell for cell in re.findall(r"^\| `([^`]+)` \|", page, re.M)]
    assert len(seen) >= 12
    for message in seen:
        for part in re.split(r"\s*…\s*", message):
            assert part in code, f"nothing says {part!r}"


def test_the_bounds_on_the_page_of_limits_are_those_of_the_code() -> None:
    dry, confined = Script(), Limits()
    bounds = {
        "the id of a task": f"{MAX_ID} characters",
        "child runs (`Subflow`) in each other": f"{MOST_LEVELS} levels",
        "flows in each other": f"{flow.MAX_DEPTH} levels",
        "`Sequence(then=)` in each other, with `id=` or `result=`": f"{mount.MAX_DEPTH} levels",
        "the data of a signal": f"{MAX_DATA >> 20} MiB",
        "a message to an agent (`steer`)": f"{MAX_MESSAGE:,} characters",
        "stdout of a `Command` that is read as `output=`": f"{JSON_BYTES >> 20} MiB",
        "what `Completed` keeps of a stream": f"the last {KEPT_BYTES >> 20} MiB; all of it is in"
        " a file",
        "a line of an agent program": f"{LINE_LIMIT_BYTES >> 20} MiB; a longer one is left out",
        "repairs of an answer": f"{MAX_REPAIRS}",
        "refusals because of a limit before a task fails": f"{MAX_COOLDOWNS}",
        "a dry run": f"{dry.most_attempts:,} attempts or {dry.most_frames:,} frames",
        "what `check` may use": f"{confined.cpu_s} s of CPU, {confined.wall_s:.0f} s in all,"
        f" {confined.memory_bytes >> 30} GB of memory",
    }
    page = (DOCS / "limits.md").read_text("utf-8")
    rows = dict(
        re.findall(r"^\| (.+?) \| (.+) \|$", page.partition("| bound |\n|---|---|")[2], re.M)
    )
    longest = int(rows.pop("the id of a run").removesuffix(" characters"))
    assert check_run_id("a" * longest)
    with pytest.raises(Refused):
        check_run_id("a" * (longest + 1))
    assert rows == bounds


def test_the_reference_has_each_public_name_of_its_modules() -> None:
    command = [sys.executable, "-c", "import reference, json; print(json.dumps(reference.pages()))"]
    done = subprocess.run(command, cwd=DOCS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages: dict[str, str] = json.loads(done.stdout)
    nav = (ROOT / "mkdocs.yml").read_text("utf-8")
    for page, text in pages.items():
        assert f"- reference/{page}\n" in nav
        module = page.removesuffix(".md")
        if module != "index":
            public = [each for each in import_module(module).__all__ if each[0] != "_"]
            assert re.findall(r"^## (\w+)$", text, re.M) == public


def test_the_half_of_another_tool_is_code() -> None:
    """It needs their packages to run; each page says with which versions that was done by hand."""
    pages = sorted((DOCS / "from").glob("*.md"))
    found = {
        page.stem: re.findall(r"^```(py|ts|js)\n(.*?)^```", page.read_text("utf-8"), re.S | re.M)
        for page in pages
    }
    assert {stem for stem, blocks in found.items() if not blocks} == {"index"}
    for stem, blocks in found.items():
        for language, block in blocks:
            if language == "py":
                compile(block, f"{stem}.md", "exec")
