"""A process that has imported the command already, and forks one that runs it for each request.

Start-up is most of what a command costs; here it is paid once, so that thousands of commands can be
started and killed. Any number run at once. Requests and answers are JSON lines on stdin and stdout:
the pid of a command when it was forked, and its exit code when it has ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from smithers.cli import main
from tests.cli.nursery import build_once, import_once, parse_once
from tests.trust.altered import alter

__all__ = ["serve"]

_WORK = ("examples", "flow_examples", "flows", "kinds", "patterns", "sentences", "workers")
"""The files of steps."""
_PR_SET_PDEATHSIG, _PR_SET_PTRACER = 1, 0x59616D61


def serve() -> None:
    """Run what is asked for until stdin ends."""
    import_once("psutil", "tests.trust.examples", "jsonschema")
    parse_once(Path(__file__).with_name(f"{name}.py") for name in _WORK)
    build_once()
    asked, woken, wake = b"", *os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, _woken)
    running: dict[int, int] = {}
    while True:
        readable, _, _ = select.select([0, woken], [], [])
        if woken in readable:
            os.read(woken, 4096)
            _tell_ended(running)
        if 0 not in readable:
            continue
        if not (more := os.read(0, 1 << 16)):
            return
        *lines, asked = (asked + more).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if (pid := os.fork()) == 0:
                _run(request)
            running[pid] = request["id"]
            _tell({"id": request["id"], "pid": pid})


def _woken(_number: int, _frame: FrameType | None) -> None:
    """The number comes through the pipe."""


def _tell(answer: dict[str, int]) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


def _tell_ended(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        _tell({"id": running.pop(pid), "code": os.waitstatus_to_exitcode(status)})


def _run(request: dict[str, Any]) -> None:
    """The command, in the child: it does not return, and does not outlive the nursery."""
    code: object = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        system = ctypes.CDLL(None)
        system.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        for fd, name, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (2, request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ):
            os.dup2(os.open(name, flags, 0o600), fd)
        for name in request["altered"]:
            alter(name)
        sys.argv = ["smithers", *request["arguments"]]
        if request["traced"]:
            system.prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1 & (2**64 - 1)))
            _until(lambda: "TracerPid:\t0\n" not in Path("/proc/self/status").read_text())
        if request["gate"]:
            _until(Path(request["gate"]).exists)
        main()
    except SystemExit as done:
        code = done.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        if time.monotonic() > end:
            os._exit(71)
        time.sleep(0.001)


if __name__ == "__main__":
    serve()
