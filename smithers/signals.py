"""A signal as it is sent: what the row in the inbox of its run says."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["SentSignal", "signal_of"]


@dataclass(frozen=True, kw_only=True)
class SentSignal:
    """A signal. `data` is JSON text; `by` is who sent it, and `login` the name of the user whose
    process that was.
    """

    id: str
    event: str
    correlation: str | None
    data: str
    by: str
    login: str

    def body(self) -> str:
        """The body of its row in the inbox."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @property
    def on(self) -> tuple[str, ...]:
        """What a wait for it names as `on`."""
        return (self.event,) if self.correlation is None else (self.event, self.correlation)

    def is_same(self, other: SentSignal) -> bool:
        """Whether another signal with its id says the same."""
        said, told = json.loads(self.data), json.loads(other.data)
        return self.on == other.on and json.dumps(said, sort_keys=True) == json.dumps(
            told, sort_keys=True
        )


def signal_of(body: str) -> SentSignal:
    """The signal of a row of the inbox."""
    row: dict[str, Any] = json.loads(body)
    return SentSignal(**row)
