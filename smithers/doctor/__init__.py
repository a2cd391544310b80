"""How this installation stands: Python, SQLite, our packages, the database, the agents' programs.

Nothing here writes, spends anything or asks the network, and each look is bounded in time. What a
program writes for itself when it is asked for its version is its own affair.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from smithers.doctor._agents import find_ready, look_at_agents
from smithers.doctor._database import look_at_database
from smithers.doctor._finding import Checkup, Finding
from smithers.doctor._git import look_at_git
from smithers.doctor._packages import look_at_packages
from smithers.doctor._sqlite import has_wal_reset_bug, look_at_sqlite

__all__ = [
    "Checkup",
    "Finding",
    "doctor",
    "find_ready",
    "has_wal_reset_bug",
    "look_at_agents",
    "look_at_packages",
]


def doctor(database: Path) -> Checkup:
    """Look at everything."""
    return Checkup(tuple(_findings(database)))


def _findings(database: Path) -> Iterator[Finding]:
    from smithers import __version__

    home = Path(__file__).resolve().parents[2]
    yield Finding(
        "smithers", "ok", f"{__version__}, in {home}", facts={"version": __version__, "path": home}
    )
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(
        "python",
        "ok",
        f"{version}, {sys.executable}",
        facts={"version": version, "path": sys.executable},
    )
    yield look_at_sqlite()
    packages = list(look_at_packages(home))
    yield from packages
    yield look_at_database(database)
    yield from look_at_git(database)
    shadowed = any(one.state == "problem" for one in packages)
    yield from () if shadowed else look_at_agents()
