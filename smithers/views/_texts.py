"""Reads the text of an output, wherever it is kept."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.state import Ended

__all__ = ["Held", "OutputView", "Texts"]


class Texts(Protocol):
    """The reader of texts that a state does not hold."""

    def output(self, key: Key, ended: Ended, /) -> str:
        """The output of a node that gave one, as JSON text."""
        ...

    def prompt(self, serial: int, /) -> str | None:
        """What the agent of an attempt was asked; None for an attempt of no agent."""
        ...


class Held:
    """The texts that the state holds itself: those of small outputs."""

    def output(self, key: Key, ended: Ended, /) -> str:
        assert isinstance(ended.output, str)
        return ended.output

    def prompt(self, serial: int, /) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class OutputView:
    """What a node gave. Its text is read when it is asked for."""

    key: Key
    ended: Ended
    texts: Texts = field(compare=False, repr=False)

    def text(self) -> str:
        """JSON text, as it is stored."""
        return self.texts.output(self.key, self.ended)
