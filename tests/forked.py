"""Our modules in real processes of their own that had the imports already, forked by one process.

A start costs half a second of processor time, most of it for imports, and tests need a thousand. A
process that is forked here is a child of the one that asked for it, with a pid, streams, variables,
a folder and an end as if it had been started; but `/proc` shows the command line and the variables
of the process that it was forked from. What is not `python -m` of ours, or is for another Python,
is started; and so is everything where there is no `CLONE_PARENT`.
"""

# What Python does at its end, and what starts a program in Popen, has no public name.
# pyright: reportPrivateUsage=false, reportAttributeAccessIssue=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import json
import os
import platform
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

__all__ = ["Forked", "Started"]

Started = subprocess.Popen
"""Starts what a test is about the start of."""

_ROOT = Path(__file__).parents[1]
_CLONE_PARENT = 0x8000
_CLONE = {"x86_64": 56, "aarch64": 220}.get(platform.machine())
"""The number of the system call."""
_MODULES = ("smithers", "smithers.engine.describing")
_MOST_BYTES = 1 << 17
_OPTIONS = ("-P", "-m")
_ONE_BY_ONE = threading.Lock()


class Forked(subprocess.Popen[Any]):
    """A process like any other; one of ours is forked, if it can be."""

    was_forked = False

    def _execute_child(self, *given: Any) -> None:
        """What `Popen` calls to start the program, once it has made the pipes."""
        arguments, cwd, env, own_session = given[0], given[5], given[6], given[-2]
        ends = given[10:16]
        is_plain = given[2] is None and not given[4] and given[-1] == -1
        request = _request(arguments, cwd, env, own_session=own_session) if is_plain else None
        if request is None or (pid := _ask(request, ends)) is None:
            super()._execute_child(*given)  # type: ignore[misc]
            return
        self.pid, self.was_forked = pid, True
        self._child_created = True
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]


def _request(
    arguments: object, cwd: object, env: Mapping[str, str] | None, *, own_session: bool
) -> dict[str, Any] | None:
    """What is to be forked; None if it is to be started."""
    if not isinstance(arguments, list | tuple) or arguments[0] != sys.executable:
        return None
    words = [str(one) for one in cast("Sequence[object]", arguments)[1:]]
    options = words[: words.index("-m") + 1] if "-m" in words else []
    module, given = words[len(options) :][:1], words[len(options) + 1 :]
    variables = dict(os.environ if env is None else env)
    is_ours = bool(options) and {*options} <= {*_OPTIONS} and {*module} <= {*_MODULES}
    if not module or not is_ours or _at_start(variables) != _NURSERY:
        return None
    if given[:1] == ["mcp"]:  # it imports much beside, and tests find it by its command line
        return None
    return {
        "module": module[0],
        "arguments": given,
        "is_safe": "-P" in options,
        "folder": str(cwd or Path.cwd()),
        "environment": variables,
        "own_session": own_session,
    }


def _at_start(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that are read when a process starts."""
    return {name: text for name, text in variables.items() if name.startswith(("PYTHON", "LD_"))}


_NURSERY = _at_start(os.environ)


def _ask(request: Mapping[str, Any], ends: Sequence[int]) -> int | None:
    """The pid of what was forked, with the child's ends of the pipes as its streams."""
    message = json.dumps(request).encode()
    if len(message) > _MOST_BYTES:
        return None
    inner = (ends[0], ends[3], ends[5])
    fds = [number if end == -1 else end for number, end in enumerate(inner)]
    with _ONE_BY_ONE:
        if (nursery := _nursery()) is None:
            return None
        socket.send_fds(nursery, [message], fds)
        return int(nursery.recv(64)) or None


@functools.cache
def _nursery() -> socket.socket | None:
    if sys.platform != "linux" or _CLONE is None:
        return None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(theirs.fileno())],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    atexit.register(_end, process, ours)
    return ours


def _end(process: subprocess.Popen[bytes], ours: socket.socket) -> None:
    ours.close()
    with process:
        process.kill()


# -- in the process that forks


def serve(asked: socket.socket) -> None:
    """Fork what is asked for, until nobody can ask any longer."""
    from tests.cli.nursery import build_once, import_once, parse_once

    import_once("harnesses.claude_code", "psutil", "jsonschema")
    parse_once(Path(__file__).with_name("cli").glob("*flows.py"))
    build_once()
    system = ctypes.PyDLL(None, use_errno=True)
    while True:
        message, fds, _, _ = socket.recv_fds(asked, _MOST_BYTES + 1, 3)
        if not message:
            return
        ctypes.pythonapi.PyOS_BeforeFork()
        pid = system.syscall(_CLONE, _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
        if pid == 0:
            ctypes.pythonapi.PyOS_AfterFork_Child()
            _become(json.loads(message), fds)
        ctypes.pythonapi.PyOS_AfterFork_Parent()
        for fd in fds:
            os.close(fd)
        asked.send(str(max(pid, 0)).encode())


def _become(request: dict[str, Any], fds: list[int]) -> None:
    """Do in this process what `python -m` does."""
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    if request["own_session"]:
        os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["module"], *request["arguments"]]
    sys.orig_argv = [sys.executable, "-m", *sys.argv]
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    sys.path[0:1] = [] if request["is_safe"] else [request["folder"]]
    if "." in request["module"]:  # it may be imported; a package stays, its `__main__` is run
        sys.modules.pop(request["module"], None)
    code: object = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    if not isinstance(code, int | None):
        sys.stderr.write(f"{code}\n")
        code = 1
    _end_as_python_does()
    os._exit(code or 0)


def _end_as_python_does() -> None:
    """Wait for threads, call what was registered, and write what is left."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
