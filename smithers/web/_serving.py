"""The server as a process: its socket, how it ends, and what runs beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from smithers.access import Sessions
from smithers.errors import Refused
from smithers.hub import Feed, Hooks, Hub, plain
from smithers.web._app import make_app
from smithers.web._calling import Tokens
from smithers.web._guarding import Limits
from smithers.web._peers import CONNECTION
from smithers.web._proxies import Proxies

__all__ = ["Listening", "serve"]

_HEADERS_S = 10.0
_KEEP_ALIVE_S = 15
_MOST_CONNECTIONS = 512
_LEAVES_S = 3
_STUCK_S = 15.0
"""How long a client may leave unread what is sent to it."""


class _Protocol(H11Protocol):
    """A connection whose headers must arrive, and whose answers must be read, within a time, since
    uvicorn has no limit for them.
    """

    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _has_served = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        kept: dict[str, object] = {}
        self.app_state: dict[str, object] = {**self.app_state, CONNECTION: kept}
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._has_served = self._has_served or bool(self.cycle)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        self.resume_writing()

    def pause_writing(self) -> None:
        """A connection that is closed in order keeps what is unread, so it is aborted."""
        super().pause_writing()
        self._stuck = self.loop.call_later(_STUCK_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _await_headers(self) -> None:
        """A request whose headers are not complete has until the first of them is too old."""
        is_idle = self.conn.their_state is h11.IDLE
        if not is_idle or (self._has_served and not self.conn.trailing_data[0]):
            self._stop_waiting()
        elif self._late is None:
            self._late = self.loop.call_later(_HEADERS_S, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _Server(uvicorn.Server):
    """A server whose signals the command handles that starts it. It ends the streams of events
    itself, since it would wait for them.
    """

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._feed.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Listening:
    """A server that has its address, and answers once `run` is called."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        self._socket = _bind(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._server = _Server(_config(app), app.state.feed)

    @property
    def url(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{name}:{self.port}"

    def stop(self) -> None:
        """End the server: requests that are being answered have a few seconds."""
        self._server.should_exit = True

    async def run(self) -> None:
        await self._server.serve(sockets=[self._socket])


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        is_name = isinstance(error, socket.gaierror)  # its number is not one of the system's
        why = error.strerror if is_name else os.strerror(error.errno or 0)
        raise Refused(
            f"{host}:{port} cannot be listened on: {why}",
            hint="choose another port with --port N; 0 picks a free one",
        ) from error


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",  # the app reports what failed, without secrets
        access_log=False,  # addresses and headers are in no log
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=Limits().header_bytes,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_LEAVES_S,
        limit_concurrency=_MOST_CONNECTIONS,
    )


def serve(
    hub: Hub,
    tokens: Tokens,
    *,
    sessions: Sessions | None = None,
    host: str,
    port: int,
    roots: Sequence[Path],
    hosts: Sequence[str] = (),
    proxies: Proxies,
    tell: Callable[[Listening], Any],
) -> None:
    """Serve until `Listening.stop` is called; `tell` gets that when the address is known. The runs
    continue.
    """
    hooks = Hooks(hub, Path.cwd(), _say)
    app = make_app(
        hub,
        tokens,
        sessions=sessions,
        roots=roots,
        hosts=[host, *hosts],
        hooks=hooks,
        proxies=proxies,
    )
    listening = Listening(app, host, port)
    tell(listening)
    asyncio.run(_serve(hub, listening))


async def _serve(hub: Hub, listening: Listening) -> None:
    supervising = asyncio.create_task(hub.keep_supervising(_say))
    try:
        await listening.run()
    finally:
        supervising.cancel()
        await asyncio.gather(supervising, return_exceptions=True)


def _say(text: str) -> None:
    sys.stderr.write(f"smithers serve: {plain(text)}\n")
