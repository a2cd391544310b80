"""The page of a question: all of it, and the form that answers it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from smithers.errors import AlreadyDecided, QuestionChanged, WrongAnswer
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Closed
from smithers.web._sessions import fields_of
from smithers.web.pages._answers import inputs_of, value_of
from smithers.web.pages._page import page, render, typed
from smithers.web.pages._texts import parts_of_text
from smithers.web.pages._words import link_of, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smithers.views import Question, TaskLine

__all__ = ["ROUTES"]

_MOST_LATER = 12


class AskParameters(Closed):
    """Which question; without a task the only one of the run, with an empty one that of the run."""

    task: str | None = Field(None, max_length=250)


def _ask(call: Call) -> Response:
    return _shown(call, call.query_as(AskParameters).task)


def _shown(call: Call, task: str | None, *, notice: str = "", status: int = 200) -> Response:
    """The page of a question; of several, the first with the others named."""
    try:
        found = _questions(call, task)
    except AlreadyDecided as error:
        return _done(call, task, error.said, status)
    if not found:
        return _done(call, task, "This run asks nothing now.", status)
    asked, *others = found
    later = _later(call, asked)
    return render(
        call,
        "ask.html",
        status=status,
        title=asked.title,
        asked=asked,
        others=others,
        parts=parts_of_text(asked.asked),
        inputs=[] if asked.form is None else inputs_of(asked.form),
        later=later[:_MOST_LATER],
        more=max(0, len(later) - _MOST_LATER),
        notice=notice,
        commands=[typed(call, one) for one in asked.commands.values()],
        since=asked.since.isoformat(),
    )


def _done(call: Call, task: str | None, said: str, status: int) -> Response:
    return render(call, "asked.html", status=status, title="Decided", run=call.run, said=said)


def _questions(call: Call, task: str | None) -> list[Question]:
    found = call.hub.list_asks(call.run, task or None)
    return [one for one in found if one.task is None] if task == "" else found


def _later(call: Call, asked: Question) -> list[TaskLine]:
    """The tasks of the run that have not come up."""
    lines = call.hub.states(call.run)
    return [one for one in lines if one.state == "pending" and one.key != asked.key]


async def _answer(call: Call) -> Response:
    given = fields_of(await call.request.body())
    fields = {name: values[-1].replace("\r\n", "\n") for name, values in given.items()}
    return await to_thread.run_sync(partial(_record, call, fields))


def _record(call: Call, given: Mapping[str, str]) -> Response:
    """Record the answer if its question is the one that was shown, and go to what is said of it."""
    task = given.get("task", "")
    try:
        asked = _same(call, task, given)
        _give(call, asked, given)
    except AlreadyDecided as error:
        return _done(call, task, error.said, 409)
    except QuestionChanged:
        said = "This request is not the one that you have read. Nothing was decided."
        return _shown(call, task, notice=said, status=409)
    except WrongAnswer as error:
        return _shown(call, task, notice=error.said, status=422)
    # Another address: loading it again must not answer the next question of the task.
    return RedirectResponse(link_of(call.run, asked.key, "asked"), 303)


def _same(call: Call, task: str, given: Mapping[str, str]) -> Question:
    """The question that was shown. Raises `QuestionChanged` if another is open now."""
    found = _questions(call, task)
    if not found:
        raise ProblemError(409, "this run asks nothing now", kind="NothingAsked")
    asked = found[0]
    if given.get("since") != asked.since.isoformat() or given.get("digest") != (asked.digest or ""):
        raise QuestionChanged("another question is open", hint="read it")
    return asked


def _give(call: Call, asked: Question, given: Mapping[str, str]) -> None:
    note = given.get("note", "").strip() or None
    verb, form = given.get("verb", ""), asked.form
    if form is None:
        raise ProblemError(422, "a budget is not raised here", kind="WrongAnswer")
    name = str(asked.key) if asked.task is not None else None
    if form.kind == "decision":
        if verb not in ("approve", "deny"):
            raise WrongAnswer("neither approved nor denied", hint="press Approve or Deny")
        call.hub.decide(
            call.run,
            name,
            approved=verb == "approve",
            by=call.by,
            note=note,
            digest=asked.digest,
            caller=call.caller,
        )
        return
    value = "deny" if verb == "deny" and form.may_deny else value_of(form, given)
    if verb != "deny":
        form.check(value)
    call.hub.answer(
        call.run, name, value, by=call.by, note=note, digest=asked.digest, caller=call.caller
    )


def _asked(call: Call) -> Response:
    """What became of an answer."""
    task = call.query_as(AskParameters).task
    try:
        found = _questions(call, task)
    except AlreadyDecided as error:
        return _done(call, task, error.said, 200)
    said = "Your answer was recorded."
    if found:
        said = f"{said} It is asked again since {moment(found[0].since)}."
    return _done(call, task, said, 200)


ROUTES = (
    page(
        "/runs/{run}/ask",
        "ask_page",
        "A question of a run, for a browser.",
        _ask,
        query=AskParameters,
    ),
    page(
        "/runs/{run}/ask",
        "ask_form",
        "The form of a question.",
        _answer,
        scope="approve",
    ),
    page(
        "/runs/{run}/asked",
        "asked_page",
        "What became of an answer.",
        _asked,
        query=AskParameters,
    ),
)
