"""What holds for all tests."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile

import pytest

pytest.register_assert_rewrite("tests.plans")

from tests.plans import watch_engines  # noqa: E402  # its assertions are explained as well


def pytest_configure() -> None:
    """Tests that were started in the background or by `nohup` ignore Ctrl-C or a closed terminal,
    and so would all that they start.

    What a user trusts and sets is kept outside the projects, so tests have a folder for it.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:  # else the process that started this one made it
        state = tempfile.mkdtemp(prefix="smithers-state-")
        os.environ["XDG_STATE_HOME"] = state
        os.environ["XDG_CONFIG_HOME"] = os.path.join(state, "config")
        atexit.register(_remove, state, os.getpid())
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    watch_engines()


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # forked children run this as well
        shutil.rmtree(folder, ignore_errors=True)
