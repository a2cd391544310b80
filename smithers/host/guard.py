"""Runs a program and lets none of its descendants outlive its owner. Standard library only.

    python -I -S guard.py CONTROL_FD STATUS_FD CGROUP PROGRAM [ARGUMENT…]

The guard is the parent of the program and stands outside of its bytes: stdin, stdout and stderr
go through to the program, and the guard closes its own copies. It holds the read end of a pipe
from its owner (CONTROL_FD). A line there is the number of a signal for the program, or a folder to
be removed with its files at the end. End-of-file
means that the owner is gone, however it died: the whole tree is killed, other sessions and groups
too. When the program ends, what it left behind is killed, and the guard ends in the same way: by
the same exit code or the same signal. On STATUS_FD it writes lines: `pid N START`, `seen N START`
for each descendant, and one of `exit CODE`, `signal N`, `failed ERRNO TEXT`.

On Linux the guard is a subreaper, so whatever is orphaned below it becomes its child. Elsewhere
the descendants seen while the program ran are remembered by pid and start time. The mark
SMITHERS_ATTEMPT in the environment finds what escaped both. Nothing in an environment spares a
process: a run that the program has started ends with it, and can be resumed.

CGROUP is the folder of a control group for the program, or `-`. Nothing leaves it by accident, so
its members are killed as well, and it is removed. As process 1 of a container the guard gets what
is orphaned there, and collects it.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time

GRACE_S = 5.0
"""How long a program that was asked to end may take before it is killed."""

MARK = "SMITHERS_ATTEMPT"

Processes = dict[int, str]
"""Processes by pid, each with its start time, which tells a reused pid from the old one."""

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    """Asks the kernel for a service that we can do without."""
    if _LINUX:
        try:
            ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
        except (OSError, AttributeError):
            return


def snapshot() -> dict[int, tuple[int, str]]:
    """Every process: its parent and its start time, which is empty for a zombie.

    Zombies are dead, but the first thread of a process is one before its last thread is gone, and
    what that thread has started is still found below it alone.
    """
    return _linux_snapshot() if _LINUX else _ps_snapshot()


def _linux_snapshot() -> dict[int, tuple[int, str]]:
    found: dict[int, tuple[int, str]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    # The command name may hold spaces and brackets; the fields follow its last one.
                    fields = stat.read().rpartition(b")")[2].split()
            except OSError:
                continue
            start = "" if fields[0] in (b"Z", b"X") else fields[19].decode()
            found[int(name)] = (int(fields[1]), start)
    return found


def _ps_snapshot() -> dict[int, tuple[int, str]]:
    found: dict[int, tuple[int, str]] = {}
    command = ["ps", "-axo", "pid=,ppid=,stat=,lstart="]
    for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines():
        pid, parent, state, start = line.split(None, 3)
        found[int(pid)] = (int(parent), "" if state.startswith("Z") else start.strip())
    return found


def descendants(roots: list[int], processes: dict[int, tuple[int, str]]) -> Processes:
    """All that lives below `roots`, without these."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    found: Processes = {}
    waiting = [pid for root in roots for pid in children.get(root, ())]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found[pid] = processes[pid][1]
            waiting += children.get(pid, ())
    return {pid: start for pid, start in found.items() if start}


def members(cgroup: str, processes: dict[int, tuple[int, str]]) -> Processes:
    """What lives in a control group."""
    try:
        with open(f"{cgroup}/cgroup.procs") as file:
            pids = [int(line) for line in file]
    except (OSError, ValueError):
        return {}
    return {pid: start for pid in pids if (start := processes.get(pid, (0, ""))[1])}


def marked(mark: str, processes: dict[int, tuple[int, str]]) -> Processes:
    """Processes whose environment holds `mark`, as `NAME=value`. Linux only: elsewhere none."""
    wanted = mark.encode()
    found: Processes = {}
    for pid, (_, start) in processes.items() if _LINUX else ():
        if start and wanted in _environ(pid):
            found[pid] = start
    return found


def _environ(pid: int) -> list[bytes]:
    """The environment that a process was started with."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            return environ.read().split(b"\0")
    except OSError:
        return []


def _lineage(pid: int, processes: dict[int, tuple[int, str]]) -> set[int]:
    """`pid` and its ancestors, which a sweep must never touch."""
    found = set[int]()
    while pid not in found:
        found.add(pid)
        pid = processes[pid][0] if pid in processes else 0
    return found


def sweep(
    root: int | None, remembered: Processes, mark: str, cgroup: str = "", limit_s: float = 4.0
) -> Processes:
    """Kills what is below `root`, remembered, marked or in `cgroup`, until none is left.

    Gives what still lives after `limit_s` seconds, which is nothing unless the kernel holds it.
    """
    until = time.monotonic() + limit_s
    while True:
        processes = snapshot()
        known = {
            pid: start
            for pid, start in remembered.items()
            if start and processes.get(pid, (0, ""))[1] == start
        }
        roots = [*known, *([root] if root is not None else ())]
        found = known | descendants(roots, processes)
        if mark:
            found |= marked(mark, processes)
        if cgroup:
            found |= members(cgroup, processes)
        for pid in _lineage(os.getpid(), processes):
            found.pop(pid, None)
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        reap()
        if not found or time.monotonic() > until:
            return found
        remembered = remembered | found
        time.sleep(0.02)


def remove(cgroup: str) -> None:
    """Removes an empty control group; one in which something still lives stays."""
    if cgroup:
        try:
            os.rmdir(cgroup)
        except OSError:
            return


def remove_files(folder: bytes) -> None:
    """Removes a folder that has files alone. Its owner may be doing the same."""
    try:
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
    except OSError:
        return


def reap() -> dict[int, int]:
    """Collects ended children, orphans among them: their wait status by pid.

    Only as a program of its own: an owner that imports this module reaps its own children.
    """
    ended: dict[int, int] = {}
    while __name__ == "__main__":
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        ended[pid] = status
    return ended


class Guard:
    """One program under guard. `remembered` are all descendants that were ever seen."""

    def __init__(self, control: int, status: int, cgroup: str, argv: list[str]) -> None:
        self.control, self.status = control, status
        self.cgroup = "" if cgroup == "-" else cgroup
        self.owner = os.getppid()
        self.mark = f"{MARK}={os.environ[MARK]}" if MARK in os.environ else ""
        self.remembered: Processes = {}
        self.folders: list[bytes] = []
        self.ended: int | None = None
        self.kill_at: float | None = None
        self.pid = 0
        self.wake, self.woken = os.pipe()
        for end in (self.wake, self.woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.woken, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self.on_signal)
        self.pid = self.start(argv)

    def start(self, argv: list[str]) -> int:
        """Forks the program in a session of its own, so that no signal to its group reaches us."""
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                self.enter_cgroup()
                _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
                for number in (signal.SIGPIPE, signal.SIGXFSZ):
                    signal.signal(number, signal.SIG_DFL)
                os.execvp(argv[0], argv)
            except OSError as error:
                os.write(tell, f"{error.errno} {error.strerror}".encode())
            finally:
                os._exit(127)
        os.close(tell)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        if failure := os.read(told, 1000):
            self.say(f"failed {failure.decode()}")
            os._exit(127)
        os.close(told)
        self.say(f"pid {pid} {snapshot().get(pid, (0, '0'))[1]}")
        return pid

    def enter_cgroup(self) -> None:
        """Puts this process into the control group; without one the other searches must do."""
        if self.cgroup:
            try:
                with open(f"{self.cgroup}/cgroup.procs", "w") as file:
                    file.write("0")
            except OSError:
                return

    def say(self, line: str) -> None:
        try:
            os.write(self.status, line.encode() + b"\n")
        except OSError:
            return

    def on_signal(self, number: int, frame: object) -> None:
        """A signal to us is meant for the program, which then has its grace."""
        if number != signal.SIGCHLD:
            self.forward(number)
            self.kill_at = self.kill_at or time.monotonic() + GRACE_S

    def forward(self, number: int) -> None:
        if self.ended is None and self.pid:
            try:
                os.kill(self.pid, number)
            except OSError:
                return

    def look(self) -> None:
        """Remembers who is below us now."""
        for pid, start in descendants([os.getpid()], snapshot()).items():
            if self.remembered.get(pid) != start:
                self.remembered[pid] = start
                self.say(f"seen {pid} {start}")

    def watch(self) -> None:
        """Waits until the program ends or the owner is gone."""
        look_at = 0.0
        rest = b""
        while self.ended is None:
            if time.monotonic() >= look_at:
                self.look()
                look_at = time.monotonic() + 1.0
            if self.kill_at is not None and time.monotonic() > self.kill_at:
                self.forward(signal.SIGKILL)
            ready, _, _ = select.select([self.control, self.wake], [], [], 1.0)
            if self.wake in ready:
                os.read(self.wake, 4096)
            if self.control in ready:
                got = os.read(self.control, 4096)
                if not got:
                    self.forward(signal.SIGKILL)
                    return
                *lines, rest = (rest + got).split(b"\n")
                for line in lines:
                    if line.isdigit():
                        self.forward(int(line))
                    else:
                        self.folders.append(line)
            elif os.getppid() != self.owner:  # a fork of the owner may hold its end of the pipe
                self.forward(signal.SIGKILL)
                return
            self.ended = reap().get(self.pid)

    def finish(self) -> int:
        """Leaves nobody behind, then gives the program's wait status."""
        self.remembered |= descendants([os.getpid()], snapshot())
        sweep(os.getpid(), self.remembered, self.mark, self.cgroup)
        remove(self.cgroup)
        for folder in self.folders:
            remove_files(folder)
        if self.ended is None:
            self.ended = signal.SIGKILL
        return self.ended


def main() -> None:
    control, status = int(sys.argv[1]), int(sys.argv[2])
    for end in (control, status):
        os.set_inheritable(end, False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        guard = Guard(control, status, sys.argv[3], sys.argv[4:])
    except OSError as error:  # no descriptor, or no process, is left for the program
        os.write(status, f"failed {error.errno} {error.strerror}\n".encode())
        os._exit(127)
    guard.watch()
    ended = guard.finish()
    if os.WIFSIGNALED(ended):
        number = os.WTERMSIG(ended)
        guard.say(f"signal {number}")
        _die_by(number)
    code = os.waitstatus_to_exitcode(ended)
    guard.say(f"exit {code}")
    os._exit(code)


def _die_by(number: int) -> None:
    """Ends as the program did, without a second core file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


if __name__ == "__main__":
    main()
