"""The vendor's own stream as it came, for people: what is sent, and each event, a line each."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from harnesses._json import escaped, line_of
from harnesses.process._child import Tape
from harnesses.recording import Ending, Header, Recorder
from harnesses.scrubbing import both, secrets_of
from smithers.agent import Ask

__all__ = ["Log", "opened_log"]

_HELD_BYTES = 32_768
_HELD_S = 0.5


class Log:
    """Events of syllables are written some at a time: each alone would cost more than its work."""

    def __init__(self, recorder: Recorder | None) -> None:
        self._keeps = recorder is not None
        self._tape = Tape([recorder] if recorder else [])
        self._held: list[bytes] = []
        self._size = 0
        self._since = time.monotonic()

    def sent(self, value: Mapping[str, object]) -> None:
        """What goes to the vendor, without what went before. Raises `MachineError` if anything
        could not be written since: nothing more is paid then.
        """
        if self._keeps:
            self.flush()
            self._tape.chunk("in", line_of(value))
            if self._tape.failure is not None:
                raise self._tape.failure

    def heard(self, event: Any) -> None:
        """An event of the vendor: a pydantic model, in all four packages."""
        if not self._keeps:
            return
        text: str = event.model_dump_json(exclude_none=True, warnings=False)
        line = escaped(text).encode("utf-8", "replace") + b"\n"
        self._held.append(line)
        self._size += len(line)
        if self._size > _HELD_BYTES or time.monotonic() - self._since > _HELD_S:
            self.flush()

    def flush(self) -> None:
        """Writes what is held. Raises `Transient` where that fails, as on a full disk."""
        if self._held:
            self._tape.chunk("out", b"".join(self._held))
        self._held, self._size, self._since = [], 0, time.monotonic()
        if self._tape.failure is not None:
            raise self._tape.failure

    def end(self, code: int) -> None:
        """The last line; nothing is written after it."""
        if self._held:
            self._tape.chunk("out", b"".join(self._held))
        self._tape.end(Ending(rc=code), {})
        self._tape.close()


@contextmanager
def opened_log(provider: str, model: str, way: Ask, session: str) -> Generator[Log, None, None]:
    """Raises `MachineError` if the file of `way` cannot be opened; without one nothing is kept."""
    recorder: Recorder | None = None
    if way.raw is not None:
        header = Header(
            program=provider,
            argv=(provider, model),
            prompt_sha=hashlib.sha256(way.told.encode("utf-8", "replace")).hexdigest()[:16],
            session=session,
            resumes=way.session is not None,
            forks=way.forks is not None,
            prompt=way.told,
        )
        recorder = Recorder(way.raw, header, both(way.scrub, secrets_of(os.environ)))
    log = Log(recorder)
    code = 1
    try:
        yield log
        code = 0
    finally:
        log.end(code)
