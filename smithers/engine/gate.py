"""Whether what nobody types may happen in a database: said once, if it may not."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from smithers.engine.trust import Trusted, Trusts, untrusted
from smithers.errors import Refused

__all__ = ["Gate"]

_LOOK_S = 1.0


class Gate:
    """Whether the rows of a database may say what is woken; `say` gets the reason if they may not,
    once for each.
    """

    def __init__(
        self, database: Path, environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self._database = database
        self._trusts = Trusts(environment)
        self._say = say
        self._said = ""
        self.trusted: Trusted | None = None
        """The record of the database, as of the last look."""

    @property
    def trusts(self) -> Trusts:
        return self._trusts

    def look(self) -> bool:
        """Whether the database is trusted now."""
        try:
            self.trusted = self._trusts.find(self._database)
            why = "" if self.trusted is not None else self._untrusted()
        except Refused as error:
            self.trusted, why = (
                None,
                (f"{error.said}; no run is woken until this is fixed: {error.hint}"),
            )
        if not self._database.exists():  # or it was deleted meanwhile
            self.trusted = None
            return False
        if why and why != self._said:
            self._say(why)
        self._said = why
        return not why

    async def wait(self, *, once: bool = False) -> bool:
        """Return when the database is trusted; with `once`, look once, and whether it is."""
        while not await asyncio.to_thread(self.look):
            if once:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    def _untrusted(self) -> str:
        command = f"smithers trust {shlex.quote(str(self._database.absolute()))}"
        return f"{untrusted(self._database)}; no run is woken until you type: {command}"
