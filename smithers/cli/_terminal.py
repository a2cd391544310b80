"""A program on a terminal of its own, shown in the person's: keys go in, its screen comes out.

It gets every key, Ctrl-C too. The size of the window is passed on. It dies with this process, even
where that is killed; one that suspends itself goes on, since there is no shell to do that.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Generator
from typing import TYPE_CHECKING

from smithers.agent import Terminal
from smithers.errors import Refused

if TYPE_CHECKING:
    import pexpect

__all__ = ["show"]

_LOOK_S = 0.25
"""How often it looks whether the program has ended, or has suspended itself."""
_LEAVES_WITHIN_S = 5.0
"""How long a program whose terminal is gone may take to end."""
_RESTS_S = 1.0
_CHUNK = 1 << 16
_OF_THE_TERMINAL = (
    *("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TERMINFO", "TMUX", "NO_COLOR"),
    *("LANG", "LC_ALL", "LC_CTYPE", "EDITOR", "VISUAL"),
)
_TIDY = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\r\n"
"""What a program that ended in peace says by itself: its screen away, the cursor and mouse back."""
_PR_SET_PDEATHSIG = 1


def show(terminal: Terminal) -> int:
    """Run the program until it ends; its exit code, or minus a signal. Raises `Refused`."""
    import pexpect

    told = {name: os.environ[name] for name in _OF_THE_TERMINAL if name in os.environ}
    program, *arguments = terminal.argv
    child: pexpect.spawn[str]
    try:
        child = pexpect.spawn(
            program,
            arguments,
            env={"TERM": "xterm", **told, **terminal.env},
            cwd=str(terminal.cwd),
            dimensions=_size(),
            preexec_fn=_dies_with_us,
        )
    except (pexpect.ExceptionPexpect, OSError) as error:
        raise Refused(f"{program} cannot be started in {terminal.cwd}: {error}") from error
    asks = True
    try:
        with _raw(), _resizing(child):
            _copy(child)
            asks = False
    finally:
        _end(child, asks=asks)
        if child.signalstatus is not None:
            with contextlib.suppress(Refused):
                _write(sys.stdout.fileno(), _TIDY)
        child.close()
    return child.exitstatus if child.exitstatus is not None else -(child.signalstatus or 0)


def _copy(child: pexpect.spawn[str]) -> None:
    """Pass keys and screen on until the program has ended, or has let go of its terminal.

    What is typed is kept until the program takes it: one that waits for its screen to be read does
    not, and neither of us would ever move.
    """
    screen, keyboard, kept = child.child_fd, sys.stdin.fileno(), b""
    os.set_blocking(screen, False)
    look_at = 0.0
    while True:
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + _LOOK_S
            if not _goes_on(child):
                _show_rest(screen)
                return
        wanted = [screen] if kept else []
        ready, takes, _ = select.select([screen, keyboard], wanted, [], _LOOK_S)
        if screen in ready:
            if (shown := _read(screen)) is None:
                return
            _write(sys.stdout.fileno(), shown)
        if keyboard in ready:
            if (typed := _read(keyboard)) is None:
                raise Refused("the terminal was closed")
            kept += typed
        if takes and kept:
            with contextlib.suppress(BlockingIOError):
                kept = kept[os.write(screen, kept) :]


def _show_rest(screen: int) -> None:
    """What a program that has ended had left to say; others may go on to write there."""
    end = time.monotonic() + _RESTS_S
    while select.select([screen], [], [], 0)[0] and time.monotonic() < end:
        if not (shown := _read(screen)):
            return
        _write(sys.stdout.fileno(), shown)


def _read(terminal: int) -> bytes | None:
    """What is shown, or typed; None once nobody is at the other end any more."""
    try:
        return os.read(terminal, _CHUNK) or None
    except BlockingIOError:
        return b""
    except OSError:  # so says Linux
        return None


def _goes_on(child: pexpect.spawn[str]) -> bool:
    """Whether the program lives. One that has suspended itself is told to go on."""
    import psutil

    if child.pid is None or not child.isalive():
        return False
    with contextlib.suppress(psutil.Error, OSError):
        if psutil.Process(child.pid).status() == psutil.STATUS_STOPPED:
            os.killpg(child.pid, signal.SIGCONT)
    return True


def _end(child: pexpect.spawn[str], *, asks: bool) -> None:
    """Wait for the end of the program, which is killed if it takes long. `asks`: it is told first
    that its terminal is gone.
    """
    for number in (signal.SIGHUP, signal.SIGCONT) if asks else ():
        child.kill(number)
    end = time.monotonic() + _LEAVES_WITHIN_S
    while child.isalive() and time.monotonic() < end:
        if select.select([child.child_fd], [], [], 0.05)[0] and _read(child.child_fd) is None:
            time.sleep(0.05)
    if child.isalive():
        child.kill(signal.SIGKILL)
        child.wait()


@contextlib.contextmanager
def _raw() -> Generator[None]:
    """Every key goes to the program as it is."""
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setraw(keyboard)
        yield
    finally:
        with contextlib.suppress(termios.error):  # it is gone
            termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)


@contextlib.contextmanager
def _resizing(child: pexpect.spawn[str]) -> Generator[None]:
    """The program's window is as large as the person's."""

    def on_change(number: int, frame: object) -> None:
        with contextlib.suppress(OSError):
            child.setwinsize(*_size())  # pyright: ignore[reportUnknownMemberType]  # untyped there

    before = signal.signal(signal.SIGWINCH, on_change)
    on_change(signal.SIGWINCH, None)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def _size() -> tuple[int, int]:
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    return lines or 24, columns or 80


def _write(file: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(file, data) :]
    except OSError as error:
        raise Refused("the terminal was closed") from error


def _dies_with_us() -> None:
    """In the program's process, before it starts: Linux kills it when we end, however we do."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
