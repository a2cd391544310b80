"""A file that was checked, as its faces show it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from smithers.checks._confine import Limits
from smithers.checks._looking import look
from smithers.checks._types import check_types
from smithers.engine.trust import Trusts
from smithers.errors import Refused
from smithers.settings import load_settings
from smithers.values import dataclass

__all__ = ["Checked", "check_file", "order_of"]


_MOST_ALIKE = 10
"""How many findings of a rule are shown of a file."""
_NOT_STARTED = "none: the process did not start"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found. `report` is what is known of the workflow: None if it cannot be rendered."""

    file: str
    findings: tuple[dict[str, Any], ...]
    report: dict[str, Any] | None
    network: str
    writes: str

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
            "writes": self.writes,
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
        findings=tuple(sorted(_folded(findings), key=order_of)),
        report=looked.report,
        network=looked.network or _NOT_STARTED,
        writes=looked.writes or _NOT_STARTED,
    )


def _folded(findings: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The first findings of each rule in a file; the last of them says how many more there are."""
    alike: dict[object, list[dict[str, Any]]] = {}
    for one in sorted(findings, key=order_of):
        place: dict[str, Any] = one["place"] or {}
        alike.setdefault((one["level"], one["rule"], place.get("file")), []).append(one)
    for ones in alike.values():
        more = len(ones) - _MOST_ALIKE
        for one in ones[:_MOST_ALIKE]:
            is_last = more > 0 and one is ones[_MOST_ALIKE - 1]
            said = f"{one['message']}, and {more} more of this rule in the file" if is_last else ""
            yield {**one, "message": said} if said else one


def order_of(finding: dict[str, Any]) -> tuple[bool, str, int, int]:
    """The order in which findings are shown: errors first, then by their places."""
    place: dict[str, Any] = finding["place"] or {"file": "", "line": 0, "column": 0}
    return finding["level"] != "error", place["file"], place["line"], place["column"]
