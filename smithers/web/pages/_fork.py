"""The page that forks a run at a frame: what changes, what is kept, and what runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, Strict, ValidationError
from starlette.responses import Response

from smithers.errors import AuthorError, Refused, SmithersError, WrongAnswer
from smithers.web._problems import ProblemError, status_of
from smithers.web._routes import Call, Closed, number_of
from smithers.web._starting import ForkBody, fork
from smithers.web.pages._ahead import ahead_of, cost_of
from smithers.web.pages._inputs import RunInput, input_of
from smithers.web.pages._page import Fields, form, page, redirect, render
from smithers.web.pages._words import link_of

if TYPE_CHECKING:
    from smithers.views import Inspection

__all__ = ["ROUTES"]

_MOST = 200
"""So many tasks of each kind are listed."""


class ForkParameters(Closed):
    """At which frame; without one the last."""

    frame: Annotated[int, Strict(), Field(ge=0, le=2**53), BeforeValidator(number_of)] | None = None


def _fork(call: Call) -> Response:
    asked = call.query_as(ForkParameters).frame
    found = call.hub.inspect(call.run, frame=asked)
    return _shown(call, found, _input(call, found), {})


def _input(call: Call, found: Inspection) -> RunInput:
    """The input of the run; its file is imported only for those who may fork it."""
    may_fork = call.caller is not None and call.caller.may("run")
    return input_of(call.hub, found.run, is_described=may_fork)


def _shown(
    call: Call, found: Inspection, given: RunInput, typed: Fields, *, notice: str = ""
) -> Response:
    """The form, with what was typed if it is shown again."""
    ahead, run = ahead_of(found.tasks), found.run
    inputs = given.inputs(call.hub.secrets.mask)
    return render(
        call,
        "fork.html",
        status=422 if notice else 200,
        title=f"Fork {run.run_id}",
        run=run,
        frame=run.frames - 1,
        last=call.hub.summary(call.run).frames - 1,
        ahead=ahead,
        most=_MOST,
        cost_of=cost_of,
        inputs=inputs,
        has_schema=given.form is not None,
        typed={name: values[-1] for name, values in typed.items()},
        again=set(typed.get("rerun", ())),
        notice=notice,
    )


def _made(call: Call, given: Fields) -> Response:
    frame = number_of(next(iter(given.get("frame", ())), ""))
    found = call.hub.inspect(call.run, frame=frame if isinstance(frame, int) else None)
    told = _input(call, found)
    show = partial(_shown, call, found, told, given)
    try:
        made = fork(call, _body(call, told, given, found.run.frames - 1))
    except ValidationError:
        return show(notice="an id has letters, digits, dots, underscores and dashes, at most 64")
    except (WrongAnswer, AuthorError, Refused) as error:
        return show(notice=error.said)
    if "start" in given:
        _start(call, made.run_id)
    return redirect(link_of(made.run_id))


def _body(call: Call, told: RunInput, given: Fields, frame: int) -> ForkBody:
    """What the form asks for, as the HTTP API takes it."""
    changed = told.changed({name: one[-1] for name, one in given.items()}, call.hub.secrets.mask)
    return ForkBody(
        frame=frame,
        run_id=next(iter(given.get("run_id", ())), "").strip() or None,
        input=changed,
        set={},
        rerun=given.get("rerun", []),
    )


def _start(call: Call, run_id: str) -> None:
    """Start a fork. Raises `ProblemError`, which says that there is one."""
    try:
        call.hub.launch_again(run_id)
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
