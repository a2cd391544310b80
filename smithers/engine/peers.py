"""The processes at the other end of a connection that does not leave this machine.

On Linux the kernel's table of connections names the socket and its user, and `/proc` who has it
open; elsewhere the processes of this user are asked for their connections. A process that has
passed its end on, or has closed it, is not found.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from smithers.store.lease import started_of
from smithers.values import dataclass

__all__ = ["Address", "Peer", "find_peer", "is_of_this_machine"]

Address = tuple[str, int]
"""An IP address and a port."""

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_UID, _INODE = 7, 9  # columns of these tables


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Who has the other end open. `uid` is their user, None if that is not known; `processes` are
    those that this user may see, each with its start time. One that nobody has open any longer
    `is_closed`: the kernel does not know whose it was. If none of this user's has it open that can
    be seen, one that does not let itself be seen `may_hide` it.
    """

    uid: int | None = None
    processes: tuple[tuple[int, str], ...] = ()
    is_closed: bool = False
    may_hide: bool = False

    @property
    def is_there(self) -> bool:
        """Whether it was found, and each of its processes still lives."""
        return bool(self.processes) and all(started_of(pid) == at for pid, at in self.processes)


def find_peer(client: Address, server: Address) -> Peer:
    """The other end of the connection of `client` that this process has as `server`."""
    if sys.platform != "linux":
        return _peer_by_psutil(client, server)
    is_read = False
    for table in _TABLES * 2:  # one that changes while it is read may leave a line out
        wanted = f" {_hexed(client, table)} {_hexed(server, table)} "
        with suppress(OSError):
            lines = Path(table).read_text("ascii").splitlines()
            is_read = True
            if row := next((line.split() for line in lines if wanted in line), None):
                if row[_INODE] == "0":
                    return Peer(is_closed=True)
                uid, (holders, hidden) = int(row[_UID]), _holders(row[_INODE])
                is_ours = not holders and uid == os.getuid()
                may_hide = is_ours and any(_user_of(pid) == uid for pid in hidden)
                return Peer(uid=uid, processes=holders, may_hide=may_hide)
    return Peer(is_closed=is_read)


def is_of_this_machine(address: str) -> bool:
    """Whether an IP address is one that this machine has itself."""
    import psutil

    found = _plain(address)
    if found.is_loopback:
        return True
    ours = (one.address for each in psutil.net_if_addrs().values() for one in each)
    return str(found) in {one.partition("%")[0] for one in ours}


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address without its zone, and without the form in which IPv6 has those of IPv4."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found


def _hexed(address: Address, table: str) -> str:
    """An address as the kernel's tables have it: words of 32 bits in the order of this machine.

    >>> if sys.byteorder == "little": _hexed(("127.0.0.1", 80), "/proc/net/tcp")
    '0100007F:0050'
    """
    found = _plain(address[0])
    packed = found.packed
    if table.endswith("6") and found.version == 4:
        packed = bytes(10) + b"\xff\xff" + packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    text = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    return f"{text}:{address[1]:04X}"


def _holders(inode: str) -> tuple[tuple[tuple[int, str], ...], list[int]]:
    """The processes that have this socket open, and those that do not show what they have: others'
    and any that forbids it (`prctl`).
    """
    found, hidden = list[int](), list[int]()
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            if _has_open(pid, f"socket:[{inode}]"):
                found.append(pid)
        except PermissionError:
            hidden.append(pid)
        except OSError:  # it has ended
            continue
    return _alive(found), hidden


def _has_open(pid: int, link: str) -> bool:
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder):
        with suppress(FileNotFoundError):
            if os.readlink(f"{folder}/{number}") == link:
                return True
    return False


def _user_of(pid: int) -> int | None:
    """The user of a process. The owner of its files is root if it does not let itself be seen."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
            if line.startswith("Uid:"):
                return int(line.split()[1])
    return None


def _peer_by_psutil(client: Address, server: Address) -> Peer:
    import psutil

    pids: list[int] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            ends = [(one.laddr, one.raddr) for one in process.net_connections("tcp")]
            if (client, server) in ends:
                pids.append(process.pid)
    return Peer(uid=os.getuid() if pids else None, processes=_alive(pids))


def _alive(pids: Iterable[int]) -> tuple[tuple[int, str], ...]:
    found = ((pid, started_of(pid)) for pid in pids)
    return tuple((pid, started) for pid, started in found if started is not None)
