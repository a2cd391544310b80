"""A check in this process, for files that do no harm: faster by a process each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smithers.checks._checked import order_of
from smithers.checks._child import Looking
from smithers.checks._findings import Finding
from smithers.checks._lint import lint_file
from smithers.checks._planned import plan_workflow
from smithers.checks._waits import find_circles
from smithers.engine.inputs import given_or_made
from smithers.engine.loading import load_workflow, workflows_in
from smithers.settings import load_settings

__all__ = ["findings", "lines_of"]


def findings(file: Path, folder: Path) -> list[Finding]:
    """What the check finds in all workflows of a file, here and not in a process of its own."""
    settings = load_settings(folder, {}, None).values
    found = list(lint_file(file, file.read_bytes()))
    for variable in workflows_in(file):
        loaded = load_workflow(file, variable)
        planned = plan_workflow(loaded, given_or_made(loaded.workflow, None)[0], settings)
        found += [*planned.findings, *find_circles(planned.root, planned.below)]
    return found


def lines_of(file: Path) -> list[dict[str, Any]]:
    """What a check tells of a file that does nothing while it is imported."""
    told: list[dict[str, Any]] = []
    Looking({"file": str(file), "name": None, "input": None, "dry_run": False}, told.append).find(
        load_settings(file.parent, {}, None)
    )
    return sorted((line["finding"] for line in told if "finding" in line), key=order_of)
