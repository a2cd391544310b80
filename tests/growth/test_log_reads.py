"""The last of a log is read from its end: a live page asks for it many times."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from smithers import Context, Loop, Node, NoInput, Step, workflow
from smithers.hub import Hub
from smithers.reports import _logs
from smithers.store.files import events_file, streams_folder

_ATTEMPTS = 3


@workflow
def repeats(ctx: Context[NoInput]) -> Node:
    return Loop(Step("say", print), until=lambda: False, max_iterations=_ATTEMPTS)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    made = Hub(tmp_path / "runs.db")
    asyncio.run(made.run(repeats, run_id="r1"))
    return made


def _write(hub: Hub, logs: list[list[int]], torn: str = "") -> list[int]:
    """Give the attempts logs with lines of these lengths; the numbers that the lines have."""
    folder, number = streams_folder(hub.database, "r1"), 0
    folder.mkdir(parents=True, exist_ok=True)
    serials = sorted(one.serial for task in hub.inspect("r1").tasks for one in task.attempts)
    assert len(serials) == len(logs)
    for serial, lengths in zip(serials, logs, strict=True):
        lines: list[str] = []
        for length in lengths:
            lines.append(json.dumps({"number": number, "text": "x" * length}) + "\n")
            number += 1
        file = events_file(folder, serial)
        file.write_text("".join(lines) + torn)
        file.chmod(0o600)
    return list(range(number))


def _numbers(page: Any) -> list[int]:
    return [one.payload["number"] for one in page.events]


@pytest.mark.parametrize("torn", ["", '{"number": 99, "text": "not whole'])
@pytest.mark.parametrize("seed", range(20))
def test_pages_from_the_end_have_each_line_once(hub: Hub, seed: int, torn: str) -> None:
    random = Random(seed)
    logs = [
        [random.choice([0, 5, 300]) for _ in range(random.randrange(8))] for _ in range(_ATTEMPTS)
    ]
    every = _write(hub, logs, torn)
    most, most_bytes = random.choice([1, 3, 100]), random.choice([1, 100, 700, 10**6])
    found: list[int] = []
    before: str | None = None
    for _ in range(len(every) + 1):
        page = _logs.log_page(
            hub.database, "r1", "say", before=before, most=most, most_bytes=most_bytes
        )
        numbers = _numbers(page)
        assert len(numbers) <= most
        assert numbers or not found or len(found) == len(every)
        found = numbers + found
        before = page.before
        if before is None:
            break
    assert found == every
    assert before is None


def test_the_last_of_a_long_log_is_read_without_the_rest(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    class Counted:
        """A file that counts the bytes that are read of it."""

        def __init__(self, file: int, mode: str) -> None:
            self._file = open(file, mode)  # noqa: SIM115  # it is closed with this one

        def __enter__(self) -> Counted:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def seek(self, at: int) -> None:
            self._file.seek(at)

        def read(self, size: int) -> bytes:
            return self._kept(self._file.read(size))

        def readline(self, size: int) -> bytes:
            return self._kept(self._file.readline(size))

        def _kept(self, text: bytes) -> bytes:
            read.append(len(text))
            return text

    monkeypatch.setattr(_logs, "open", Counted, raising=False)
    spent: list[int] = []
    for lines in (100, 3_000):
        every = _write(hub, [[1_000] * lines] * _ATTEMPTS)
        read.clear()
        page = _logs.log_page(hub.database, "r1", "say", most_bytes=20_000)
        assert _numbers(page) == every[-19:]
        spent.append(sum(read))
    assert spent[1] <= spent[0] + 200  # the numbers of the lines are longer
