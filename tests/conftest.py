"""What holds for all tests."""

from __future__ import annotations

import os
import signal
import tempfile


def pytest_configure() -> None:
    """Tests that were started in the background ignore Ctrl-C, and so would all that they start.

    What a user trusts is kept outside the projects, so tests have a folder of their own for it.
    """
    os.environ.setdefault("XDG_STATE_HOME", tempfile.mkdtemp(prefix="smithers-state-"))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
