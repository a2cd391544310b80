"""Clients that follow a run over HTTP: `python -m bench.following WHAT CLIENTS STEPS FOLDER`.

A run of STEPS steps, 50 a second, is driven in a process of its own, beside a server that CLIENTS
clients of a third process listen to. From the moment when all of them have the run's first events
to its last step, it is told: with WHAT `cpu`, the CPU of the run's process; with `statements`, its
SQL statements, without what it does by the clock. And the events of the run, how many a second
there were, how many each client was given, and the most memory that the server had.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from bench import followed
from bench.driving import Marked, drive, emit, store
from bench.statements import counted
from smithers.hub import Hub
from smithers.views import FrameView

__all__ = ["A_SECOND"]

A_SECOND = 50.0
"""Steps; each has five events."""
_RUN = "bench"
_LOOKS_S = 0.1
_MOST_S = 300.0


def run(what: str, database: Path, go: Path, steps: int) -> None:
    """Drive the run, and tell what it took from its first mark to the second."""
    given: dict[str, object] = {"go": str(go), "steps": steps, "a_second": A_SECOND}
    with ExitStack() as stack:
        if what == "statements":
            counts = stack.enter_context(counted())
            Marked.counts.append(lambda: counts.all)
        left, _, _ = drive(followed.__file__, "followed", database, given, run_id=_RUN)
    assert left.status == "finished", left
    (begun_s, cpu_s, counts_before), (ended_s, all_cpu_s, counts_after) = Marked.marks
    emit(
        cpu_s=all_cpu_s - cpu_s,
        statements=counts_after - counts_before,
        seconds=ended_s - begun_s,
    )


async def listen(port: int, secret: str, clients: int, go: Path) -> None:
    """Follow the run until its end, and tell how many events each client had."""
    came, waiting = asyncio.Event(), clients

    async def follow() -> int:
        nonlocal waiting
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        asked = f"GET /api/v1/runs/{_RUN}/events HTTP/1.0\r\nHost: 127.0.0.1\r\n"
        writer.write(f"{asked}Authorization: Bearer {secret}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.split()[1] == b"200", head
        events, is_first = 0, True
        while True:
            message = await reader.readuntil(b"\r\n\r\n")
            if b"event: end\r\n" in message:
                writer.close()
                return events
            events += message.count(b'"n":')
            waiting -= is_first
            is_first = False
            if not waiting:
                came.set()

    async with asyncio.timeout(_MOST_S), asyncio.TaskGroup() as group:
        following = [group.create_task(follow()) for _ in range(clients)]
        if clients:
            await came.wait()
        go.touch()  # noqa: ASYNC240
    emit(least=min((one.result() for one in following), default=0))


def measure(what: str, clients: int, steps: int, folder: Path) -> dict[str, float]:
    database, go = store(folder, "run"), folder / "go"
    ours = [sys.executable, "-m", "bench.following"]
    serve = [sys.executable, "-P", "-m", "smithers", "serve", "--port", "0", "--json"]
    with ExitStack() as stack:
        owner = _started(stack, [*ours, "run", what, str(database), str(go), str(steps)])
        while not Hub(database).database.exists() or Hub(database).status(_RUN) is None:
            assert owner.poll() is None, "the run has ended"
            time.sleep(_LOOKS_S)
        server = _started(stack, [*serve, "--db", str(database)])
        told = _said(server)
        port, secret = told["url"].rpartition(":")[2], Path(told["token_file"]).read_text().strip()
        words = ["listen", port, secret, str(clients), str(go)]
        listener = _started(stack, [*ours, *words])
        process, memory = psutil.Process(server.pid), 0
        while owner.poll() is None:
            memory = max(memory, process.memory_info().rss)
            time.sleep(_LOOKS_S)
        found, least = _said(owner), int(_said(listener)["least"])
    events = sum(
        len(one.changes) for one in Hub(database).all_events(_RUN) if isinstance(one, FrameView)
    )
    assert least in (0, events), f"a client had {least} events of {events}"
    seconds = float(found.pop("seconds"))
    return {
        **{name: float(value) for name, value in found.items()},
        "events": events,
        "events_a_second": events / seconds,
        "memory_bytes": memory,
    }


def _started(stack: ExitStack, command: list[str]) -> subprocess.Popen[str]:
    child = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    stack.callback(child.kill)
    return child


def _said(child: subprocess.Popen[str]) -> dict[str, str]:
    """The next line that it prints."""
    assert child.stdout is not None
    said: dict[str, str] = json.loads(child.stdout.readline())
    return said


def main(first: str, *given: str) -> None:
    if first == "run":
        what, database, go, steps = given
        run(what, Path(database), Path(go), int(steps))
    elif first == "listen":
        port, secret, clients, go = given
        asyncio.run(listen(int(port), secret, int(clients), Path(go)))
    else:
        clients, steps, where = given
        Path(where).mkdir(parents=True, exist_ok=True)
        emit(**measure(first, int(clients), int(steps), Path(where)))


if __name__ == "__main__":
    main(*sys.argv[1:])
