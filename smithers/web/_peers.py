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
    "forwarded_address",
    "is_by_tls",
]

CONNECTION = "connection"
"""The name in `scope["state"]` of what is kept while a connection lasts."""
_RELAYED = ("forwarded", "via", "x-forwarded-for")
"""Headers of which a proxy adds one."""
_ROOT = 0
_LOOKS = 3
"""How often the other end is looked for, as its processes may end meanwhile."""


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
    terminal, and a delivery to a hook, which is signed; and neither if the process may hide. A
    caller on another machine is known by its token alone; but not by the server's own, which every
    agent of this user could send by way of a proxy. What a trusted proxy passes on counts as what
    it says to have come from.
    """
    peer, address = _checked_peer(hub, request.scope, what), address_of(request.scope)
    if _is_by_proxy(request.scope, peer, proxies):
        address = proxies.forwarded(request.headers.getlist("x-forwarded-for"))
        peer = Peer() if _is_here(address) else None
    if caller is None or caller.how == "session":  # without one, a signature proves the rest
        return address
    if peer is not None and not peer.processes:
        raise _unknown_process(f"{what} with a token")
    is_relayed = peer is None or any(name in request.headers for name in _RELAYED)
    if caller.how == "own token" and is_relayed:
        raise ProblemError(
            403,
            "the server's own token counts only for programs that call it directly on its machine",
            kind="OwnToken",
            hint="make one for this device: `smithers token add NAME --scope approve`",
        )
    return address


def forwarded_address(scope: Scope, proxies: Proxies) -> str:
    """Where a request comes from, as far as it is known or a trusted proxy says it."""
    if not _is_by_proxy(scope, _peer_of(scope, again=False), proxies):
        return address_of(scope)
    return proxies.forwarded(Headers(scope=scope).getlist("x-forwarded-for"))


def _is_by_proxy(scope: Scope, peer: Peer | None, proxies: Proxies) -> bool:
    """Whether a trusted proxy passes a request on: one on this machine says for whom."""
    is_said = "x-forwarded-for" in Headers(scope=scope)
    is_by_user = is_said and peer is not None and proxies.trusts("", peer.uid)
    return is_by_user or proxies.trusts(address_of(scope), None)


def _checked_peer(hub: Hub, scope: Scope, what: str) -> Peer | None:
    """The other end. Raises `ProblemError` if it is below a run, was closed, or hides."""
    for _ in range(_LOOKS):
        peer = _peer_of(scope)
        if peer is None:
            return None
        if peer.is_closed or peer.may_hide:
            break
        for pid, _started in peer.processes:
            try:
                hub.check_caller(pid, what)
            except Refused as error:
                raise ProblemError(403, error.said, kind="BelowARun", hint=error.hint) from None
        if not peer.processes or peer.is_there:
            return peer
        # One that has ended while it was looked at stood below nothing any longer.
    raise _unknown_process(what)


def _unknown_process(what: str) -> ProblemError:
    return ProblemError(
        403,
        f"the process that calls cannot be found, so it may not {what}: it may be an agent's",
        kind="UnknownProcess",
        hint="call from a program of the user who serves, or use a page of `smithers ui`",
    )


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


def _peer_of(scope: Scope, *, again: bool = True) -> Peer | None:
    """The other end; None if it is not on this machine, or there is no connection at all. It is
    looked for `again` if one of its processes is gone, or none was found.
    """
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
    if found is None or (again and not found.is_there):
        found = kept["peer"] = find_peer((client[0], client[1]), (server[0], server[1]))
    return found


def _is_here(address: str) -> bool:
    """Whether an address is of this machine, as one that is not known may be."""
    try:
        return is_of_this_machine(address)
    except ValueError:
        return True
