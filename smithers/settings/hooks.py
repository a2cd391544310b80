"""`[hooks]`: what a delivery from outside may do here, and how it proves where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["Hook", "HookBudget", "Signature", "hook_problems"]

POINTER = r"^(/([^/~]|~[01])*)+$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_HEADER = r"^[A-Za-z0-9-]+$"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Pointer = Annotated[str, Field(pattern=POINTER, max_length=1_000)]
Header = Annotated[str, Field(pattern=_HEADER, max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=1_000)]
Count = Annotated[int, Field(ge=1, le=10**12)]
_CONFIG = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Signature(BaseModel):
    """Where the signature of a delivery is: as one service has it, or in a header."""

    model_config = _CONFIG

    like: Literal["github", "slack"] | None = None
    header: Header | None = None
    prefix: Annotated[str, Field(max_length=100)] = ""


class HookBudget(BaseModel):
    """What each run that a hook starts may use."""

    model_config = _CONFIG

    usd: Annotated[float, Field(gt=0, le=10**9, allow_inf_nan=False)] | None = None
    tokens: Count | None = None
    calls: Count | None = None


def _signature(given: object) -> object:
    return {"like": given} if isinstance(given, str) else given


class Hook(BaseModel):
    """A name below `/hooks/` that takes deliveries."""

    model_config = _CONFIG

    secret_env: Annotated[str, Field(pattern=_VARIABLE)]
    """The name of the variable with the secret that both sides know."""
    signature: Annotated[Signature, BeforeValidator(_signature)]
    when: dict[Pointer, str | int | bool] = {}
    """What a delivery must have, by pointer, to count."""
    delivery: Header | None = None
    """The header with the id of a delivery."""
    input: dict[Text, Pointer] = {}
    """The fields of the signal's data or of the workflow's input, each by a pointer."""
    event: Text | None = None
    run: Pointer | None = None
    """Where the delivery names the run that gets the signal."""
    workflow: Text | None = None
    """With `event`, the name of a workflow whose runs get the signal; else what is started, as
    FILE.py:NAME, which is relative to the settings file.
    """
    correlation: Pointer | None = None
    budget: HookBudget | None = None
    at_most: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """How many runs of this hook may be unfinished at once."""

    @property
    def starts(self) -> bool:
        """Whether it starts runs; else it sends signals."""
        return self.event is None


def hook_problems(name: str, hook: Hook) -> Iterator[tuple[str, str]]:
    """What the types of the fields do not say: each as a sentence, and what to write."""
    if not _NAME.fullmatch(name):
        said = f"hooks.{name!r} is not a name for an address"
        yield said, "use 1 to 64 letters, digits, _ and -"
    if (hook.signature.like is None) == (hook.signature.header is None):
        hint = 'write signature = "github", "slack", or { header = "X-Signature" }'
        yield f"hooks.{name}.signature is not clear", hint
    if hook.starts:
        yield from _starting_problems(name, hook)
        return
    if (hook.run is None) == (hook.workflow is None):
        hint = 'write run = "/POINTER" to a run\'s id, or workflow = "NAME" for its unfinished runs'
        yield f"hooks.{name} does not say which runs get the signal", hint
    for key in ("budget", "at_most"):
        if getattr(hook, key) is not None:
            yield f"hooks.{name}.{key} is for hooks that start runs", f"leave out {key}, or event"


def _starting_problems(name: str, hook: Hook) -> Iterator[tuple[str, str]]:
    if hook.workflow is None or not re.search(r"\.py(:\w+)?$", hook.workflow):
        said = f"hooks.{name} names neither an event nor a workflow to start"
        yield said, 'write event = "NAME", or workflow = "FILE.py:NAME"'
    given: Any = hook.budget
    if given is None or given == HookBudget():
        said = f"hooks.{name} starts runs, and names no budget"
        yield said, "write budget = { usd = 5 }, with usd, tokens or calls"
    if hook.at_most is None:
        said = f"hooks.{name} starts runs, and does not say how many at once"
        yield said, "write at_most = 2"
    for key in ("run", "correlation"):
        if getattr(hook, key) is not None:
            yield f"hooks.{name}.{key} is for hooks with an event", f"leave out {key}"
