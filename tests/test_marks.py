"""Every test is run somewhere: by `make test`, or by the target of its mark."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.conftest import pytest_collection_modifyitems

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
TARGETS = dict(
    re.findall(r"^(\w+): .*\(make (\w+)\)$", "\n".join(SETTINGS["markers"]), re.MULTILINE)
)


def test_only_tests_with_a_target_are_left_out() -> None:
    left_out = SETTINGS["addopts"].partition("-m ")[2].strip("'")
    assert left_out == " and ".join(f"not {mark}" for mark in TARGETS)


@pytest.mark.parametrize("mark", TARGETS)
def test_ci_runs_the_tests_of_each_mark_or_says_why_not(mark: str) -> None:
    target = TARGETS[mark]
    recipe = re.search(
        rf"^{target}: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert recipe is not None
    assert re.search(rf"-m '?{mark}\b", recipe[1])
    ci = (ROOT / ".ci" / "run").read_text()
    loop = re.search(r"^for target in (.*); do$", ci, re.MULTILINE)
    assert loop is not None
    assert target in loop[1].split() or re.search(
        rf"^#.* not `{target}`, ", ci, re.MULTILINE | re.IGNORECASE
    )


def test_a_sampled_test_keeps_so_many_cases_and_the_others_are_long(
    pytester: pytest.Pytester,
) -> None:
    found = pytester.getitems(
        """
        import pytest

        @pytest.mark.sampled(2)
        @pytest.mark.parametrize("case", range(5))
        def test_of_five(case): ...

        @pytest.mark.sampled(2)
        def test_alone(): ...
        """
    )
    pytest_collection_modifyitems(found)
    stay = [one.name for one in found if one.get_closest_marker("long") is None]
    assert stay == ["test_of_five[0]", "test_of_five[2]", "test_alone"]
