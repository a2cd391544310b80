"""What is checked of a request before anything of it is used.

Its host and origin (against DNS rebinding and foreign pages), its size, how fast it comes, who
calls, and how often.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import cast
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smithers.access import TOKEN_PREFIX, Opened, Sessions
from smithers.callers import Caller
from smithers.hub import Hub
from smithers.values import dataclass
from smithers.web._calling import Tokens
from smithers.web._peers import address_of, check_reached, check_session_user, forwarded_address
from smithers.web._plain import is_for_page
from smithers.web._problems import ProblemError, problem_of
from smithers.web._proxies import Proxies
from smithers.web._sessions import secret_of, sign_in_page

__all__ = ["Guard", "Limits"]

_MOST_CALLERS = 1_000
_DRAIN_S = 0.2
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large, slow and frequent requests may be.

    A caller has `burst` requests at once and `rate_s` a second after that; an address has
    `wrong_burst` requests with a wrong token, and one more a second. `streams` of events are open
    at once, of them `streams_each` of one caller, and `streams_browser` of one session.
    """

    body_bytes: int = 1_048_576
    body_s: float = 10.0
    send_s: float = 30.0
    headers: int = 64
    header_bytes: int = 16_384
    burst: int = 200
    rate_s: float = 50.0
    wrong_burst: int = 30
    streams: int = 256
    streams_each: int = 100
    streams_browser: int = 4


class _Rates:
    """How many requests each name has left."""

    def __init__(self, burst: int, rate_s: float) -> None:
        self._burst, self._rate_s = burst, rate_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Count a request. Raises `ProblemError` if there were too many."""
        now = time.monotonic()
        left, at = self._left.pop(name, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._rate_s)
        is_over = left < 1
        self._left[name] = (left if is_over else left - 1, now)
        if len(self._left) > _MOST_CALLERS:
            self._left.popitem(last=False)
        if is_over:
            raise ProblemError(
                429, "too many requests", hint="wait a second", headers={"Retry-After": "1"}
            )


class Guard:
    """The first thing that a request meets; refuses it, or passes it on with its caller."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hub: Hub,
        tokens: Tokens,
        sessions: Sessions | None,
        hosts: Collection[str],
        limits: Limits,
        proxies: Proxies,
        is_open: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._hub = hub
        self._tokens = tokens
        self._sessions = sessions
        self._hosts = frozenset(map(str.lower, (*hosts, "localhost")))
        self._limits = limits
        self._proxies = proxies
        self._is_open = is_open
        self._rates = _Rates(limits.burst, limits.rate_s)
        self._wrong = _Rates(limits.wrong_burst, 1.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        send = self._outgoing(send)
        try:
            scope = await self._checked(scope)
        except ProblemError as error:
            # The rest of the request may not be read, so the connection is not used again.
            error.headers["Connection"] = "close"
            await self._drain(receive)
            headers = Headers(scope=scope)
            as_page = is_for_page(scope["path"], headers)
            response = problem_of(error, self._hub, as_page=as_page)
            if error.status == 401 and as_page:
                response = sign_in_page(headers, error.headers, is_sent=scope["method"] == "POST")
            await response(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive), send)

    async def _checked(self, scope: Scope) -> Scope:
        """The request with its caller. Raises `ProblemError`."""
        headers = Headers(scope=scope)
        self._check_size(scope, headers)
        check_reached(scope, self._proxies)
        self._check_host(headers)
        _check_origin(headers)
        _check_address(scope)
        # The path stays encoded until it is split, so that a task's id may contain a slash.
        path = bytes(scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace")
        path = path.partition("?")[0]
        state = {**scope.get("state", {}), "caller": None, "csrf": ""}
        if not self._is_open(path):
            opened = await self._opened(scope, headers)
            state["caller"] = opened.caller if opened else await self._caller(scope, headers)
            state["csrf"] = opened.csrf if opened else ""
            self._rates.take(state["caller"].name)
        else:  # what has no token has no name by which to count it
            first = path.split("/", 2)[1]
            self._rates.take(f"{first} from {await self._sender(scope, headers)}")
        return {**scope, "path": path, "state": state}

    def _check_size(self, scope: Scope, headers: Headers) -> None:
        size = sum(len(name) + len(value) for name, value in headers.raw)
        if len(headers.raw) > self._limits.headers or size > self._limits.header_bytes:
            raise ProblemError(431, "the request has too many or too long headers")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise ProblemError(400, "Content-Length is not a number")
        has_body = "transfer-encoding" in headers or int(length) > 0
        if has_body and (method := scope["method"]) != "POST":
            if method in ("GET", "HEAD"):
                raise ProblemError(400, f"a {method} has no body")
            raise ProblemError(405, f"{method} is not used here", headers={"Allow": "GET, POST"})
        if int(length) > self._limits.body_bytes:
            raise self._too_large()

    def _too_large(self) -> ProblemError:
        most = self._limits.body_bytes
        return ProblemError(413, f"the body is larger than {most} bytes", kind="TooLarge")

    def _check_host(self, headers: Headers) -> None:
        given = headers.getlist("host")
        name = _host_name(given[0]) if len(given) == 1 else None
        if name is None or not (name in self._hosts or _is_address(name)):
            raise ProblemError(
                421,
                "this server does not have the name of the request's Host header",
                kind="WrongHost",
                hint="use http://127.0.0.1:PORT, or start the server with"
                " `smithers serve --name NAME`",
            )

    async def _caller(self, scope: Scope, headers: Headers) -> Caller:
        kind, _, secret = headers.get("authorization", "").partition(" ")
        caller = None
        if kind.lower() == "bearer" and secret.strip():
            caller = await anyio.to_thread.run_sync(self._tokens.find, secret.strip())
        if caller is None:
            self._wrong.take(await self._sender(scope, headers))
            raise ProblemError(
                401,
                "this needs a token that is valid",
                hint="send Authorization: Bearer TOKEN;"
                " `smithers token add NAME --scope read` makes one",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return caller

    async def _sender(self, scope: Scope, headers: Headers) -> str:
        """By what those are counted who have no name: else all who come by a proxy were one."""
        if "x-forwarded-for" not in headers or not self._proxies:
            return address_of(scope)
        return await anyio.to_thread.run_sync(forwarded_address, scope, self._proxies)

    async def _opened(self, scope: Scope, headers: Headers) -> Opened | None:
        """The session whose cookie a request has, unless it has a token. Raises `ProblemError` if
        it is not for whose process calls.
        """
        if self._sessions is None or "authorization" in headers:
            return None
        if (secret := secret_of(headers)) is None:
            return None
        opened = await anyio.to_thread.run_sync(self._sessions.find, secret)
        if opened is not None:
            await anyio.to_thread.run_sync(check_session_user, scope, self._proxies)
        return opened

    async def _drain(self, receive: Receive) -> None:
        """Take the body that is here already: a connection that is closed before that is reset, and
        the client may not see the answer.
        """
        size, more = 0, True
        with anyio.move_on_after(_DRAIN_S):
            while more and size <= self._limits.body_bytes:
                message = await receive()
                size += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)

    def _outgoing(self, send: Send) -> Send:
        """Sends to a client that reads what it gets; one that does not is left after a time."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            with anyio.fail_after(self._limits.send_s):
                await send(message)

        return sending

    def _bounded(self, receive: Receive) -> Receive:
        """Receives a body that is neither too large nor too slow."""
        end, size, is_read = anyio.current_time() + self._limits.body_s, 0, False

        async def bounded() -> Message:
            nonlocal size, is_read
            if is_read:  # only the end of the connection is left to come
                return await receive()
            try:
                with anyio.fail_after(max(0.0, end - anyio.current_time())):
                    message = await receive()
            except TimeoutError:
                said = f"the body did not arrive within {self._limits.body_s:g} s"
                raise ProblemError(408, said, headers={"Connection": "close"}) from None
            size += len(message.get("body", b""))
            if size > self._limits.body_bytes:
                error = self._too_large()
                error.headers["Connection"] = "close"
                raise error
            is_read = not message.get("more_body", False)
            return message

        return bounded


def _host_name(host: str) -> str | None:
    """The name in a Host header, without its port; None for one that is not valid.

    >>> _host_name("localhost:7331"), _host_name("[::1]:80"), _host_name("a@b"), _host_name("")
    ('localhost', '::1', None, None)
    """
    try:
        parts = urlsplit(f"//{host}")
        valid = parts.netloc == host and parts.username is None and not (parts.port or 0) < 0
    except ValueError:
        return None
    return parts.hostname if valid and parts.hostname else None


def _is_address(name: str) -> bool:
    """A name that is an address cannot be rebound by DNS."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _check_origin(headers: Headers) -> None:
    """A page of another site may not call. Programs send no `Origin`."""
    if (origin := headers.get("origin")) is None:
        return
    try:
        scheme, host = urlsplit(origin)[:2]
    except ValueError:
        scheme = host = ""
    if scheme not in ("http", "https") or host.lower() != headers["host"].lower():
        raise ProblemError(403, "a page of another site may not call this", kind="WrongOrigin")


def _check_address(scope: Scope) -> None:
    """Addresses are kept in histories and logs, so a token that is in one is not safe."""
    given = cast("bytes", scope.get("raw_path") or b"") + cast("bytes", scope["query_string"])
    if TOKEN_PREFIX.encode() in given:
        raise ProblemError(
            400,
            "a token must not be in an address",
            kind="TokenInAddress",
            hint="send it as Authorization: Bearer TOKEN; revoke this one with"
            " `smithers token revoke NAME`",
        )
