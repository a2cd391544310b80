"""The stream of Codex by either of its interfaces, told apart by its lines."""

from __future__ import annotations

from collections.abc import Iterator

from harnesses import _codex_app_server as app_server
from harnesses import _codex_exec as by_exec
from harnesses import _streams
from harnesses._json import object_in, text_of
from harnesses.recording import Ending
from smithers.agent import Answered, Event

__all__ = ["Stream"]

_ANSWERS = {"result", "error"}
_OF_EXEC = ("thread.", "turn.", "item.", "error")


class Stream:
    """That of `codex app-server` or of `codex exec --json`, as its first message of either says."""

    def __init__(self) -> None:
        self._of: _streams.Stream | None = None
        self._unheard: _streams.Stream = by_exec.Stream()

    @property
    def over(self) -> bool:
        return self._of is not None and self._of.over

    @property
    def notice(self) -> str:
        return self._of.notice if self._of is not None else ""

    def hear(self, line: bytes) -> Iterator[Event]:
        if self._of is None:
            message = object_in(line)
            if "method" in message or ("id" in message and _ANSWERS & message.keys()):
                self._of = app_server.Stream()
            elif text_of(message.get("type")).startswith(_OF_EXEC):
                self._of = by_exec.Stream()
            else:
                return
        yield from self._of.hear(line)

    def answer(self, ending: Ending, stderr: str) -> Answered:
        return (self._of or self._unheard).answer(ending, stderr)
