"""A plugin for pytest, `-p tests.trust.breaking`: runs the tests on a Smithers that is broken.

TRUST_BROKEN names the breakage. The commands that the tests start are broken in the same way.
"""

from __future__ import annotations

import os

from tests.trust.altered import alter


def pytest_configure() -> None:
    """Break this process before any test is collected."""
    alter(os.environ["TRUST_BROKEN"])
