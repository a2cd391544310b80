"""What is counted is what the run does, not what other tests of the process have left."""

from __future__ import annotations

import pytest

from smithers.engine import orphans


@pytest.fixture(autouse=True)
def no_dead_child_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those are looked for in the table of processes, by the clock."""
    monkeypatch.setattr(orphans, "_has_dead_child", lambda: False)
