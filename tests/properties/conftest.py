"""The same examples on every machine; SMITHERS_EXAMPLES asks for more of them, and for new ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_ASKED = os.environ.get("SMITHERS_EXAMPLES")

settings.register_profile(
    "smithers",
    max_examples=int(_ASKED or 300),
    derandomize=_ASKED is None,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("smithers")
