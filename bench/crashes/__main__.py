"""What runs again after a crash, a failure or an edit, in Smithers and other tools, as a table.

Five steps in sequence leave a line at each call. While the third one is at work the process is
killed, or the step fails; then the run is continued in the tool's own way. The table has how often
each step was called, and the last words of a run that did not continue. `make bench` installs the
other tools. With `--docs` the table is written into docs/compare.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.__main__ import into
from bench.measuring import ROOT
from bench.rows.row import PEERS_PYTHON
from bench.table import setting

__all__ = ["COMPARE", "SCENARIOS", "TOOLS", "main"]

HERE = Path(__file__).parent
COMPARE = ROOT / "docs" / "compare.md"
NAMES = ("one", "new", "two", "three", "four", "five")
_WITHIN_S = 20.0


@dataclass(frozen=True)
class Tool:
    """How a run of it is begun, and continued."""

    name: str
    file: str
    begin: tuple[str, ...]
    again: tuple[str, ...]


def _peer(name: str) -> Tool:
    file = f"{name.lower()}_flow.py"
    python = (str(PEERS_PYTHON), file)
    return Tool(name, file, (*python, "begin"), (*python, "again"))


_SMITHERS = (sys.executable, "-m", "smithers")
TOOLS = (
    Tool(
        "Smithers",
        "smithers_flow.py",
        (*_SMITHERS, "up", "smithers_flow.py", "--run-id", "r1"),
        (*_SMITHERS, "resume", "r1"),
    ),
    _peer("DBOS"),
    _peer("LangGraph"),
)


class Site:
    """A folder with the flow of one tool, and what was called in it."""

    def __init__(self, tool: Tool, folder: Path, within_s: float = _WITHIN_S) -> None:
        self.tool, self.folder, self.within_s = tool, folder, within_s
        for file in ("calls.py", tool.file):
            shutil.copy(HERE / file, folder)

    def start(self, command: tuple[str, ...]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def begin_and_kill(self) -> None:
        with self.switch("hang"):
            child = self.start(self.tool.begin)
            until = time.monotonic() + self.within_s
            while "three" not in self.calls() and time.monotonic() < until:
                time.sleep(0.05)
            child.kill()
            child.communicate()

    @contextmanager
    def switch(self, name: str) -> Generator[None]:
        file = self.folder / name
        file.touch()
        yield
        file.unlink()

    def edit(self) -> None:
        """A new step after the first one, which is done."""
        file = self.folder / self.tool.file
        text = file.read_text()
        assert "# step(" in text or "# NAMES" in text
        file.write_text(text.replace("# step(", "step(").replace("# NAMES", "NAMES"))

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().split() if file.exists() else []

    def told(self, children: list[subprocess.Popen[str]]) -> str:
        """How often each step was called, and why a run did not come to its end."""
        ends = [_end(child, self.within_s) for child in children]
        calls = self.calls()
        counts = ", ".join(f"{name} {calls.count(name)}" for name in NAMES if name in calls)
        if any(end == "" for end in ends):
            return counts
        return f"{counts}; then {ends[0]}"


def _end(child: subprocess.Popen[str], within_s: float) -> str:
    """Empty if the run came to its end, else the last words."""
    try:
        out, err = child.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return f"nothing for {within_s:g} s"
    if child.returncode == 0 and out.strip().endswith("five"):
        return ""
    return f"`{(err.strip() or out.strip()).splitlines()[-1][:100]}`"


def _killed(site: Site) -> str:
    site.begin_and_kill()
    return site.told([site.start(site.tool.again)])


def _twice(site: Site) -> str:
    site.begin_and_kill()
    with site.switch("slow"):  # so that both are there before step three is done
        return site.told([site.start(site.tool.again) for _ in range(2)])


def _failed(site: Site) -> str:
    with site.switch("fail"):
        site.start(site.tool.begin).communicate(timeout=site.within_s)
    return site.told([site.start(site.tool.again)])


def _edited(site: Site) -> str:
    site.begin_and_kill()
    site.edit()
    return site.told([site.start(site.tool.again)])


SCENARIOS: dict[str, Callable[[Site], str]] = {
    "killed with SIGKILL in step three, then continued": _killed,
    "the same, continued by two processes at once": _twice,
    "step three failed; its cause is removed, then continued": _failed,
    "killed in step three; a step is inserted after step one, then continued": _edited,
}


def table(tools: tuple[Tool, ...] = TOOLS) -> Iterator[str]:
    yield f"| calls of each step | {' | '.join(tool.name for tool in tools)} |"
    yield "|---|" + "---|" * len(tools)
    for what, scenario in SCENARIOS.items():
        cells: list[str] = []
        for tool in tools:
            with tempfile.TemporaryDirectory(prefix="smithers-crashes-") as folder:
                cells.append(scenario(Site(tool, Path(folder))))
        yield f"| {what} | {' | '.join(cells)} |"
    yield ""
    yield setting()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.crashes", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--docs", action="store_true", help="write the table into docs/compare.md")
    asked = parser.parse_args()
    if not PEERS_PYTHON.exists():
        parser.error("the other tools are not installed: type make bench")
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="smithers-bench-") as state:
        os.environ["XDG_STATE_HOME"] = state  # what is measured is trusted there, not by the user
        for line in table():
            print(line, flush=True)
            lines.append(line)
    if asked.docs:
        COMPARE.write_text(into(COMPARE.read_text(), "\n".join(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
