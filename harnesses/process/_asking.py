"""A short question to a program, such as its version: bounded in time, and nothing of it survives.

It runs under the same guard as an agent does, so a program that hangs, or leaves children behind,
is killed with all of them.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smithers.host import guard_command

__all__ = ["Answer", "asked"]

_MOST_BYTES = 65_536
_GUARD_S = 6.0
"""How long the guard may take for its sweep, which gives up after four seconds."""


@dataclass(frozen=True)
class Answer:
    """What a program said. `code` is negative for a signal, None where its time was up."""

    code: int | None
    out: str
    err: str


def asked(words: Sequence[str], env: Mapping[str, str], *, within_s: float) -> Answer:
    """Run a program to its end, or for `within_s` seconds, in a folder that is nobody's.

    Raises `OSError` where not even its guard can be started.
    """
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        told, control = os.pipe()
    except OSError:
        os.close(nothing)
        raise
    command = [*guard_command(told, nothing), *words]
    try:
        child = subprocess.Popen(
            command,
            cwd="/",
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(told, nothing),
            start_new_session=True,
            bufsize=0,
        )
    except BaseException:
        os.close(control)
        raise
    finally:
        os.close(told)
        os.close(nothing)
    until = time.monotonic() + within_s
    with child:
        try:
            out, err = _read(child, until)
            code = _waited(child, until - time.monotonic())
        finally:
            os.close(control)  # the guard sees the end of the pipe, and kills what is left
            if _waited(child, _GUARD_S) is None:
                child.kill()
    return Answer(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def _waited(child: subprocess.Popen[bytes], within_s: float) -> int | None:
    """How it ended, or None where it has not in time."""
    try:
        return child.wait(max(within_s, 0))
    except subprocess.TimeoutExpired:
        return None


def _read(child: subprocess.Popen[bytes], until: float) -> tuple[bytes, bytes]:
    """Both streams to their ends, or as far as they came in time; the first of each is kept."""
    assert child.stdout is not None
    assert child.stderr is not None
    streams = (child.stdout.fileno(), child.stderr.fileno())
    found = dict.fromkeys(streams, b"")
    waiting = list(streams)
    while waiting and (left := until - time.monotonic()) > 0:
        for fd in select.select(waiting, [], [], left)[0]:
            if data := os.read(fd, _MOST_BYTES):
                found[fd] = (found[fd] + data)[:_MOST_BYTES]
            else:
                waiting.remove(fd)
    return found[streams[0]], found[streams[1]]
