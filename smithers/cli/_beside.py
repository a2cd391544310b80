"""`up --serve`: a server beside a run, which ends with the command."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from typing import IO, Any

from smithers.cli._failures import code_of
from smithers.cli._places import Place
from smithers.cli._streams import say
from smithers.errors import Refused
from smithers.hub import Hub
from smithers.values import dataclass

__all__ = ["OPENS", "serve_beside"]

OPENS = "its pages open in a browser with `smithers ui`"
"""What to type once a server is there."""

_BEGINS_S, _ENDS_S = 30.0, 15.0
_APART = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
"""The server must not be below the process that drives the run: such a process may decide nothing.
So what starts it is gone at once. It is in another session, since Ctrl-C is for the run.
"""


@dataclass(frozen=True, kw_only=True)
class _Beside:
    """A server whose standard input ends with this process, however that ends, and so does it."""

    url: str
    token_file: str
    pid: int
    out: IO[bytes]


def serve_beside(
    where: Place, port: int, drive: Callable[[], int], *, metrics: bool = False
) -> int:
    """Do what drives a run while a server answers; the exit code. A run that waits is answered over
    HTTP, so this stays then until a signal comes. `metrics`: it tells how they are read.
    """
    with _serving(where, port, metrics=metrics) as server:
        say(f"serving {server.url}; your programs' token is in {server.token_file}")
        say(Hub(where.path).complete(OPENS))
        code = drive()
        if code == code_of("waiting"):
            say(f"the run waits: {server.url} answers until Ctrl-C")
            server.out.read()  # which has an end when the server has
            say("the server has ended")
        return code


@contextlib.contextmanager
def _serving(where: Place, port: int, *, metrics: bool) -> Generator[_Beside]:
    serve = [sys.executable, "-P", "-m", "smithers", "serve", "--json", "--with-input"]
    serve += ["--port", str(port), "--db", str(where.path.absolute())]
    serve += ["--metrics"] if metrics else []
    command = [sys.executable, "-I", "-S", "-c", _APART, *serve]
    given, life = os.pipe()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, life)
        try:
            starting = subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE)
        finally:
            os.close(given)
        assert starting.stdout is not None
        out = stack.enter_context(starting.stdout)
        starting.wait()
        told = _first_line(out)
        server = _Beside(url=told["url"], token_file=told["token_file"], pid=told["pid"], out=out)
        stack.pop_all()
    try:
        yield server
    finally:
        os.close(life)
        with out:
            _await_end(server)


def _first_line(out: IO[bytes]) -> dict[str, Any]:
    ready, _, _ = select.select([out], [], [], _BEGINS_S)
    line = out.readline() if ready else b""
    told: dict[str, Any] = json.loads(line) if line else {}
    if "url" in told:
        return told
    error: dict[str, Any] = told.get("error") or {}
    raise Refused(error.get("message", "the server did not start"), hint=error.get("hint") or "")


def _await_end(server: _Beside) -> None:
    """Wait until the server is gone; one that does not go is killed."""
    ready, _, _ = select.select([server.out], [], [], _ENDS_S)
    if not ready:
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGKILL)
