"""The signals that end a command: SIGINT, SIGTERM and SIGHUP, each with the exit code 128 + number.

From its first line on a command is interrupted by the first of them, unless it says what happens
instead (`handled`), as one that drives a run does. A second one ends the process at once. SIGHUP
that was ignored when the process started, as by `nohup`, stays ignored.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Generator
from types import FrameType

__all__ = ["ENDING", "SIGNALS", "EndingSignals", "Interrupted"]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HANGUP_S = 1.0
"""A terminal that closes sends SIGHUP twice, by itself and by its shell: within this time it is one
event.
"""


class Interrupted(KeyboardInterrupt):
    """A signal ends this command. It is a KeyboardInterrupt, which event loops let through."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


class EndingSignals:
    """What this process does about the signals that end it. `got` is the first that came."""

    def __init__(self) -> None:
        self.got: signal.Signals | None = None
        self.raised: Interrupted | None = None
        """The interruption of the command, until somebody has dealt with it."""
        self._got_at = 0.0
        self._seconds = 0
        self._first: Callable[[int], None] = self.interrupt
        self._last: Callable[[], None] | None = None

    def catch(self) -> None:
        """Catch them, from now on."""
        for number in ENDING:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        report = sys.unraisablehook

        def unraisable(caught: sys.UnraisableHookArgs) -> None:
            # Python ignores exceptions in its callbacks; the command still sees `raised`.
            if not isinstance(caught.exc_value, Interrupted):
                report(caught)

        sys.unraisablehook = unraisable

    @contextlib.contextmanager
    def handled(
        self, first: Callable[[int], None], last: Callable[[], None] | None = None
    ) -> Generator[None]:
        """Inside, `first` is called with the first signal in place of an interruption, and `last`
        before a second one ends the process.
        """
        before = self._first, self._last
        self._first, self._last = first, last
        try:
            yield
        finally:
            self._first, self._last = before

    def interrupt(self, number: int) -> None:
        """Raise `Interrupted` here."""
        self.raised = Interrupted(number)
        raise self.raised

    def exit(self, number: int) -> None:
        """End the process: there is nothing to be put in order."""
        os._exit(128 + number)

    def note(self, number: int) -> None:
        """Let the command end by itself, which it is about to do; its exit code tells of it."""

    def final_code(self, code: int) -> int:
        """The exit code of the process. From here on a signal ends it at once."""
        self._first = self.exit
        return code if self.got is None else 128 + self.got

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self.got is None:
            self.got, self._got_at = signal.Signals(number), time.monotonic()
            self._first(number)
        elif not (number == self.got == signal.SIGHUP and self._is_same_hangup()):
            self._second(number)

    def _is_same_hangup(self) -> bool:
        return time.monotonic() - self._got_at < _HANGUP_S

    def _second(self, number: int) -> None:
        self._seconds += 1
        if self._seconds == 1 and self._last is not None:
            with contextlib.suppress(Exception):
                self._last()
        os._exit(128 + number)


SIGNALS = EndingSignals()
"""Those of this process, which has one set of them."""
