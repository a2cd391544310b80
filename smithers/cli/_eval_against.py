"""The other workflow of `eval --against FILE`: an eval in a process of its own.

Two versions of a workflow import files of the same names, of which a process has one each.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from smithers.cli._signals import Interrupted
from smithers.cli._streams import say

__all__ = ["run_against"]

_ENDED = (0, 1)


def run_against(arguments: Sequence[str], run_id: str) -> int | None:
    """Run the eval; its exit code if there is nothing to compare with."""
    typed = [sys.executable, "-m", "smithers", "eval", *arguments, "--run-id", run_id]
    # A session of its own, so that a signal of the terminal reaches it once: from here.
    child = subprocess.Popen(
        typed, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        code = child.wait()
    except BaseException as error:
        child.send_signal(error.number) if isinstance(error, Interrupted) else child.terminate()
        child.wait()
        raise
    if code in _ENDED:
        return None
    say(f"there is nothing to compare with: the eval {run_id} exited with {code}")
    return code
