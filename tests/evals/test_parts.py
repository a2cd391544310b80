"""What an eval counts and compares, without a run."""

from __future__ import annotations

import pytest

from smithers.evals._spread import spread_of
from smithers.evals._subject import as_scores


def test_a_spread_is_of_the_values() -> None:
    found = spread_of([1.0, 2.0, 3.0, 4.0])
    assert found is not None
    assert (found.n, found.mean, found.low, found.median, found.high) == (4, 2.5, 1.0, 2.5, 4.0)
    assert found.standard_error == pytest.approx(0.6454972)
    assert spread_of([]) is None
    only = spread_of([7.0])
    assert only is not None
    assert only.standard_error is None


@pytest.mark.parametrize("given", ["1", None, [1], {"a": None}])
def test_what_is_no_number_is_no_score(given: object) -> None:
    with pytest.raises(TypeError, match="return a number, True or False, or a mapping"):
        as_scores(given)


@pytest.mark.parametrize("given", [float("nan"), {"a": float("inf")}, {}, 1e308, -1e101])
def test_numbers_that_cannot_be_compared_are_refused(given: object) -> None:
    with pytest.raises(ValueError, match="the score function gave"):
        as_scores(given)
