"""The page that forks a run at a frame: what changes, what is kept, and what runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, Field, Strict, ValidationError
from starlette.responses import Response

from smithers.errors import AuthorError, Refused, RunExists, SmithersError, WrongAnswer
from smithers.shapes import asks_person
from smithers.texts import from_json, strict_json
from smithers.web._problems import ProblemError, status_of
from smithers.web._routes import Call, Closed, number_of
from smithers.web._starting import BAD_ID, ForkBody, fork
from smithers.web.pages._forked import forecast
from smithers.web.pages._given import with_rows
from smithers.web.pages._inputs import input_of
from smithers.web.pages._masked import masks_in, said_of, unmasked
from smithers.web.pages._page import Fields, form, only, page, redirect, render
from smithers.web.pages._texts import text_of
from smithers.web.pages._words import link_of, name_of

if TYPE_CHECKING:
    from smithers.views import Inspection, TaskView
    from smithers.web.pages._forked import Choice, Forecast, Row
    from smithers.web.pages._inputs import Changed, RunInput

__all__ = ["ROUTES"]

_MOST = 200
"""At most this many tasks are listed."""
_MOST_CHARACTERS = 100_000
"""A larger output is not edited in a browser."""


class ForkParameters(Closed):
    """At which frame; without one the last."""

    frame: Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)] | None = None


class _Draft:
    """A fork as it is typed: its input, what becomes of finished tasks, and what is wrong."""

    def __init__(self, call: Call, found: Inspection, given: Fields | None) -> None:
        self.call, self.found, self.given = call, found, given
        may_fork = call.caller is not None and call.caller.may("run")
        self.input: RunInput = input_of(call.hub, found.run, is_described=may_fork)
        self.changed: Changed = self.input.changed(given or {})
        self.errors: dict[str, str] = dict(self.changed.errors)
        self.outputs: dict[str, Any] = {}
        self.choices = _choices(given or {})
        for task in found.tasks if self.choices else ():
            if self.choices.get(str(task.line.key)) == "set":
                self._read_output(task)

    def only(self, name: str) -> str:
        return only(self.given or {}, name)

    def shown_output(self, task: TaskView) -> str:
        """The output of a task as it is edited: what was typed, or what it is."""
        typed = self.only(f"set.{task.line.key}")
        return typed or self.old_output(task)

    def old_output(self, task: TaskView) -> str:
        return "" if task.output is None else self.input.mask(text_of(task.output.text()))

    def _read_output(self, task: TaskView) -> None:
        """What is typed is JSON; a task whose output is a text takes a text as it is."""
        name = str(task.line.key)
        text = self.shown_output(task)
        if text == self.old_output(task):
            return
        old = "" if task.output is None else task.output.text()
        try:
            value = text if old.startswith('"') else strict_json(text)
        except (ValueError, RecursionError) as error:
            self.errors[f"set.{name}"] = f"is not JSON: {error}"
            return
        mask = self.input.mask
        self.outputs[name] = unmasked(value, from_json(old) if old else None, mask)
        written = json.dumps(self.outputs[name], ensure_ascii=False)
        if said := said_of(masks_in([old], mask), written):
            self.errors[f"set.{name}"] = said

    def body(self) -> ForkBody:
        """What the form asks for, as the HTTP API takes it."""
        return ForkBody(
            frame=self.found.run.frames - 1,
            run_id=self.only("run_id").strip() or None,
            input=self.changed.value,
            set=self.outputs,
            rerun=[name for name, choice in self.choices.items() if choice == "again"],
        )


def _choices(given: Fields) -> Mapping[str, Choice]:
    """What was chosen for tasks, by their names."""
    picked = {
        name.removeprefix("do."): values[-1]
        for name, values in given.items()
        if name.startswith("do.") and values[-1] in ("again", "set")
    }
    return cast("Mapping[str, Choice]", picked)


def _fork(call: Call) -> Response:
    asked = call.query_as(ForkParameters).frame
    return _shown(_Draft(call, call.hub.inspect(call.run, frame=asked), None))


def _shown(draft: _Draft, *, notice: str = "", status: int = 200) -> Response:
    """The form, with what was typed if it is shown again."""
    call, run = draft.call, draft.found.run
    ahead = forecast(call.hub, run.workflow, draft.found.tasks, draft.choices, list(draft.outputs))
    kept = [name_of(row.task.line.key) for row in ahead.of("kept") if not row.why]
    return render(
        call,
        "fork.html",
        status=status,
        title=f"Fork {run.run_id}",
        run=run,
        frame=run.frames - 1,
        last=call.hub.summary(call.run).frames - 1,
        ahead=ahead,
        rows=_listed(ahead),
        kept=kept,
        changes=len(draft.changed.names) + len(draft.choices),
        edited=[row for row in ahead.rows if row.choice == "set"],
        may_edit=_may_edit,
        draft=draft,
        entries=draft.input.entries(draft.given, draft.errors),
        errors=draft.errors,
        has_schema=draft.input.form is not None,
        notice=notice,
        htmx=True,
    )


def _listed(ahead: Forecast) -> list[Row]:
    """Those rows that are shown: in their order, or of many first those that do not stay."""
    if len(ahead.rows) <= _MOST:
        return list(ahead.rows)
    return sorted(ahead.rows, key=lambda row: row.how == "kept")[:_MOST]


def _may_edit(task: TaskView) -> bool:
    """Whether a person may give the output of a task here. That of a question is its answer."""
    if asks_person(task.line.kind) or task.output is None:
        return False
    return len(task.output.text()) <= _MOST_CHARACTERS


def _made(call: Call, given: Fields) -> Response:
    frame = number_of(only(given, "frame"))
    found = call.hub.inspect(call.run, frame=frame if isinstance(frame, int) else None)
    pressed = only(given, "rows")
    draft = _Draft(call, found, with_rows(given, pressed) if pressed else given)
    if "start" not in given and "hold" not in given:
        return _shown(draft)
    if draft.errors:
        return _shown(draft, notice="Nothing was forked: correct what is marked.", status=422)
    try:
        made = fork(call, draft.body())
    except ValidationError:
        draft.errors["run_id"] = BAD_ID
    except RunExists as error:
        draft.errors["run_id"] = error.said
    except (WrongAnswer, AuthorError, Refused) as error:
        return _shown(draft, notice=error.said, status=422)
    else:
        if "start" in given:
            _start(call, made.run_id, reruns_changed="rerun_changed" in given)
        return redirect(link_of(made.run_id))
    return _shown(draft, status=422)


def _start(call: Call, run_id: str, *, reruns_changed: bool) -> None:
    """Start a fork. Raises `ProblemError`, which says that there is one."""
    try:
        call.hub.launch_again(run_id, rerun=() if reruns_changed else None)
    except SmithersError as error:
        raise ProblemError(
            status_of(error), f"{run_id} was made, and not started: {error.said}", hint=error.hint
        ) from error


ROUTES = (
    page(
        "/runs/{run}/fork",
        "fork_page",
        "The form that forks a run, for a browser.",
        _fork,
        query=ForkParameters,
    ),
    form("/runs/{run}/fork", "fork_form", "Fork a run.", _made, scope="run"),
)
