"""Which streams of a browser last. Over HTTP/1.1 it has six connections to a server for all of its
pages, so if each of these kept one, the next page could not even be loaded.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from anyio import CancelScope

__all__ = ["Turns"]


class Turns:
    """The streams that each session has open, the oldest first. If there are more than `most`, the
    oldest ends; its page connects again after a second, with the id of its last message.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[str, list[CancelScope]] = {}

    @contextmanager
    def take(self, session: str, scope: CancelScope) -> Generator[None]:
        """Count the stream of a scope until the end of the block."""
        scopes = self._open.setdefault(session, [])
        scopes.append(scope)
        if len(scopes) > self._most:
            scopes.pop(0).cancel()
        try:
            yield
        finally:
            if scope in scopes:
                scopes.remove(scope)
            if not scopes and self._open.get(session) is scopes:
                del self._open[session]
