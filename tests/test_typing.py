"""What users' checkers infer and flag: mypy and pyright, strict, over `typing_tests/`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long  # `make check` tells at once what a user's checker would

ROOT = Path(__file__).parent.parent
INFERRED, PATTERNS, MISTAKES = FILES = [
    ROOT / "typing_tests" / name for name in ("inferred.py", "patterns.py", "mistakes.py")
]
MARK = re.compile(r"# error(?: (?P<checker>mypy|pyright))?:")
WITHIN_S = 100

Found = dict[str, dict[int, str]]
"""The errors of each file, by its name: the line, and what was said of it."""


def mypy(_: Path) -> Found:
    """mypy as the project sets it up, with the cache of `make check`: the whole takes a minute."""
    done = _run("mypy", "--no-pretty", "--no-color-output")
    found: Found = {file.name: {} for file in FILES}
    for file, line, said in re.findall(r"^(.*?):(\d+): error: (.*)$", done, re.MULTILINE):
        found.setdefault(Path(file).name, {})[int(line)] = said
    assert f"checked {len(FILES)} source files" in done, done
    return found


def pyright(folder: Path) -> Found:
    """pyright, strict. That a mistake is not used for anything is not the mistake we look for."""
    for file in FILES:  # it looks at nothing outside the folder of its settings
        shutil.copy(file, folder)
    settings: dict[str, Any] = {
        "include": [file.name for file in FILES],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "reportUnusedExpression": False,
        "reportUnusedVariable": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    told = json.loads(_run("pyright", "--outputjson", "-p", folder, "--pythonpath", sys.executable))
    found: Found = {file.name: {} for file in FILES}
    for one in told["generalDiagnostics"]:
        if one["severity"] == "error":
            line = one["range"]["start"]["line"] + 1
            found.setdefault(Path(one["file"]).name, {})[line] = one["message"]
    assert told["summary"]["filesAnalyzed"] == len(FILES), told
    return found


CHECKERS = {"mypy": mypy, "pyright": pyright}


def _run(checker: str, *options: object) -> str:
    files = FILES if checker == "mypy" else []
    command = [sys.executable, "-m", checker, *map(str, [*options, *files])]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.stdout, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=CHECKERS)
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    name: str = request.param
    return name, CHECKERS[name](tmp_path_factory.mktemp(name))


def marked(checker: str) -> set[int]:
    lines = MISTAKES.read_text().splitlines()
    found = ((number, MARK.search(line)) for number, line in enumerate(lines, 1))
    return {number for number, mark in found if mark and mark["checker"] in (None, checker)}


def test_what_is_inferred_is_what_is_pinned(checked: tuple[str, Found]) -> None:
    assert checked[1][INFERRED.name] == {}
    assert checked[1][PATTERNS.name] == {}


def test_each_planted_mistake_is_flagged_and_nothing_else(checked: tuple[str, Found]) -> None:
    checker, found = checked
    wanted = marked(checker)
    assert len(wanted) > 70
    assert sorted(wanted - set(found[MISTAKES.name])) == []
    assert {line: said for line, said in found[MISTAKES.name].items() if line not in wanted} == {}


def test_nothing_but_the_mistakes_is_flagged(checked: tuple[str, Found]) -> None:
    others = {file: said for file, said in checked[1].items() if said and file != MISTAKES.name}
    assert others == {}
