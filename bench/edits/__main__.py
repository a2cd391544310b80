"""What runs again after an edit, in Smithers and in Claude Code's Dynamic Workflows, as a table.

Five calls of an agent: a, b and c at once, then d that reads b, then e that reads none of them. The
run has ended, or is killed with SIGKILL while d is at work. Then a prompt is edited, and the run is
continued in the tool's own way: `smithers resume RUN --rerun-changed`, and `Workflow` with
`resumeFromRunId`, called by a scripted model. `make live-smoke` installs Claude Code; name it with
--claude PATH, or leave it out to measure Smithers alone. With --docs the table is written into
docs/compare.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.edits.dynamic import Dynamic, version
from bench.measuring import ROOT

__all__ = ["SCENARIOS", "Smithers", "main"]

FLOW = Path(__file__).parent / "five_calls.py"
COMPARE = ROOT / "docs" / "compare.md"
START, END = "<!-- written by: python -m bench.edits --docs -->", "<!-- end of what it wrote -->"
_WITHIN_S = 60.0


class Smithers:
    """A folder with our flow, of which one run has begun."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(FLOW, folder)

    def begin(self, *, kill_in_d: bool = False) -> list[str]:
        """Run it to its end, or kill it while d is at work; which calls were made."""
        start = ("up", FLOW.name, "--run-id", "r1")
        if not kill_in_d:
            return self._run(*start)
        (self.folder / "hang").touch()
        child = subprocess.Popen(self._command(*start), cwd=self.folder, stderr=subprocess.PIPE)
        until = time.monotonic() + _WITHIN_S
        while "d" not in self._calls() and time.monotonic() < until:
            time.sleep(0.05)
        child.kill()
        child.communicate()
        (self.folder / "hang").unlink()
        return self._taken()

    def edit(self, word: str) -> None:
        """Change the prompt of a call."""
        file = self.folder / FLOW.name
        text = file.read_text()
        assert f"CALL-{word} first" in text
        file.write_text(text.replace(f"CALL-{word} first", f"CALL-{word} second"))

    def again(self, *, rerun: bool = True) -> list[str]:
        """Go on in another process; which calls were made."""
        return self._run("resume", "r1", *["--rerun-changed"][: 1 if rerun else 0])

    def _run(self, *arguments: str) -> list[str]:
        subprocess.run(
            self._command(*arguments),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_WITHIN_S,
            check=True,
        )
        return self._taken()

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "smithers", *arguments]

    def _calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().split() if file.exists() else []

    def _taken(self) -> list[str]:
        """The calls since the last time."""
        calls = self._calls()
        (self.folder / "calls").unlink(missing_ok=True)
        return calls


@contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="smithers-edits-") as name:
        yield Path(name)


def _ours(*edited: str, kill_in_d: bool = False, rerun: bool = True) -> list[str]:
    with _folder() as folder:
        ours = Smithers(folder)
        begun = ours.begin(kill_in_d=kill_in_d)
        for word in edited:
            ours.edit(word)
        return [call for call in ours.again(rerun=rerun) if call in begun]


def _theirs(
    program: str, *edited: str, kill_in_d: bool = False, same_session: bool = True
) -> list[str]:
    with _folder() as folder:
        theirs = Dynamic(program, folder)
        begun = theirs.begin(kill_in_d=kill_in_d)
        for word in edited:
            theirs.edit(word)
        return [call for call in theirs.again(same_session=same_session) if call in begun]


_Ours = Callable[[], list[str]]
_Theirs = Callable[[str], list[str]]
SCENARIOS: dict[str, tuple[_Ours, _Theirs]] = {
    "a edited, which nobody reads": (lambda: _ours("a"), lambda claude: _theirs(claude, "a")),
    "b edited, which d reads": (lambda: _ours("b"), lambda claude: _theirs(claude, "b")),
    "b edited, and not asked for": (
        lambda: _ours("b", rerun=False),
        lambda claude: _theirs(claude, "b"),
    ),
    "killed with SIGKILL when 3 of 4 had finished": (
        lambda: _ours(kill_in_d=True, rerun=False),
        lambda claude: _theirs(claude, kill_in_d=True),
    ),
}
"""What happens, and which of the calls that had begun run again."""


def _cell(calls: list[str]) -> str:
    return f"{len(calls)} ({', '.join(sorted(calls))})" if calls else "0"


def table(claude: str | None) -> Iterator[str]:
    yield "| which of the calls run again | Smithers | Dynamic Workflows |"
    yield "|---|---|---|"
    for what, (ours, theirs) in SCENARIOS.items():
        beside = "not measured" if claude is None else _cell(theirs(claude))
        yield f"| {what} | {_cell(ours())} | {beside} |"
    yield ""
    with_it = "" if claude is None else f", with {version(claude)}"
    yield f"Measured on {datetime.now(UTC):%Y-%m-%d}{with_it}."


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.edits", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--claude", metavar="PATH", help="the program of Claude Code")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/compare.md")
    asked = parser.parse_args()
    lines: list[str] = []
    for line in table(asked.claude):
        print(line, flush=True)
        lines.append(line)
    if asked.docs:
        before, rest = COMPARE.read_text().split(START)
        _, after = rest.split(END)
        COMPARE.write_text("\n".join([f"{before}{START}", *lines, f"{END}{after}"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
