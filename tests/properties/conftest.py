"""The same examples on every machine, a part of those of `make trust`; SMITHERS_EXAMPLES asks for
more of them, and for new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

_ASKED = os.environ.get("SMITHERS_EXAMPLES")

settings.register_profile(
    "smithers",
    max_examples=int(_ASKED or 40),
    derandomize=_ASKED is None,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("smithers")

# Hypothesis also draws constants from the project's modules that happen to be imported. Which ones
# are depends on the tests that a worker ran before, so the examples would not be the same.
assert hasattr(providers, "_get_local_constants"), "see where Hypothesis collects constants now"
providers._get_local_constants = Constants  # pyright: ignore[reportPrivateUsage]
