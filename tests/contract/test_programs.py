"""What a program may do to its streams, whichever it is: noise, floods, and an end too early.

A recorded session is altered and played. What pipes bear is in the tests of `harnesses.process`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from smithers.agent import Answered, Event, Said
from smithers.errors import Transient
from tests.contract.adapters import RECORDED
from tests.contract.scenes import Adapter
from tests.harness.helpers import ROOT

pytestmark = pytest.mark.anyio

Moments = list[dict[str, Any]]
GARBAGE = 'warning: no JSON\n[1]\n"x"\nnull\n{"type":"of_tomorrow","event":"x","method":"y/z"}\n\n'
LINE = json.dumps({"type": "of_tomorrow", "x": "0123456789" * 2_000_000}) + "\n"
FLOOD = "e" * 5_000_000 + "\n"

PROGRAMS = [adapter for adapter in RECORDED if "-by-" not in adapter.name]
every = pytest.mark.parametrize("adapter", RECORDED, ids=lambda adapter: adapter.id)


def altered(adapter: Adapter, folder: Path, change: Callable[[Moments], Moments]) -> Path:
    """A folder with the recording of a plain answer alone, after a change of its moments."""
    path = ROOT / "recordings" / adapter.name.split("-by-")[0] / f"{adapter.prefix}text.jsonl"
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    moments = change([json.loads(line) for line in lines])
    folder.mkdir()
    text = "\n".join([header, *map(json.dumps, moments)]) + "\n"
    (folder / "text.jsonl").write_text(text, encoding="utf-8")
    return folder


def before_its_first_word(*inserted: tuple[str, str]) -> Callable[[Moments], Moments]:
    def change(moments: Moments) -> Moments:
        at = next(at for at, each in enumerate(moments) if each.get("s") == "out")
        new = [{"t": moments[at]["t"], "s": stream, "d": text} for stream, text in inserted]
        return [*moments[:at], *new, *moments[at:]]

    return change


def gone_after_its_first_line(moments: Moments) -> Moments:
    """It ends as if all were well, and never gave its verdict."""
    at = next(at for at, each in enumerate(moments) if each.get("s") == "out")
    line = moments[at]["d"].split("\n")[0] + "\n"
    return [*moments[:at], {**moments[at], "d": line}, {**moments[-1], "rc": 0, "t": 1}]


def said(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, Said | Answered)]


@every
async def test_garbage_and_events_of_tomorrow_on_stdout_are_passed_over(
    adapter: Adapter, tmp_path: Path
) -> None:
    recordings = altered(adapter, tmp_path / "r", before_its_first_word(("out", GARBAGE)))
    with adapter.scene("text", tmp_path / "plain") as scene:
        plain = await scene.answered()
    with adapter.on(recordings).scene("text", tmp_path / "noisy") as scene:
        noisy = await scene.answered()
    assert said(noisy) == said(plain)
    assert [type(event) for event in noisy] == [type(event) for event in plain]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("adapter", PROGRAMS, ids=lambda adapter: adapter.id)
async def test_a_line_of_twenty_megabytes_and_a_flood_on_stderr_block_nothing(
    adapter: Adapter, tmp_path: Path
) -> None:
    change = before_its_first_word(("err", FLOOD), ("out", LINE), ("err", FLOOD))
    recordings = altered(adapter, tmp_path / "r", change)
    with adapter.on(recordings).scene("text", tmp_path / "noisy") as scene:
        events = await scene.answered()
    shutil.rmtree(recordings)  # tens of megabytes, which pytest would keep
    assert events[-1] == Answered("Hello there.")


@every
async def test_an_exit_without_a_terminal_event_is_transient_whatever_its_code(
    adapter: Adapter, tmp_path: Path
) -> None:
    recordings = altered(adapter, tmp_path / "r", gone_after_its_first_line)
    with adapter.on(recordings).scene("text", tmp_path / "gone") as scene:
        events, error = await scene.played()
    assert type(error) is Transient, error
    assert error.reason == "no_terminal_event"
    assert not any(isinstance(event, Answered) for event in events)
