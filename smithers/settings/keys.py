"""The keys of a settings file, each with what it does; `smithers config` lists them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from smithers.settings.hooks import Hook

__all__ = ["DEFAULT_LINGER_S", "PoolLimit", "Values"]

DEFAULT_LINGER_S = 60.0
_MOST = 1_000_000
_MOST_SLOTS = 1_000
"""Each slot of a machine is a file."""


class PoolLimit(BaseModel):
    """Limits that tasks share by a name, wherever in a run or on the machine they are."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    limit: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    """How many of them run at once in a run; None is the limit of the workflow, if it has one."""
    machine: Annotated[int, Field(ge=1, le=_MOST_SLOTS)] | None = None
    """How many of them run at once on this machine, in all runs of this user."""


def _pool(given: object) -> object:
    return {"limit": given} if isinstance(given, int) and not isinstance(given, bool) else given


def _agent(given: object) -> object:
    """`"ADAPTER:MODEL"` as a table."""
    if not isinstance(given, str):
        return given
    adapter, colon, model = given.partition(":")
    return {"adapter": adapter, "model": model} if colon else {"adapter": adapter}


Name = Annotated[str, Field(min_length=1, max_length=200)]
Pool = Annotated[PoolLimit, BeforeValidator(_pool)]
Agent = Annotated[dict[str, Any], BeforeValidator(_agent)]


class Values(BaseModel):
    """The settings of one file, or of all of them together."""

    # Docstrings of attributes would read well, but pydantic would parse this file at every start.
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    db: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="The database; a path is relative to the file (default: the nearest"
        " .smithers/smithers.db upward).",
    )
    max_concurrency: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="How many attempts of a run may run at once (default: the workflow's limit).",
    )
    linger_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        DEFAULT_LINGER_S,
        description="Keep running if a retry or timer is due within this time, in seconds, and wait"
        " as long for a slot of a pool.",
    )
    agents: dict[Name, Agent] = Field(
        {},
        description='Agents by name, for `agent="NAME"` of a task: "ADAPTER:MODEL", or a table with'
        " `adapter`, `model` and the other arguments of the agent.",
    )
    pools: dict[Name, Pool] = Field(
        {},
        description='Limits by name, for `pool="NAME"` of a task: how many of its tasks run at once'
        " in a run, or a table: `limit` in a run, and `machine` in all runs of this user on this"
        " machine.",
    )
    hooks: dict[Name, Hook] = Field(
        {},
        description="What a delivery to `/hooks/NAME` of `smithers serve` does: a signal to runs,"
        " or the start of a run.",
    )

    people: dict[Name, Name] = Field(
        {},
        description="Who you are in workflows, by your login name, as `allowed_by=` names people;"
        " only in your own settings.",
    )

    @property
    def pool_limits(self) -> dict[str, int]:
        """How many tasks of each pool may run at once in a run, of those that have such a limit."""
        return {name: one.limit for name, one in self.pools.items() if one.limit is not None}

    @property
    def machine_limits(self) -> dict[str, int]:
        """The same in all runs of this user on this machine."""
        return {name: one.machine for name, one in self.pools.items() if one.machine is not None}
