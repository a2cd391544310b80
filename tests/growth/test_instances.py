"""What a run looks at in its instances: so much a step, however many there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smithers.kinds import Instance
from tests.growth.shapes import FLAT, drive_shape, without_comparison

_RATIO = 1.3
"""How the looks of a step may differ: by which steps end in one frame, and what happens once."""


class _Watched:
    """A field of an instance that counts how often it is read."""

    looks = 0

    def __init__(self, field: Any) -> None:
        self._field = field

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None:
            return self
        _Watched.looks += 1
        return self._field.__get__(instance, owner)

    def __set__(self, instance: object, value: object) -> None:
        self._field.__set__(instance, value)


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    without_comparison(monkeypatch)
    for name in Instance.__slots__:
        monkeypatch.setattr(Instance, name, _Watched(Instance.__dict__[name]))


def looks(shape: str, count: int, folder: Path) -> int:
    _Watched.looks = 0
    drive_shape(shape, count, folder)
    return _Watched.looks


@pytest.mark.sampled(4)
@pytest.mark.parametrize("shape", FLAT)
def test_an_event_visits_as_many_instances_in_a_long_run_as_in_a_short_one(
    shape: str, tmp_path: Path
) -> None:
    few, more, most = (looks(shape, count, tmp_path) for count in (16, 48, 112))
    assert most - more <= 2 * (more - few) * _RATIO
