"""Who is at the other end of a connection: a process below a run may change nothing over HTTP, and
a session is of no use to another user of the machine.
"""

from __future__ import annotations

import os
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from smithers.callers import Caller
from smithers.engine.peers import Peer, find_peer, is_of_this_machine
from smithers.errors import Refused
from smithers.hub import Hub
from smithers.web._problems import ProblemError
from smithers.web._proxies import Proxies

__all__ = [
    "CONNECTION",
    "address_of",
    "check_peer",
    "check_reached",
    "check_session_user",
    "is_by_tls",
]

CONNECTION = "connection"
"""The name in `scope["state"]` of what is kept while a connection lasts."""
_RELAYED = ("forwarded", "via", "x-forwarded-for")
"""Headers of which a proxy adds one."""
_ROOT = 0


def address_of(scope: Scope) -> str:
    """Where a connection comes from; empty if there is none."""
    address: str = scope["client"][0] if scope.get("client") else ""
    return address


def check_peer(
    hub: Hub, request: Request, caller: Caller | None, what: str, proxies: Proxies
) -> str:
    """The address of who asks. Raises `ProblemError` if a process below a run calls from this
    machine, which is refused as on the command line.

    If the process cannot be found, only a session may do this, since a person has opened that in a
    terminal, and a delivery to a hook, which is signed. A caller on another machine is known by its
    token alone; but not by the server's own, which every agent of this user could send by way of a
    proxy. What a trusted proxy passes on counts as what it says to have come from.
    """
    peer, address = _peer_of(request.scope), address_of(request.scope)
    for pid, _ in peer.processes if peer is not None else ():
        try:
            hub.check_caller(pid, what)
        except Refused as error:
            raise ProblemError(403, error.said, kind="BelowARun", hint=error.hint) from None
    given = request.headers.getlist("x-forwarded-for")
    is_by_user = bool(given) and peer is not None and proxies.trusts("", peer.uid)
    if is_by_user or proxies.trusts(address, None):
        address = proxies.forwarded(given)
        peer = Peer() if _is_here(address) else None
    if caller is None or caller.how == "session":  # without one, a signature proves the rest
        return address
    if peer is not None and not peer.processes:
        raise ProblemError(
            403,
            f"the process that calls cannot be found, so it may not {what} with a token: it may be"
            " an agent's",
            kind="UnknownProcess",
            hint="call from a program of the user who serves, or use a page of `smithers ui`",
        )
    is_relayed = peer is None or any(name in request.headers for name in _RELAYED)
    if caller.how == "own token" and is_relayed:
        raise ProblemError(
            403,
            "the server's own token counts only for programs that call it directly on its machine",
            kind="OwnToken",
            hint="make one for this device: `smithers token add NAME --scope approve`",
        )
    return address


def check_session_user(scope: Scope, proxies: Proxies) -> None:
    """Raises `ProblemError` for a session that a process of another user of this machine uses, such
    as one that has seen the cookie. What a proxy of root or a trusted one passes on is allowed.
    """
    if (peer := _peer_of(scope)) is None:
        return
    is_allowed = peer.uid in (None, _ROOT, os.getuid()) or proxies.trusts("", peer.uid)
    if peer.is_closed or not is_allowed:
        raise ProblemError(
            403,
            "a session of the user who serves counts only for processes of that user on this"
            " machine",
            kind="OtherUser",
            hint="if it is your proxy, name its user with `smithers serve --proxy USER`; if not,"
            " end the session with `smithers token revoke NAME`",
        )


def check_reached(scope: Scope, proxies: Proxies) -> None:
    """Raises `ProblemError` for a request from another machine that has not come by the proxy that
    is trusted: others on the way could have read it.
    """
    address = address_of(scope)
    if proxies.is_only_way and not (proxies.trusts(address, None) or _is_here(address)):
        raise ProblemError(
            403,
            "this server is reached through its proxy",
            kind="NotThroughProxy",
            hint="use the address of the proxy",
        )


def is_by_tls(scope: Scope) -> bool:
    """Whether the browser has used https, as far as it or its proxy says: a wrong word only keeps
    the sender's own cookie from it.
    """
    said = Headers(scope=scope).get("x-forwarded-proto", "")
    return scope.get("scheme") == "https" or said.strip().lower() == "https"


def _peer_of(scope: Scope) -> Peer | None:
    """The other end; None if it is not on this machine, or there is no connection at all."""
    client, server = scope.get("client"), scope.get("server")
    if client is None or server is None or server[1] is None:
        return Peer()  # a socket of another kind
    try:
        if not is_of_this_machine(client[0]):
            return None
    except ValueError:
        return None  # the app was called in this process
    kept = cast("dict[str, Any]", scope.get("state", {}).get(CONNECTION, {}))
    found: Peer | None = kept.get("peer")
    if found is None or not found.is_there:
        found = kept["peer"] = find_peer((client[0], client[1]), (server[0], server[1]))
    return found


def _is_here(address: str) -> bool:
    """Whether an address is of this machine, as one that is not known may be."""
    try:
        return is_of_this_machine(address)
    except ValueError:
        return True
