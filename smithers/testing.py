"""For the tests of a workflow: a run that was frozen is replayed.

`smithers freeze RUN -o tests/test_NAME.py` writes a test that calls `check_frozen_run`.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["check_frozen_run"]


def check_frozen_run(recording: str | Path) -> None:
    """Replay the workflow of a frozen run: no agent is asked, and nothing is started or written.

    Raises `AssertionError` with what differs from the run, as `smithers replay RUN` prints it, and
    `SmithersError` for a recording or a workflow that cannot be read.
    """
    __tracebackhide__ = True
    from smithers.engine.replaying import describe_replay, replay_frozen

    path = Path(recording)
    found = replay_frozen(path)
    if not found.equal:
        told = "\n".join(describe_replay(found))
        raise AssertionError(f"{path.name}: the workflow does not do what it did\n\n{told}")
