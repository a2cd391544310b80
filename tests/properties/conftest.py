"""The same examples on every machine, a part of those of `make trust`; SMITHERS_EXAMPLES asks for
more of them, and for new ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine, providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.vendor import pretty

_ASKED = os.environ.get("SMITHERS_EXAMPLES")

settings.register_profile(
    "smithers",
    max_examples=int(_ASKED or 40),
    derandomize=_ASKED is None,
    database=None,
    deadline=None,
    print_blob=True,
    phases=set(Phase) - {Phase.explain},  # it takes as long as it likes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("smithers")

# Hypothesis also draws constants from the project's modules that happen to be imported. Which ones
# are depends on the tests that a worker ran before, so the examples would not be the same.
assert hasattr(providers, "_get_local_constants"), "see where Hypothesis collects constants now"
providers._get_local_constants = Constants  # pyright: ignore[reportPrivateUsage]

# A failure is made smaller for this long at most, and the time limit of a test leaves room for it:
# else a property that fails looks like a test that hangs.
assert hasattr(engine, "MAX_SHRINKING_SECONDS"), "see how long Hypothesis shrinks an example now"
engine.MAX_SHRINKING_SECONDS = 30 if _ASKED is None else 300
_MOST_S = 120 + 4 * settings().max_examples + engine.MAX_SHRINKING_SECONDS  # on a busy machine


def _show(self: pretty.RepresentationPrinter, found: object, *_: object, **__: object) -> None:
    self.text(repr(found))


# How Hypothesis shows what it has built takes twice as long for each level of a tree.
assert hasattr(pretty.RepresentationPrinter, "maybe_repr_known_object_as_call")
pretty.RepresentationPrinter.maybe_repr_known_object_as_call = _show  # type: ignore[assignment,method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The time limit of a property follows from the number of its examples."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and "hypothesis" in item.keywords:
            item.add_marker(pytest.mark.timeout(_MOST_S))
