"""What a process that looks at a workflow may not do, from when it calls `confine`.

It has no network, by a separate namespace if the system permits one, and it writes only below its
folder, by Landlock if the kernel has it. In any case an audit hook refuses sockets, programs and
writes, and names the author's line. A hook stops what Python code does by mistake, not code that
means harm.
"""

from __future__ import annotations

import _posixsubprocess
import ctypes
import faulthandler
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType
from typing import IO, Any, Literal, NoReturn, cast
from urllib.parse import parse_qs, unquote, urlsplit

from smithers.checks._findings import Finding
from smithers.checks._landlock import allow_writes_only
from smithers.engine.loading import is_authors
from smithers.errors import Place
from smithers.values import dataclass

__all__ = [
    "ASKED_SIGNAL",
    "REFUSALS",
    "TIME_SIGNAL",
    "Confined",
    "Limits",
    "RefusedHere",
    "confine",
]

REFUSALS = ("exits", "network", "programs", "time", "writes")
"""The rules of what was refused."""
Network = Literal["namespace", "audit hook"]
Writes = Literal["landlock", "audit hook"]
TIME_SIGNAL, ASKED_SIGNAL = signal.SIGXCPU, signal.SIGUSR1
"""By the first the system ends a process whose CPU time is over; by the second it is asked where it
is. Both are answered in C, so code that never comes back to Python is found too.
"""
_sleep = time.sleep
_raise_signal = signal.raise_signal
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NULL = (os.devnull, "/dev/tty")
_PROGRAMS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn"}
    | {"os.spawn", "os.kill", "os.killpg", "pty.spawn", "os.startfile", "signal.pthread_kill"}
)
_SOCKETS = frozenset(
    {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"}
    | {"socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)
_PATHS: dict[str, tuple[tuple[int, int | None], ...]] = {
    **dict.fromkeys(("os.remove", "os.rmdir"), ((0, 1),)),
    **dict.fromkeys(("os.mkdir", "os.chmod"), ((0, 2),)),
    **dict.fromkeys(("os.chown", "os.utime"), ((0, 3),)),
    **dict.fromkeys(("os.truncate", "os.setxattr", "os.removexattr", "os.chflags"), ((0, None),)),
    **dict.fromkeys(("os.rename", "os.link"), ((0, 2), (1, 3))),
    "os.symlink": ((1, 2),),
}
"""Where the arguments of an event have a path that is changed, and the folder that it is in."""
_STREAMS = "smithers.store.files"
_HOW = "move it into a Step or a Command: importing the file and building the tree should do"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a look at a workflow may take: seconds of CPU time and of waiting, and memory. On a
    busy machine one of a few seconds of CPU time takes many, so what loops is ended by the first.
    """

    cpu_s: int = 10
    wall_s: float = 60.0
    memory_bytes: int = 4 << 30


class RefusedHere(PermissionError):
    """The process that looks at a workflow may not do this."""

    def __init__(self, said: str, rule: str, hint: str) -> None:
        super().__init__(said)
        self.rule, self.hint = rule, hint


@dataclass(frozen=True, kw_only=True)
class Confined:
    """What holds a process back from the network, and from writes outside of its folder."""

    network: Network
    writes: Writes


def confine(
    limits: Limits, folder: Path, crash: IO[str], report: Callable[[Finding], None]
) -> Confined:
    """Limit this process. `crash` gets the lines at which it is ended, `report` what the author's
    code below `folder` was refused.
    """
    faulthandler.enable(crash, all_threads=False)
    faulthandler.register(TIME_SIGNAL, crash, all_threads=False, chain=True)
    faulthandler.register(ASKED_SIGNAL, crash, all_threads=False)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 2)
    network: Network = "namespace" if _leave_network() else "audit hook"
    own = os.path.realpath(tempfile.gettempdir())
    writes: Writes = "landlock" if allow_writes_only(own, _NULL) else "audit hook"
    _Refusing(folder, own, report).install()
    return Confined(network=network, writes=writes)


def _limit(which: int, soft: int, hard: int | None = None) -> None:
    now = resource.getrlimit(which)[1]
    wanted = soft if hard is None else hard
    most = wanted if now == resource.RLIM_INFINITY else min(wanted, now)
    try:
        resource.setrlimit(which, (min(soft, most), most))
    except (OSError, ValueError):  # macOS has no limit of the address space
        return


def _leave_network() -> bool:
    """Enter a network without interfaces, if the system permits it."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    try:
        if libc.unshare(_CLONE_NEWNET) == 0:
            return True
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
            return False
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except (AttributeError, OSError):
        return False
    return True


class _Refusing:
    """The audit hook. It tells what the author's own code did, and not what a package that it
    imports tries, which may do without.
    """

    def __init__(self, folder: Path, own: str, report: Callable[[Finding], None]) -> None:
        self._folder, self._report = folder, report
        self._own = os.path.join(own, "")

    def install(self) -> None:
        sys.addaudithook(self.hear)
        of_no_event: tuple[tuple[ModuleType, str, Callable[..., object]], ...] = (
            (os, "_exit", self.exit),
            (os, "mkfifo", self.making("os.mkfifo", os.mkfifo)),
            (os, "mknod", self.making("os.mknod", os.mknod)),
            (signal, "raise_signal", self.raise_signal),
            (time, "sleep", self.sleep),
            (_posixsubprocess, "fork_exec", self.start),  # by it, multiprocessing
        )
        with suppress(ImportError):  # a system without shared memory
            setattr(import_module("_posixshmem"), "shm_open", self.share)  # noqa: B010
        with suppress(ImportError, AttributeError):
            locks: Any = import_module("_multiprocessing")
            refusing: dict[str, Any] = {"__new__": self.lock}
            locks.SemLock = type("SemLock", (locks.SemLock,), refusing)
        for module, name, function in of_no_event:
            setattr(module, name, function)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if (flags & _WRITES or _writes(mode)) and self._is_outside(path):
                self._refuse_write(f"a write to {os.fspath(path)!r}")
        elif event in _PATHS:
            for where, at in _PATHS[event]:
                folder = -1 if at is None else arguments[at]
                if self._is_outside(arguments[where], folder):
                    self._refuse_write(f"{event} of {arguments[where]!r}")
        elif event == "sqlite3.connect":
            if (path := _database(arguments[0])) and self._is_outside(path):
                self._refuse_write(f"a write to the database {path!r}")
        elif event in _PROGRAMS:
            said = f"{event} ({_shown(arguments[0])})" if arguments else event
            self._refuse("programs", said, f"{_HOW} no work")
        elif event in _SOCKETS:
            to = next(one for one in arguments if not hasattr(one, "fileno"))  # where, or a host
            self._refuse("network", f"{event} ({_shown(to)})", f"{_HOW} no work")

    def exit(self, code: int) -> NoReturn:
        self._refuse("exits", f"os._exit({code})", "return a tree; Smithers ends the process")

    def start(self, *_: object) -> NoReturn:
        self._refuse("programs", "another process", f"{_HOW} no work")

    def lock(self, *_: object, **named: object) -> NoReturn:
        hint = "make it in the Step that starts processes; for threads use threading.Lock"
        self._refuse("programs", "a lock that processes share", hint)

    def share(self, path: str, *_: object, **named: object) -> NoReturn:
        self._refuse_write(f"shared memory {path!r}")

    def making(self, name: str, make: Callable[..., None]) -> Callable[..., None]:
        def made(path: Any, *given: Any, dir_fd: int | None = None, **named: Any) -> None:
            if self._is_outside(path, -1 if dir_fd is None else dir_fd):
                self._refuse_write(f"{name} of {path!r}")
            make(path, *given, dir_fd=dir_fd, **named)

        return made

    def raise_signal(self, number: int) -> None:
        if self._author_place(sys._getframe(1)) is None:  # pyright: ignore[reportPrivateUsage]
            _raise_signal(number)
        else:
            self._refuse("exits", f"signal.raise_signal({number})", "return a tree; raise an error")

    def sleep(self, seconds: float) -> None:
        """Packages may sleep while they are imported, and in threads."""
        if self._author_place(sys._getframe(1)) is None:  # pyright: ignore[reportPrivateUsage]
            _sleep(seconds)
        else:
            self._refuse("time", f"time.sleep({seconds})", f"{_HOW} no work")

    def _is_outside(self, path: object, folder: int = -1) -> bool:
        """Whether a path is not ours; `folder` is the descriptor that it starts at, or -1."""
        if isinstance(path, int):
            return False  # a descriptor is open already
        caller = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]  # as in `tree`
        if caller.f_globals.get("__name__") == _STREAMS:
            return False  # a name in the folder of the dry run, which this event does not tell
        text = os.fsdecode(cast("str", path))
        if folder >= 0:
            text = os.path.join(_folder_of(folder), text)
        return text not in _NULL and not os.path.realpath(text).startswith(self._own)

    def _refuse_write(self, what: str) -> NoReturn:
        self._refuse("writes", what, f"{_HOW} no work")

    def _refuse(self, rule: str, what: str, hint: str) -> NoReturn:
        said = f"{what} was refused"
        place = self._author_place(sys._getframe(2))  # pyright: ignore[reportPrivateUsage]  # as in `tree`
        if place is not None:
            self._report(Finding(rule=rule, said=said, place=place, hint=hint))
        raise RefusedHere(said, rule, hint)

    def _author_place(self, frame: FrameType | None) -> Place | None:
        """The author's line that did it; None if a package did it while it was imported."""
        while frame is not None:
            code = frame.f_code
            if is_authors(Path(code.co_filename), self._folder):
                return _place(frame)
            if code.co_name == "<module>":
                return None
            frame = frame.f_back
        return None


def _writes(mode: object) -> bool:
    return isinstance(mode, str) and bool(set(mode) & set("wax+"))


def _folder_of(descriptor: int) -> str:
    """The folder that is open there; one that the system does not name is not ours."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return "/"


def _database(given: object) -> str:
    """The file that SQLite would open for writing; empty if there is none."""
    text = os.fsdecode(cast("str", given))
    if not text.startswith("file:"):
        return "" if text == ":memory:" else text
    uri = urlsplit(text)
    mode = parse_qs(uri.query).get("mode", [""])[-1]
    return "" if mode in ("ro", "memory") or uri.path == ":memory:" else unquote(uri.path)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _place(frame: FrameType) -> Place:
    positions = list(frame.f_code.co_positions())
    found = positions[frame.f_lasti // 2] if frame.f_lasti >= 0 else (None, None, None, None)
    line, column = found[0] or frame.f_lineno, found[2] or 0
    return Place(file=frame.f_code.co_filename, line=line, column=column + 1)
