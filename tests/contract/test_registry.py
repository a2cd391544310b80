"""Nobody is left out: each adapter has its line, and each case a session or a reason why not."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import harnesses
import harnesses.models
from recordings.playing import Place
from tests.contract.adapters import ADAPTERS, RECORDED
from tests.contract.cases import ANSWERED, CASES, FAILURES, FURTHER
from tests.contract.scenes import Adapter
from tests.harness.helpers import ROOT

every = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.id)


def test_every_adapter_that_is_exported_is_in_the_registry() -> None:
    packages = (harnesses, harnesses.models)
    exported = [getattr(package, name) for package in packages for name in package.__all__]
    agents = {one for one in exported if inspect.isclass(one) and hasattr(one, "can")}
    assert agents == {adapter.kind for adapter in ADAPTERS}


def test_every_harness_is_played_on_its_recordings_and_as_the_real_program() -> None:
    live = {adapter.name for adapter in ADAPTERS if adapter.way == "live"}
    assert {adapter.name for adapter in RECORDED} == live
    folders = {path.name for path in (ROOT / "recordings").iterdir() if path.is_dir()}
    assert {name.split("-by-")[0] for name in live} == folders - {"__pycache__"}


@every
def test_each_case_has_a_session_or_a_reason_why_there_is_none(adapter: Adapter) -> None:
    assert set(adapter.lacks) <= set(CASES)
    assert all(adapter.lacks.values())
    shown = {case for case in CASES if adapter.showing(case)}
    assert shown | set(adapter.lacks) == set(CASES)


@pytest.mark.parametrize(
    "adapter",
    [each for each in ADAPTERS if each.way != "live" and "-by-" not in each.name],
    ids=lambda adapter: adapter.id,
)
def test_what_an_adapter_declares_is_what_it_shows(adapter: Adapter, tmp_path: Path) -> None:
    place = Place(home=tmp_path, config=tmp_path, cwd=tmp_path, records=tmp_path)
    can = adapter.made(adapter.by_name["text"], place, "http://127.0.0.1:1").can
    assert ("session resumed" not in adapter.lacks) == can.resumes
    assert ("session forked" not in adapter.lacks) == can.forks
    assert ("steered" not in adapter.lacks) == can.steers
    assert adapter.is_alone == (adapter.kind in (harnesses.Echo, harnesses.Scripted))


@pytest.mark.parametrize("adapter", RECORDED, ids=lambda adapter: adapter.id)
def test_each_session_that_shows_a_case_is_recorded(adapter: Adapter) -> None:
    folder = ROOT / "recordings" / adapter.name.split("-by-")[0]
    names = {name for case in CASES for name in adapter.showing(case)}
    sessions = [adapter.by_name[name] for name in names]
    sessions += [each.then for each in sessions if each.then is not None]
    lacking = [each.name for each in sessions if not (folder / f"{each.name}.jsonl").exists()]
    assert lacking == []


def test_no_session_shows_two_cases() -> None:
    names = [name for shown in ANSWERED.values() for name in shown]
    names += [name for _, shown in (FAILURES | FURTHER).values() for name in shown]
    assert len(names) == len(set(names))
