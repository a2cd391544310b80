"""The agent of a file that answers in a dry run."""

from __future__ import annotations

from pathlib import Path

from smithers.agent import Agent
from smithers.engine.loading import load_variables
from smithers.errors import Refused

__all__ = ["load_script"]


def load_script(file: Path, name: str) -> Agent:
    """The agent that a file has under this name. Raises `Refused` or `AuthorError`."""
    found: object = load_variables(file).get(name)
    if found is None:
        hint = f"write {name} = Scripted({{...}}) in it, or name another variable"
        raise Refused(f"{file} has no variable {name!r}", hint=hint)
    if not (callable(getattr(found, "run", None)) and hasattr(found, "can")):
        hint = f"write {name} = Scripted({{...}}), imported from harnesses"
        raise Refused(f"{name} in {file} must be an agent, not {type(found).__name__}", hint=hint)
    agent: Agent = found  # type: ignore[assignment]  # checked above
    return agent
