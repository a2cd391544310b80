"""One thing that the doctor has looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from smithers.values import dataclass

__all__ = ["Checkup", "Finding"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands, and what to do about it.

    A `note` is worth knowing and stops nothing; a `problem` keeps runs from working. `facts` are
    for programs.
    """

    check: str
    state: Literal["ok", "note", "problem"]
    said: str
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict[str, object])

    def as_json(self) -> Json:
        facts = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in self.facts.items()
        }
        return {
            "check": self.check,
            "state": self.state,
            "said": self.said,
            "hint": self.hint,
            **facts,
        }


@dataclass(frozen=True)
class Checkup:
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing prevents runs from working: no finding is a `problem`."""
        return all(one.state != "problem" for one in self.findings)

    def as_json(self) -> Json:
        return {
            "version": 1,
            "ok": self.ok,
            "findings": [one.as_json() for one in self.findings],
        }
