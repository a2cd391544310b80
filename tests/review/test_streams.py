"""An attempt that has ended writes nowhere, least of all into the database."""

from __future__ import annotations

import os
from pathlib import Path

from smithers.engine.streams import Stream


def test_a_line_of_an_attempt_that_ends_meanwhile_never_reaches_another_file(
    tmp_path: Path,
) -> None:
    other: list[int] = []

    def ends_meanwhile(line: str) -> str:
        if stream_of and "late" in line:
            stream_of[0].close()
            other.append(os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT))
        return line

    stream_of: list[Stream] = []
    stream = Stream(tmp_path, 1, ends_meanwhile)
    stream_of.append(stream)
    stream.write({"note": "in time"})
    stream.write({"note": "late"})
    os.close(other[0])
    assert (tmp_path / "other").read_text() == ""
    assert "late" not in (tmp_path / "1.events.jsonl").read_text()
