"""A file that was checked, as its faces show it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from smithers.checks._confine import Limits
from smithers.checks._looking import Looked, look
from smithers.checks._types import check_types
from smithers.engine.trust import Trusts
from smithers.errors import Refused
from smithers.settings import load_settings
from smithers.values import dataclass

__all__ = ["Checked", "check_file", "order_of"]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found. `report` is what is known of the workflow: None if it cannot be rendered."""

    file: str
    findings: tuple[dict[str, Any], ...]
    report: dict[str, Any] | None
    network: str

    @property
    def passes(self) -> bool:
        """Whether nothing was found but warnings."""
        return not any(one["level"] == "error" for one in self.findings)

    def without(self, folder: str) -> Checked:
        """The same with each path below a folder named from there."""

        def named(value: Any) -> Any:
            return json.loads(json.dumps(value).replace(json.dumps(folder)[1:-1], ""))

        file = self.file.removeprefix(folder)
        found = tuple(named(self.findings))
        return replace(self, file=file, findings=found, report=named(self.report))

    def to_json(self) -> dict[str, Any]:
        return {
            "version": 1,
            "file": self.file,
            "passes": self.passes,
            "network": self.network,
            "findings": list(self.findings),
            **(self.report or {"workflow": None}),
        }


def check_file(
    file: Path,
    name: str | None = None,
    *,
    input: str | None = None,
    types: bool = False,
    dry_run: bool = False,
    environment: Mapping[str, str],
    limits: Limits | None = None,
) -> Checked:
    """Check the workflow of a file; `name` picks one of several. With `types`, a type checker that
    is installed checks the file as well; with `dry_run`, a workflow without errors is run to its
    end in memory, in the same process.

    Raises `Refused` for a file that is not there, and for settings that cannot be used.
    """
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise Refused(f"{file} {what}", hint="name a Python file that contains a workflow")
    load_settings(Path.cwd(), environment, Trusts(environment).believes_settings)
    looked = look(file, name, input, environment, limits or Limits(), dry_run=dry_run)
    findings = [*looked.findings, *(check_types(file, environment) if types else ())]
    return Checked(
        file=str(file.absolute()),
        findings=tuple(sorted(findings, key=order_of)),
        report=looked.report,
        network=_network(looked),
    )


def _network(looked: Looked) -> str:
    return looked.network or "none: the process did not start"


def order_of(finding: dict[str, Any]) -> tuple[bool, str, int, int]:
    """The order in which findings are shown: errors first, then by their places."""
    place: dict[str, Any] = finding["place"] or {"file": "", "line": 0, "column": 0}
    return finding["level"] != "error", place["file"], place["line"], place["column"]
