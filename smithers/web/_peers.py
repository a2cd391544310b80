"""Who is at the other end of a connection: a process below a run may change nothing over HTTP."""

from __future__ import annotations

from typing import Any, cast

from starlette.requests import Request

from smithers.callers import Caller
from smithers.engine.peers import Peer, find_peer, is_of_this_machine
from smithers.errors import Refused
from smithers.hub import Hub
from smithers.web._problems import ProblemError

__all__ = ["CONNECTION", "check_peer"]

CONNECTION = "connection"
"""The name in `scope["state"]` of what is kept while a connection lasts."""
_RELAYED = ("forwarded", "via", "x-forwarded-for")
"""Headers of which a proxy adds one."""


def check_peer(hub: Hub, request: Request, caller: Caller | None, what: str) -> None:
    """Raises `ProblemError` if a process below a run calls from this machine, which is refused as
    on the command line.

    If the process cannot be found, only a session may do this, since a person has opened that in a
    terminal, and a delivery to a hook, which is signed. A caller on another machine is known by its
    token alone; but not by the server's own, which every agent of this user could send by way of a
    proxy.
    """
    peer = _peer_of(request)
    for pid, _ in peer.processes if peer is not None else ():
        try:
            hub.check_caller(pid, what)
        except Refused as error:
            raise ProblemError(403, error.said, kind="BelowARun", hint=error.hint) from None
    if caller is None or caller.how == "session":  # without one, a signature proves the rest
        return
    if peer is not None and not peer.processes:
        raise ProblemError(
            403,
            f"the process that calls cannot be found, so it may not {what} with a token: it may be"
            " an agent's",
            kind="UnknownProcess",
            hint="call from a program of the user who serves",
        )
    is_relayed = peer is None or any(name in request.headers for name in _RELAYED)
    if caller.how == "own token" and is_relayed:
        raise ProblemError(
            403,
            "the server's own token counts only for programs that call it directly on its machine",
            kind="OwnToken",
            hint="make one for this device: `smithers token add NAME --scope approve`",
        )


def _peer_of(request: Request) -> Peer | None:
    """The other end; None if it is not on this machine, or there is no connection at all."""
    client, server = request.scope.get("client"), request.scope.get("server")
    if client is None or server is None or server[1] is None:
        return Peer()  # a socket of another kind
    try:
        if not is_of_this_machine(client[0]):
            return None
    except ValueError:
        return None  # the app was called in this process
    kept = cast("dict[str, Any]", getattr(request.state, CONNECTION, {}))
    found: Peer | None = kept.get("peer")
    if found is None or not found.is_there:
        found = kept["peer"] = find_peer((client[0], client[1]), (server[0], server[1]))
    return found
