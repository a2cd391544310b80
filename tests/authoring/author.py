"""An agent of a distribution of its own, whose answers are in the file that `SCRIPT` names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from harnesses import Scripted
from smithers.agent import Adapter, Ask, Checkup

__all__ = ["ADAPTER", "Author"]

SCRIPT = Path(__file__).with_name("script.json")
ASKED = Path(__file__).with_name("asked.jsonl")


class Author(Scripted):
    """Answers one request after the other, and writes down what it was told."""

    def __init__(self) -> None:
        super().__init__({"write": self._answer}, latency_s=float(os.environ.get("LATENCY", "0")))

    def _answer(self, ask: Ask) -> str:
        with ASKED.open("a") as file:
            file.write(json.dumps({"told": ask.told, "session": ask.session}) + "\n")
        for path, text in json.loads(os.environ.get("MEANWHILE", "{}")).items():
            Path(path).write_text(text)
        answers: list[str] = json.loads(SCRIPT.read_text())
        return answers[min(len(ASKED.read_text().splitlines()), len(answers)) - 1]


def look() -> Checkup:
    return Checkup(
        name="Author",
        program="author",
        install="nothing",
        sign_in="do nothing",
        tested=("1", "1"),
        path=Path(__file__),
        version="1",
        signed_in=True,
    )


ADAPTER = Adapter(classes=("author:Author",), checkup=look)
