"""New recordings get their places among the old ones, under names that say what they answer."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from harnesses.process._shelf import Found, answers, recordings_in
from harnesses.recording import read_sessions

__all__ = ["Filing"]

_NUMBER = re.compile(r"_\d\d$")


class Filing:
    """Files what tests record. One that asked what another had asked before adds nothing to it."""

    def __init__(self) -> None:
        self._anew: dict[tuple[Path, object], int] = {}

    def file(self, made: Path, folder: Path, *, anew: bool, cut_off: bool = True) -> list[Path]:
        """Moves the recordings in `made` below `folder`; gives where they are now.

        `anew` puts them in the place of those of the same requests. Without `cut_off` sessions
        that did not end by themselves stay where they are.
        """
        requests: dict[object, list[Found]] = {}
        for path, header in recordings_in(made):
            if cut_off or _ended_by_itself(path):
                requests.setdefault(answers(header), []).append((path, header))
        filed: list[Path] = []
        for request, new in requests.items():
            old = [path for path, header in recordings_in(folder) if answers(header) == request]
            if anew:
                if self._anew.get((folder, request), 0) >= len(new):
                    continue
                self._anew[folder, request] = len(new)
                for path in old:
                    path.unlink()
            filed += _moved(new, folder, old, anew)
        return filed


def _moved(new: Sequence[Found], folder: Path, old: Sequence[Path], anew: bool) -> list[Path]:
    """Under the name of the first of the old ones, numbered in the order of their making."""
    header = new[0][1]
    first = old[0] if old else folder / f"{header.program}-{header.prompt_sha}.jsonl"
    stem = _NUMBER.sub("", first.stem)
    first.parent.mkdir(parents=True, exist_ok=True)
    at = 0 if anew else len(old)
    filed: list[Path] = []
    for path, _ in new:
        place = _named(first, stem, at)
        while place.exists():
            at += 1
            place = _named(first, stem, at)
        shutil.move(path, place)
        filed.append(place)
    return filed


def _named(first: Path, stem: str, at: int) -> Path:
    return first.with_name(f"{stem}_{at + 1:02}.jsonl" if at else f"{stem}.jsonl")


def _ended_by_itself(path: Path) -> bool:
    return all(
        session.ending is not None and all(moment.signal is None for moment in session.moments)
        for session in read_sessions(path)
    )
