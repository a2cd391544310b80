"""What is read of runs is what was read of them before the reports were rewritten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.recorded_runs.comparing import differences
from tests.recorded_runs.corrections import CORRECTIONS, MISSING
from tests.recorded_runs.reading import RECORDED, read_all, recorded

NAMES = sorted(file.stem for file in RECORDED.glob("*.json"))
_SHOWN = 20


Found = tuple[str, str, object, object]
"""What was read, where in it, and the old and the new value there."""


@pytest.mark.parametrize("name", NAMES)
def test_every_read_gives_what_was_recorded(name: str) -> None:
    document = recorded(name)
    found = list(_differences(document["reads"], read_all(name, document)))
    allowed: list[Found] = [
        (one.read, one.path, one.old, one.new) for one in CORRECTIONS if one.database == name
    ]
    wrong = [one for one in found if one not in allowed]
    stale = [one for one in allowed if one not in found]
    assert not wrong, _told(name, "reads differ from what was recorded", wrong)
    assert not stale, _told(name, "corrections do not occur", stale)


def _differences(old: dict[str, object], new: dict[str, object]) -> Iterator[Found]:
    for read in dict.fromkeys([*old, *new]):
        for path, before, after in differences(old.get(read, MISSING), new.get(read, MISSING)):
            yield read, path, before, after


def _told(name: str, what: str, found: list[Found]) -> str:
    lines = [
        f"    Correction(database={name!r}, read={read!r}, path={path!r},\n"
        f"        old={old!r},\n        new={new!r}, why=...),"
        for read, path, old, new in found[:_SHOWN]
    ]
    return "\n".join(
        [f"{name}: {len(found)} {what}", *lines, *(["    ..."] * (found[_SHOWN:] != []))]
    )


def test_there_are_enough_databases() -> None:
    assert len(NAMES) >= 30
    assert {one.database for one in CORRECTIONS} <= set(NAMES)
    assert all(one.why.strip() for one in CORRECTIONS)
