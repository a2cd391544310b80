"""The process in which a workflow is loaded and rendered for `check` and `graph FILE`.

The request is JSON on stdin; each finding and the report is a line of JSON on what was stdout. What
the author's code prints goes to stderr.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel

from smithers.adapters import NAMED_AGENTS
from smithers.checks._confine import REFUSALS, Limits, RefusedHere, confine
from smithers.checks._findings import Finding, Findings, from_error
from smithers.checks._lint import lint_file
from smithers.checks._planned import Planned, plan_workflow
from smithers.checks._waits import find_circles
from smithers.engine.dry import dry_run_of
from smithers.engine.inputs import given_or_made
from smithers.engine.loading import Loaded, load_workflow
from smithers.errors import SmithersError
from smithers.secrets import Secrets
from smithers.settings import Found, NamedAgents, load_settings, parse_file

__all__ = ["Looking"]


class Looking:
    """One look at a workflow. `tell` sends a line to the parent."""

    def __init__(self, request: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.request, self.tell = request, tell
        self.file = Path(request["file"]).absolute()
        self.name: str | None = request["name"]
        self._found = Findings()

    def run(self, limits: Limits, settings: Found) -> None:
        """Look, confined."""
        with open(self.request["crash"], "w", encoding="utf-8") as crash:
            confined = confine(limits, self.file.resolve().parent, crash, self.add)
            self.tell({"network": confined.network, "writes": confined.writes})
            self.find(settings)

    def find(self, settings: Found) -> None:
        """Tell what is found. An error of the author's ends it early."""
        self.lint()
        try:
            asyncio.run(self.look(settings))  # in a loop, as in a run
        except SmithersError as error:
            refused = error.__cause__
            if not isinstance(refused, RefusedHere):
                self.add(from_error(error, "workflow"))
            elif not self._has_refusal():
                found = from_error(error, refused.rule)
                self.add(replace(found, said=str(refused), hint=refused.hint))
        except (MemoryError, RecursionError) as error:
            said = f"{type(error).__name__} while the workflow was looked at"
            hint = "importing the file and building the tree should take little"
            self.add(Finding(rule="workflow", said=said, place=None, hint=hint))

    def lint(self) -> None:
        self.add(*lint_file(self.file, self._read()))

    def _read(self) -> bytes:
        try:
            return self.file.read_bytes()
        except OSError:
            return b""  # the load says why

    def _has_refusal(self) -> bool:
        return any(one.rule in REFUSALS for one in self._found)

    def add(self, *findings: Finding) -> None:
        """Tell at once: the process may not come to its end."""
        for one in findings:
            if self._found.add(one):
                self.tell({"finding": one.to_json()})

    async def look(self, settings: Found) -> None:
        self.tell({"phase": "importing"})
        loaded = load_workflow(self.file, self.name)
        for one in loaded.sources.files:
            path = loaded.file.parent / one.path
            if path != loaded.file and one.text is not None:
                self.add(*lint_file(path, one.text.encode()))
        self.tell({"phase": "rendering"})
        input, text = given_or_made(loaded.workflow, self.request["input"])
        planned = plan_workflow(loaded, input, settings.values)
        self.add(*planned.findings, *find_circles(planned.root, planned.below))
        if self.request["dry_run"] and not any(one.level == "error" for one in self._found):
            self.tell({"phase": "a dry run of"})
            await self._try(loaded, input, text, settings)
        self.tell({"report": _report(loaded, planned, text)})

    async def _try(self, loaded: Loaded, input: BaseModel, text: str, settings: Found) -> None:
        """Tell why a dry run does not finish, or what is wrong in one that tolerates it."""
        found = await dry_run_of(loaded, input, text, settings, Secrets(os.environ))
        if found.status not in ("finished", "continued") and not self._has_refusal():
            said = f"a dry run did not finish: {found.why.removeprefix(f'{found.place}: ')}"
            self.add(Finding(rule="dry-run", said=said, place=found.place, hint=found.hint))
            return
        for at, one in found.mistakes:
            self.add(Finding(rule="dry-run", said=one.message, place=at, hint=one.hint))


def _report(loaded: Loaded, planned: Planned, input: str) -> dict[str, Any]:
    workflow = loaded.workflow
    return {
        "workflow": workflow.name,
        "description": (workflow.flow or workflow.function).__doc__ or "",
        "input": json.loads(input),
        "files": [str(loaded.file.parent / one.path) for one in loaded.sources.files],
        **planned.to_json(),
    }


def _looking(request: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> Looking:
    if request.get("run") is None:
        return Looking(request, tell)
    from smithers.checks._edit_child import Judging

    return Judging(request, tell)


def _settings(request: dict[str, Any]) -> Found:
    """Those of this folder, or as the owner of a run has read them."""
    run: dict[str, Any] | None = request.get("run")
    if run is None:
        return load_settings(Path.cwd(), request["environment"], None)
    files = [
        parse_file(Path(path), text.encode(), is_project=is_project)
        for path, text, is_project in run["settings"]
    ]
    return load_settings(Path(run["folder"]), request["environment"], None, files)


def _main() -> NoReturn:
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    end = os._exit  # threads of the author's may never end
    settings = _settings(request)
    NAMED_AGENTS.set(NamedAgents(settings))

    def tell(line: dict[str, Any]) -> None:
        answer.write(json.dumps(line) + "\n")
        answer.flush()

    try:
        limits = Limits(**request["limits"])
        looking = _looking(request, tell)
        looking.run(limits, settings)
    except BaseException as error:
        tell({"failed": f"{type(error).__name__}: {error}"})
    end(0)


if __name__ == "__main__":
    _main()
