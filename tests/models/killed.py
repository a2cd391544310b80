"""A process that runs one model with one slow tool, to be killed in the middle of it.

    python -m tests.models.killed VENDOR URL FOLDER [SESSION]

Each call of the tool appends a line to `done.txt`, after it has waited for the file `go`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from smithers.agent import Ask
from tests.models.cases import VENDORS


async def main(name: str, url: str, folder: Path, session: str | None) -> None:
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

    agent = vendor.kind(
        vendor.model, tools=[note], base_url=url + vendor.path, api_key_env=vendor.key
    )
    ask = Ask(prompt="Note two.", cwd=folder, session=session, followup="Go on.", idle_s=60)
    async for event in agent.run(ask):
        print(event, flush=True)  # noqa: T201


if __name__ == "__main__":
    known = sys.argv[4] if len(sys.argv) > 4 else None
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), known))
