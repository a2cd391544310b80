"""examples/slideshow.py as a person sees it: in tmux, on a terminal and in a pipe, and killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import psutil
import pytest

from tests.cli.command import environment, really, smithers
from tests.durability.commands import until

pytestmark = pytest.mark.timeout(300)
SHOW = Path(__file__).parents[2] / "examples" / "slideshow.py"
WITHIN_S = 60
KEYS = "[Enter: next]  [k: kill -9]  [q: quit]"


def typed(folder: Path, lines: str) -> subprocess.CompletedProcess[str]:
    """The show in a pipe, to which these lines are written."""
    return subprocess.run(
        [sys.executable, str(SHOW)],
        cwd=folder,
        env=environment(),
        input=lines,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def answered(folder: Path) -> list[str]:
    """The tasks that have ended, each with its attempts."""
    tasks = smithers(folder, "inspect", "show", "--json").document["tasks"]
    return [f"{one['id']}: {len(one['attempts'])}" for one in tasks if one["state"] == "finished"]


class Tmux:
    """A terminal of 80 columns and 24 rows with a shell, as a person has it."""

    def __init__(self, socket: Path, folder: Path) -> None:
        self.socket, self.folder = socket, folder
        size = ["-x", "80", "-y", "24"]
        self.say("-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), "/bin/sh")

    def say(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-S", str(self.socket), *words],
            env={**environment(), "PS1": "$ ", "TERM": "xterm"},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=True,
        ).stdout

    def types(self, line: str) -> None:
        self.say("send-keys", "-l", line)
        self.say("send-keys", "Enter")

    @property
    def screen(self) -> list[str]:
        return self.say("capture-pane", "-p").splitlines()

    def shows(self, title: str, keys: str = KEYS) -> list[str]:
        """The screen, once it has this title and waits for a key."""
        until(lambda: any(title in line for line in self.screen), title, within_s=WITHIN_S)
        until(lambda: any(line.strip() == keys for line in self.screen), keys, within_s=WITHIN_S)
        return self.screen

    @property
    def program(self) -> psutil.Process:
        """What runs in the shell."""
        [pid] = self.say("list-panes", "-F", "#{pane_pid}").split()
        [child] = psutil.Process(int(pid)).children()
        return child


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed; the next test does the same on a plain terminal")
    with tempfile.TemporaryDirectory() as short:  # the path of a socket is limited
        terminal = Tmux(Path(short) / "tmux", tmp_path)
        try:
            yield terminal
        finally:
            terminal.say("kill-server")


def test_killed_two_slides_in_it_shows_the_third_next_in_tmux(tmux: Tmux) -> None:
    start = f"{sys.executable} {SHOW}"
    tmux.types(f"clear; {start}")
    tmux.shows("1/7  Smithers runs")
    tmux.types("")
    tmux.shows("2/7  The tree")
    tmux.types("")
    third = tmux.shows("3/7  Kill me")
    assert next(line for line in third if line) == "  3/7  Kill me"
    assert third[22:] == [f"  {KEYS}", ""], "the last row stays free: Enter does not scroll"

    tmux.program.send_signal(signal.SIGKILL)
    until(lambda: any("Killed" in line for line in tmux.screen), "the shell's word")
    tmux.types(f"clear; {start}")
    until(lambda: not any("Killed" in line for line in tmux.screen), "another screen")
    assert tmux.shows("3/7  Kill me") == third
    assert answered(tmux.folder) == ["begun: 1", "hello: 0", "tree: 0"]

    tmux.types("")
    fourth = tmux.shows("4/7  Another process, the same show")
    assert f"slide 4 is shown by process {tmux.program.pid}" in "\n".join(fourth)
    tmux.say("resize-window", "-x", "44", "-y", "10")
    until(lambda: len(tmux.screen) == 10, "the other size")
    until(lambda: tmux.screen[8].strip() == KEYS[:43], "the slide in the other size")
    small = tmux.screen
    assert small[0] == "4/7  Another process, the same show"
    assert "…" in small, "what does not fit is left out"
    tmux.say("resize-window", "-x", "80", "-y", "24")
    until(lambda: tmux.screen == fourth, "the slide as it was")


@contextmanager
def on_a_terminal(folder: Path) -> Generator[pexpect.spawn[str]]:
    person: pexpect.spawn[str] = pexpect.spawn(
        sys.executable,
        [str(SHOW)],
        cwd=str(folder),
        env=environment(),
        encoding="utf-8",
        timeout=WITHIN_S,
        dimensions=(24, 80),
    )
    try:
        yield person
    finally:
        person.close(force=True)


def test_killed_by_its_own_key_it_shows_the_third_slide_next_on_a_terminal(tmp_path: Path) -> None:
    with on_a_terminal(tmp_path) as person:
        for title in ("1/7  Smithers", "2/7  The tree"):
            person.expect_exact(title)
            person.expect_exact(KEYS)
            person.sendline("")
        person.expect_exact("3/7  Kill me")
        person.expect_exact(KEYS)
        person.sendline("k")
        person.expect(pexpect.EOF)
        person.close()
        assert person.signalstatus == signal.SIGKILL
    with on_a_terminal(tmp_path) as person:
        person.expect_exact("3/7  Kill me")
        shown = person.before or ""
        assert "1/7" not in shown
        assert "2/7" not in shown
        assert "\x1b[2J" not in shown, "nothing is cleared, so nothing flickers"
        person.expect_exact(KEYS)
        person.sendline("what")
        person.expect_exact("3/7  Kill me")
        person.sendline("q")
        person.expect_exact("The show waits at 3/7 Kill me. Start it again to continue.")
        person.expect(pexpect.EOF)
        person.close()
        assert person.exitstatus == 3
    assert answered(tmp_path) == ["begun: 1", "hello: 0", "tree: 0"]


@pytest.mark.long
def test_in_a_pipe_it_is_plain_text_and_each_line_is_an_answer(tmp_path: Path) -> None:
    none = typed(tmp_path, "")
    assert (none.returncode, none.stderr) == (3, "")
    assert none.stdout.endswith(
        "The show waits at 1/7 Smithers runs the long work of AI agents. "
        "Start it again to continue.\n"
    )
    whole = typed(tmp_path, "\n" * 5 + "people\n\n")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "\x1b" not in whole.stdout
    titles = [line[:3] for line in whole.stdout.splitlines() if line[1:3] == "/7"]
    assert titles == [f"{number}/7" for number in range(1, 8)]
    assert "7/7  A person in the middle" in whole.stdout
    assert "4/7  Another process" in whole.stdout
    again = typed(tmp_path, "")
    assert again.stdout.startswith("\nYou chose people.\n")


@pytest.mark.long
def test_the_commands_drive_the_same_show(tmp_path: Path) -> None:
    assert typed(tmp_path, "\n\n").returncode == 3
    waits = really(tmp_path, "resume", "show")
    assert (waits.code, "3/7  Kill me" in waits.err) == (3, True)
    assert "1/7" not in waits.err
    moved = really(tmp_path, "answer", "show", "kill-me", "--choice", "next", "--resume")
    assert (moved.code, "4/7  Another process" in moved.err) == (3, True)
    assert typed(tmp_path, "").stdout.startswith("4/7  Another process")


def test_an_answer_from_another_terminal_counts(tmp_path: Path) -> None:
    with on_a_terminal(tmp_path) as person:
        person.expect_exact("1/7  Smithers")
        person.expect_exact(KEYS)
        done = really(tmp_path, "answer", "show", "hello", "--choice", "next", "--by", "ann")
        assert done.code == 0, done.err
        person.sendline("")
        person.expect_exact("2/7  The tree")
