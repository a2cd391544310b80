"""A long stream of events of 1 KB each: `python -m bench.streams WHAT COUNT FOLDER`.

WHAT is `adapter`, and an adapter runs a program that says them through a pipe, its stream kept as
an engine keeps it; or `parse`, and they are read as `smithers harness parse` reads them. A stream
of few events goes before. The CPU is our process's own, without the program.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.driving import emit
from harnesses import ClaudeCode, read_stream
from smithers.agent import Answered, Ask, Event

__all__: list[str] = []

_EVENT_BYTES = 1000
_CHUNK_BYTES = 1 << 16
_WARM = 1000
_SESSION = "00000000-0000-4000-8000-000000000000"
_RESULT = {
    "type": "result", "subtype": "success", "is_error": False, "terminal_reason": "completed",
    "result": "Done.", "session_id": _SESSION, "usage": {"input_tokens": 1, "output_tokens": 1},
}  # fmt: skip


def _event(number: int) -> bytes:
    """What an agent says most: a word of its own, a call, and what that gave, in turns."""
    blocks = (
        {"type": "text", "text": "word " * 80},
        {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": "ls " * 120}},
        {"type": "tool_result", "tool_use_id": f"t{number}", "content": "a line of it\n" * 30},
    )
    role = ("assistant", "assistant", "user")[number % 3]
    message = {"role": role, "content": [blocks[number % 3]]}
    said = {"type": role, "message": message, "session_id": _SESSION, "parent_tool_use_id": None}
    room = _EVENT_BYTES - len(json.dumps(said)) - 12
    return (json.dumps({**said, "uuid": "u" * room}) + "\n").encode()


def _written(folder: Path, count: int) -> Path:
    path = folder / f"{count}.jsonl"
    with path.open("wb") as file:
        for number in range(count):
            file.write(_event(number))
        file.write(json.dumps(_RESULT).encode() + b"\n")
    return path


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            yield data


def parse(path: Path, folder: Path) -> None:
    last: dict[str, object] = {}
    for event in read_stream("claude-code", _chunks(path)):
        last = event
    assert last["verdict"] == "succeeded", last


def adapter(path: Path, folder: Path) -> None:
    program = folder / f"{path.stem}.sh"
    program.write_text(f"#!/bin/sh\ncat {path}\n")
    program.chmod(0o755)
    ask = Ask(prompt="Go", cwd=folder, session=_SESSION, raw=folder / f"{path.stem}.raw.jsonl")
    asyncio.run(_run(ClaudeCode(program=str(program)), ask))


async def _run(agent: ClaudeCode, ask: Ask) -> None:
    last: Event | None = None
    async for event in agent.run(ask):
        last = event
    assert isinstance(last, Answered), last


def main(what: str, count: str, where: str) -> None:
    folder, read = Path(where), {"adapter": adapter, "parse": parse}[what]
    read(_written(folder, _WARM), folder)
    long = _written(folder, int(count))
    before = time.process_time()
    read(long, folder)
    emit(cpu_s=time.process_time() - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
