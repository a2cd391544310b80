"""A real server in a process of its own, and clients that follow its events."""

from __future__ import annotations

import asyncio
import json
import select
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smithers.access import Sessions
from smithers.hub import Feed, Hub
from smithers.web import make_app
from smithers.web._guarding import Limits
from smithers.web._serving import Listening
from tests.cli.command import environment
from tests.web.serving import EVERYTHING, FakeTokens

__all__ = ["PATIENCE_S", "Message", "Served", "listening", "messages", "serving"]

PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server that answers. `secret` is its own token, which may read."""

    process: subprocess.Popen[str]
    port: int
    url: str
    secret: str


@contextmanager
def serving(database: Path, *, port: int = 0) -> Generator[Served]:
    """A server until the end of the block, where it is killed if it is still there."""
    command = [sys.executable, "-P", "-m", "smithers", "serve", "--port", str(port), "--json"]
    command += ["--db", str(database)]
    with subprocess.Popen(
        command, cwd=database.parent, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
            assert ready, "the server did not say that it listens"
            told = json.loads(process.stdout.readline())
            assert told.get("pid") == process.pid, told
            yield Served(
                process=process,
                port=int(told["url"].rpartition(":")[2]),
                url=told["url"],
                secret=Path(told["token_file"]).read_text().strip(),
            )
        finally:
            process.kill()


@contextmanager
def listening(
    hub: Hub, limits: Limits | None = None, sessions: Sessions | None = None
) -> Generator[tuple[Listening, Feed]]:
    """A server in a thread, and the feed of its events."""
    app = make_app(hub, FakeTokens(), limits=limits, sessions=sessions)
    made = Listening(app, "127.0.0.1", 0)
    thread = threading.Thread(target=lambda: asyncio.run(made.run()))
    thread.start()
    try:
        yield made, app.state.feed
    finally:
        made.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@dataclass(frozen=True, kw_only=True)
class Message:
    """A server-sent event."""

    id: str | None = None
    event: str = "message"
    data: Any = None


async def messages(
    port: int, path: str, *, last: str | None = None, secret: str = EVERYTHING
) -> AsyncIterator[Message]:
    """The messages of a stream until the server ends it, in whatever way; none if it is 204."""
    # HTTP/1.0, so that the body is not in chunks and ends with the connection.
    request = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n"
    if last is not None:
        request += f"Last-Event-ID: {last}\r\n"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    except OSError:
        return
    try:
        writer.write(f"{request}\r\n".encode())
        status = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        if status == b"204":
            return
        assert status == b"200", (status, await reader.read(10_000))
        while True:
            part = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.split(": ", 1) for line in part.splitlines() if line)
            if "data" in fields:
                fields["data"] = json.loads(fields["data"])
                yield Message(**{name: fields[name] for name in fields if name != "retry"})
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()
