"""The agents that are installed, found by the entry-point group `smithers.agents`.

The core names none of them: a distribution declares each of its agents as an `Adapter`, ours too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING

from smithers.agent import Adapter, Agent
from smithers.errors import Refused
from smithers.values import dataclass

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "GROUP",
    "NAMED_AGENTS",
    "Installed",
    "agent_classes",
    "agent_variables",
    "installed",
]

GROUP = "smithers.agents"

NAMED_AGENTS: ContextVar[Callable[[str], Agent]] = ContextVar("named agents")
"""Gives the agent that the settings of a run name so, while the run is loaded or driven. It raises
`Refused`.
"""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """The adapters by their names, and why others cannot be loaded."""

    adapters: Mapping[str, Adapter]
    broken: Mapping[str, Refused]


@cache
def installed() -> Installed:
    """What the distributions of this environment declare. Nothing is loaded from a package of ours
    that another distribution wrote into.
    """
    from importlib.metadata import entry_points

    from _smithers_orchestrator.damage import find_damage

    damaged = {one.package: one for one in find_damage()}
    adapters: dict[str, Adapter] = {}
    broken: dict[str, Refused] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if damage := damaged.get(point.module.partition(".")[0]):
            broken[point.name] = Refused(damage.said, hint=damage.hint)
            continue
        try:
            adapters[point.name] = _load(point)
        except Exception as error:  # code of others
            said = f"the adapter {point.name} cannot be loaded: {type(error).__name__}: {error}"
            broken[point.name] = Refused(said, hint=f"install {_owner_of(point)} again")
    return Installed(adapters=adapters, broken=broken)


def _load(point: EntryPoint) -> Adapter:
    found: object = point.load()
    if not isinstance(found, Adapter):
        raise TypeError(f"{point.value} must be an Adapter, not {found!r}")
    return found


def _owner_of(point: EntryPoint) -> str:
    return "its distribution" if point.dist is None else point.dist.name


def agent_classes() -> dict[str, str]:
    """The modules from which the classes of agents are imported, by the names of the classes."""
    listed = [name for one in installed().adapters.values() for name in one.classes]
    return {name.partition(":")[2]: name.partition(":")[0] for name in listed}


def agent_variables() -> tuple[str, ...]:
    """The variables of the environment that agents need, each once."""
    listed = [name for one in installed().adapters.values() for name in one.variables]
    return tuple(dict.fromkeys(listed))
