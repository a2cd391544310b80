"""A process that runs one model with one slow tool, to be killed in the middle of it.

    python -m tests.models.killed VENDOR URL FOLDER [SESSION | --message=TEXT]

Each call of the tool appends a line to `done.txt`, after it has waited for the file `go`. With a
message it is told that while the first tool runs, and then waits for its end.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

from smithers.agent import Ask, Steered, ToolCalled
from tests.models.cases import VENDORS


async def main(name: str, url: str, folder: Path, said: str | None) -> None:
    vendor = VENDORS[name]

    def note(text: str) -> str:
        """Notes a text."""
        with (folder / "begun.txt").open("a") as file:
            file.write(f"{text}\n")
        while text == "second" and not (folder / "go").exists():
            time.sleep(0.02)
        with (folder / "done.txt").open("a") as file:
            file.write(f"{text}\n")
        return f"noted {text}"

    message = said.removeprefix("--message=") if said and said.startswith("--message=") else None
    messages = asyncio.Queue[str]()
    agent = vendor.kind(
        vendor.model,
        tools=[note],
        base_url=url + vendor.path,
        api_key_env=vendor.key,
        sessions=folder / "sessions" if message else None,
    )
    ask = Ask(
        prompt="Note two.",
        cwd=folder,
        session=None if message else said,
        followup="Go on.",
        idle_s=60,
        messages=messages,
    )
    async for event in agent.run(ask):
        print(event, flush=True)  # noqa: T201
        if message and isinstance(event, ToolCalled):
            messages.put_nowait(message)
        if isinstance(event, Steered):
            threading.Event().wait()


if __name__ == "__main__":
    known = sys.argv[4] if len(sys.argv) > 4 else None
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), known))
