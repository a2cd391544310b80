"""What holds for all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Tests that were started in the background ignore Ctrl-C, and so would all that they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
