"""Process 1 of a container: it collects orphans, while the command runs in a child of it.

In a container the kernel gives every process that lost its parent to process 1. If that were the
command itself, nobody would collect them when they end: the command cannot wait for just any child,
since the exit codes of its own children belong to others. So process 1 does nothing else. It passes
signals on to the command, and ends with its code.
"""

from __future__ import annotations

import os
import signal

__all__ = ["run_as_child"]

_FORWARDED = {
    *(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1),
    *(signal.SIGUSR2, signal.SIGWINCH, signal.SIGCONT),
}
_SI_KERNEL = 0x80
"""A signal of the terminal: every process in its foreground has got it already."""


def run_as_child() -> None:
    """Return in a new process; this one stays until that has ended, and ends with its code."""
    waited = {*_FORWARDED, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    command = os.fork()
    if command == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    while True:
        received = signal.sigwaitinfo(waited)
        if received.si_signo != signal.SIGCHLD:
            if received.si_code != _SI_KERNEL:
                os.kill(command, received.si_signo)
        elif (status := _collect(command)) is not None:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _collect(command: int) -> int | None:
    """Collect every child that has ended; the wait status of the command, if it is one of them."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == command:
            return status
        if pid == 0:
            return None
