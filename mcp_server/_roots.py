"""The folders of the server, whose refusals have the codes that a model reads."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from mcp_server._errors import failure
from smithers.errors import Ambiguous, NotThere, OutsideRoots
from smithers.hub import Hub, Roots, Startable

__all__ = ["find_startable", "running_folder"]


def find_startable(roots: Roots, hub: Hub, workflow: str, cwd: str | None) -> Startable:
    """The workflow that is meant. Raises `ToolError`."""
    with _coded():
        return roots.find(hub, workflow, cwd)


def running_folder(roots: Roots) -> Path:
    """The folder in which to run what names none. Raises `ToolError`."""
    with _coded():
        return roots.folder(None)


@contextmanager
def _coded() -> Generator[None]:
    try:
        yield
    except OutsideRoots as error:
        raise failure("OUTSIDE_ROOTS", error.said, error.hint) from error
    except Ambiguous as error:
        raise failure("CONFLICT", error.said, error.hint) from error
    except NotThere as error:
        hint = f"{error.hint}; list_workflows gives what can be started by name"
        raise failure("NOT_FOUND", error.said, hint) from error
