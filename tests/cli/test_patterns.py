"""`patterns` lists what is exported, and prints files as they are installed."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from smithers import patterns
from tests.cli.command import smithers
from tests.places import SMITHERS

NAMES = [name for name in patterns.__all__ if inspect.isfunction(getattr(patterns, name))]
FILES = sorted((SMITHERS / "patterns").glob("[a-z]*.py"))


def test_each_file_has_one_pattern_and_each_pattern_a_line(tmp_path: Path) -> None:
    said = smithers(tmp_path, "patterns")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == NAMES
    assert all(line.endswith(".") and len(line) <= 112 for line in said.out.splitlines())
    assert len(NAMES) == len(FILES) == 16


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", NAMES)
def test_the_source_of_a_pattern_is_its_file(tmp_path: Path, name: str) -> None:
    said = smithers(tmp_path, "patterns", name)
    file = Path(inspect.getfile(getattr(patterns, name)))
    assert (said.code, said.out) == (0, file.read_text())
    assert said.out.startswith(f'"""{name}: ')
    assert f"\ndef {name}(" in said.out


def test_as_json(tmp_path: Path) -> None:
    found = smithers(tmp_path, "patterns", "--json").document
    assert [one["name"] for one in found["patterns"]] == NAMES
    assert set(found["patterns"][0]) == {"name", "summary", "module", "file"}
    one = smithers(tmp_path, "patterns", "Panel", "--json").document
    assert one["module"] == "smithers.patterns.panel"
    assert one["source"] == Path(one["file"]).read_text()


@pytest.mark.parametrize("typed", ["reviewloop", "ReviewLop", "Review"])
def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path, typed: str) -> None:
    said = smithers(tmp_path, "patterns", typed)
    assert (said.code, said.out) == (2, "")
    assert f"there is no pattern '{typed}'" in said.err
    assert "did you mean ReviewLoop?" in said.err


def test_a_name_like_no_other_is_answered_with_how_to_list_them(tmp_path: Path) -> None:
    assert "list them with `smithers patterns`" in smithers(tmp_path, "patterns", "xyz").err
