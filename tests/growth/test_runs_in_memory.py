"""Runs in memory find those below them by one walk over all, however long a chain they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from smithers.changes import Key
from smithers.store import Parent, kin
from smithers.store.held import HeldRun
from smithers.store.lease import this_process
from smithers.store.memory import MemoryStore
from tests.store.samples import first_frame, new_run


class _Read(Mapping[str, HeldRun]):
    """Runs that count how often one of them was read."""

    def __init__(self, runs: Mapping[str, HeldRun]) -> None:
        self.runs, self.reads = runs, 0

    def __getitem__(self, run_id: str) -> HeldRun:
        self.reads += 1
        return self.runs[run_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)


def _chain(length: int) -> _Read:
    return asyncio.run(_made(length))


async def _made(length: int) -> _Read:
    store, me = MemoryStore(), this_process()
    for number in range(length):
        parent = Parent(run_id=f"r{number - 1}", key=Key("part")) if number else None
        await store.create(replace(new_run(f"r{number}"), parent=parent), me, first_frame())
    return _Read(store._runs)  # pyright: ignore[reportPrivateUsage]  # what is counted is inside


def _used(runs: _Read) -> object:
    return kin.used_below(runs, "r0", every=True)


def _left(runs: _Read) -> object:
    return kin.left_below(runs, "r0")


def _children(runs: _Read) -> object:
    return kin.open_children(runs, "r0")


def _started(runs: _Read) -> object:
    return kin.open_started(runs, "r0")


@pytest.mark.parametrize("asked", [_used, _left, _children, _started])
def test_what_is_below_a_run_is_found_by_a_walk_that_is_linear(
    asked: Callable[[_Read], object],
) -> None:
    few, many = _chain(10), _chain(40)
    asked(few)
    asked(many)
    assert 10 <= few.reads <= 20
    assert many.reads <= 4 * few.reads
