"""What is kept of the code that drives a run: the author's files, and versions of what it runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from smithers.agent import Agent, versions_of
from smithers.sources import Code, Sources, read_sources

__all__ = ["code_of", "sources_of"]


def code_of(sources: Sources | None, agents: Iterable[Agent] = ()) -> Code | None:
    """What the owner of a run has loaded, with the agents that the workflow uses so far."""
    if sources is None:
        return None
    from smithers import __version__

    programs: dict[str, str] = {}
    for agent in agents:
        try:
            programs.update(versions_of(agent))
        except Exception:  # code of others, and no run fails by it
            continue
    about = {
        "smithers": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "programs": dict(sorted(programs.items())),
    }
    return Code(sources=sources, about=json.dumps(about, ensure_ascii=False))


def sources_of(file: Path) -> Sources | None:
    """One file, without what it imports; None if it cannot be read."""
    try:
        return read_sources([file], file.parent)
    except (OSError, ValueError):
        return None
