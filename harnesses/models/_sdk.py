"""Vendors' packages, imported when an agent runs: one of them takes seconds and 150 MB."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

from smithers.errors import NotInstalled

__all__ = ["sdk"]


async def sdk(name: str, extra: str) -> Any:
    """The package, untyped, since one adapter serves two majors of it. Raises `NotInstalled`."""
    try:
        return await asyncio.to_thread(import_module, name)
    except ModuleNotFoundError as error:
        if error.name not in _parents(name):
            raise
        install = f"pip install 'smithers-orchestrator[{extra}]'"
        raise NotInstalled(f"the Python package {name}", install) from error


def _parents(name: str) -> list[str | None]:
    parts = name.split(".")
    return [".".join(parts[: number + 1]) for number in range(len(parts))]
