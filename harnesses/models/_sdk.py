"""Vendors' packages, imported when an agent runs: one of them takes seconds and 150 MB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.request import getproxies

from smithers.errors import NotInstalled

__all__ = ["has_socks_proxy", "package_version", "read_to_the_end", "sdk"]


def package_version(name: str) -> dict[str, str]:
    """The version of the package that is imported under this name, which is not imported for it."""
    from importlib import metadata  # it takes longer than all the rest

    distribution = name.replace(".", "-")
    try:
        return {distribution: metadata.version(distribution)}
    except metadata.PackageNotFoundError:
        return {}


async def sdk(name: str, extra: str) -> Any:
    """The package, untyped, since one adapter serves two majors of it. Raises `NotInstalled`."""
    try:
        package = await asyncio.to_thread(import_module, name)
    except ModuleNotFoundError as error:
        if error.name not in _parents(name):
            raise
        install = f"pip install 'smithers-orchestrator[{extra}]'"
        raise NotInstalled(f"the Python package {name}", install) from error
    if find_spec("socksio") is None and has_socks_proxy():
        needed = "the Python package socksio, which a SOCKS proxy needs,"
        raise NotInstalled(needed, "pip install socksio")
    return package


@asynccontextmanager
async def read_to_the_end(stream: Any) -> AsyncGenerator[Any, None]:
    """The events of an open stream, which on leaving is closed, and then read until it says so.

    Closing alone leaves the generators below it where they were. Python ends such generators
    when it collects them, each by itself, although they are inside one another: `ValueError: async
    generator already executing`. A closed stream has nothing to wait for, so reading takes no time.
    """
    try:
        async with aclosing(aiter(stream)) as events:
            yield events
    finally:
        await stream.close()
        with suppress(Exception):
            while True:
                await anext(stream)


def has_socks_proxy() -> bool:
    """Whether requests are to go through a SOCKS proxy, which httpx can do and aiohttp cannot."""
    return any(one.lower().startswith(("socks5://", "socks5h://")) for one in getproxies().values())


def _parents(name: str) -> list[str | None]:
    parts = name.split(".")
    return [".".join(parts[: number + 1]) for number in range(len(parts))]
