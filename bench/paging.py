"""The page of a large run: `python -m bench.paging TASKS FOLDER`.

A run finishes TASKS tasks beside each other and waits for a person. The page of a small run is
asked for first, so that no import is counted; then what the page of the large one costs the server,
and its size as it is sent.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bench.driving import emit, store
from smithers import Approval, Context, Node, Parallel, Sequence, Step, workflow
from smithers.access import Sessions
from smithers.callers import Caller
from smithers.hub import Hub
from smithers.web import make_app

__all__: list[str] = []

_SECRET, _HOST = "smt_bench", "127.0.0.1:7331"
_TIMES = 5


class Size(BaseModel):
    count: int


@workflow(input=Size)
def sweep(ctx: Context[Size]) -> Node:
    cases = (Step(f"case-{n:05}", lambda: "x", output=str) for n in range(ctx.input.count))
    return Sequence(Parallel(*cases), Approval("ship", ask="Ship?"))


class _Tokens:
    def find(self, secret: str, /) -> Caller | None:
        return Caller(name="bench", scopes=frozenset({"read"})) if secret == _SECRET else None


async def _size_of(app: Any, run: str) -> int:
    """Ask for the page of a run as a browser does, and count the bytes of the answer."""
    headers = {
        "host": _HOST,
        "accept": "text/html",
        "accept-encoding": "gzip",
        "authorization": f"Bearer {_SECRET}",
    }
    path, sent, has_asked = f"/runs/{run}", list[MutableMapping[str, Any]](), False
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 7331),
    }

    async def receive() -> MutableMapping[str, Any]:
        nonlocal has_asked
        if has_asked:
            await asyncio.Event().wait()
        has_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    return sum(len(message.get("body", b"")) for message in sent)


async def measure(tasks: int, folder: Path) -> dict[str, float]:
    hub = Hub(store(folder, "run"))
    await hub.run(sweep, Size(count=1), run_id="small")
    await hub.run(sweep, Size(count=tasks), run_id="large")
    app = make_app(hub, _Tokens(), sessions=Sessions({"XDG_STATE_HOME": str(folder)}))
    await _size_of(app, "small")
    size, before = 0, time.process_time()
    for _ in range(_TIMES):
        size = await _size_of(app, "large")
    return {"page_cpu_s": (time.process_time() - before) / _TIMES, "page_bytes": size}


def main(tasks: str, where: str) -> None:
    Path(where).mkdir(parents=True, exist_ok=True)
    emit(**asyncio.run(measure(int(tasks), Path(where))))


if __name__ == "__main__":
    main(*sys.argv[1:])
