"""The page of a question: all of it, what its answers do, and the form that gives one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field
from starlette.responses import Response

from smithers.errors import (
    AlreadyDecided,
    QuestionChanged,
    Refused,
    SmithersError,
    WrongAnswer,
)
from smithers.web._problems import ProblemError, status_of
from smithers.web._routes import Call, Closed
from smithers.web.pages._asked import shown_asked
from smithers.web.pages._changed import Change, change_of
from smithers.web.pages._fields import entries_of
from smithers.web.pages._given import all_entries, with_rows
from smithers.web.pages._masked import read_masked
from smithers.web.pages._news import ROUTE, news_address, questions_of
from smithers.web.pages._page import Fields, events_of, form, only, page, redirect, render, typed
from smithers.web.pages._texts import parts_of_text
from smithers.web.pages._words import link_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smithers.views import BudgetView, Question

__all__ = ["ROUTES"]

_MOST_LATER = 12


class AskParameters(Closed):
    """Which question; without a task the only one of the run, with an empty one that of the run."""

    task: str | None = Field(None, max_length=250)


class _Misfit(Exception):
    """What was typed is not an answer: the errors by the path of their field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__()
        self.errors = errors


def _ask(call: Call) -> Response:
    return _shown(call, call.query_as(AskParameters).task)


def _shown(
    call: Call,
    task: str | None,
    *,
    notice: str = "",
    status: int = 200,
    given: Fields | None = None,
    errors: Mapping[str, str] | None = None,
    change: Change | None = None,
) -> Response:
    """The page of a question; of several, the first with the others named. It is shown again with
    what was `given`, and the `errors` of that.
    """
    live = events_of(call)
    try:
        found = questions_of(call, task, ahead=True)
    except AlreadyDecided:
        return shown_asked(call, task, status=status)
    except Refused as error:
        if task and call.hub.task(call.run, task) is not None:  # it is over without an answer
            return shown_asked(call, task, said=f"{error.said}.", status=status)
        raise ProblemError(404, error.said, kind="UnknownTask") from None
    if not found:
        return shown_asked(call, task, said="This run asks nothing now.", status=status)
    asked, *others = found
    entries = [] if asked.form is None else entries_of(asked.form, given, errors)
    return render(
        call,
        "ask.html",
        status=status,
        title=asked.title,
        asked=asked,
        others=others,
        entries=entries,
        wrong=[one for one in all_entries(entries) if one.error],
        note=only(given or {}, "note"),
        notice=notice,
        since=asked.since.isoformat(),
        live=live,
        news=news_address(call, asked),
        **_request(asked, change),
        **_effects(call, asked),
    )


def _request(asked: Question, change: Change | None) -> dict[str, Any]:
    """The text of a question, with its diffs, and how it differs from the one that was shown."""
    parts = parts_of_text(asked.asked)
    files = [part for part in parts if part.rows]
    is_same = change is not None and change.was == asked.asked
    return {
        "change": None if is_same else change,
        "is_same": is_same,
        "parts": parts,
        "files": len(files),
        "added": sum(part.added for part in files),
        "removed": sum(part.removed for part in files),
    }


def _effects(call: Call, asked: Question) -> dict[str, Any]:
    """What an answer lets run, and whether this caller may give one."""
    later = () if asked.next is None else asked.next.tasks[:_MOST_LATER]
    return {
        "reviews": [] if asked.task is None else call.hub.reviews(call.run, asked.key),
        "later": later,
        "more": 0 if asked.next is None else asked.next.number - len(later),
        "budget": _budget(call),
        "spent": call.hub.summary(call.run).usage.cost,
        "is_driven": call.hub.attention(call.run)[0],
        "is_supervised": call.hub.is_supervised(),
        "may_answer": _may_answer(call, asked),
        "commands": [typed(call, one) for one in asked.commands.values()],
    }


def _may_answer(call: Call, asked: Question) -> bool:
    """Whether the names of who looks are among those that may answer."""
    try:
        return call.hub.person(call.caller).may(asked.allowed_by)
    except SmithersError:  # the settings are wrong, which the answer would say
        return True


def _budget(call: Call) -> BudgetView | None:
    """The budget of the run, if it has one in US dollars."""
    try:
        found = call.hub.cost(call.run).budgets
    except SmithersError:  # the question is shown without it
        return None
    return next((one for one in found if not one.key.id and one.caps.usd is not None), None)


def _answer(call: Call, given: Fields) -> Response:
    """Record the answer if its question is the one that was shown, and go to what is said of it."""
    task = only(given, "task")
    try:
        asked = _same(call, task, given)
        if (pressed := only(given, "rows")) and asked.form is not None:
            return _shown(call, task, given=with_rows(given, pressed))
        _give(call, asked, given)
    except AlreadyDecided as error:
        return shown_asked(call, task, notice=f"{error.said}.", status=409)
    except QuestionChanged:
        change = change_of(call, task, only(given, "digest"), questions_of(call, task)[0])
        return _shown(call, task, status=409, given=given, change=change)
    except _Misfit as misfit:
        return _shown(call, task, status=422, given=given, errors=misfit.errors)
    except (WrongAnswer, Refused) as error:
        return _shown(call, task, notice=f"{error.said}.", status=status_of(error), given=given)
    # Another address: loading it again must not answer the next question of the task.
    return redirect(link_of(call.run, asked.key, "asked"))


def _same(call: Call, task: str, given: Fields) -> Question:
    """The question that was shown. Raises `QuestionChanged` if another is open now."""
    found = questions_of(call, task)
    if not found:
        raise ProblemError(409, "this run asks nothing now", kind="NothingAsked")
    asked = found[0]
    shown = only(given, "since"), only(given, "digest")
    if shown != (asked.since.isoformat(), asked.digest or ""):
        raise QuestionChanged("another question is open", hint="read it")
    return asked


def _give(call: Call, asked: Question, given: Fields) -> None:
    note = only(given, "note").strip() or None
    verb, wanted = only(given, "verb"), asked.form
    if wanted is None:
        raise ProblemError(422, "a budget is not raised here", kind="WrongAnswer")
    name = str(asked.key) if asked.task is not None else None
    if wanted.kind == "decision" and verb not in ("approve", "deny"):
        raise WrongAnswer("neither approved nor denied", hint="press Approve or Deny")
    if wanted.kind == "decision" or (verb == "deny" and wanted.may_deny):
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
    value, errors = read_masked(wanted, given, call.hub.secrets.mask)
    if errors:
        raise _Misfit(errors)
    wanted.check(value)
    call.hub.answer(
        call.run, name, value, by=call.by, note=note, digest=asked.digest, caller=call.caller
    )


def _asked(call: Call) -> Response:
    """What became of an answer."""
    return shown_asked(call, call.query_as(AskParameters).task)


ROUTES = (
    ROUTE,
    page(
        "/runs/{run}/ask",
        "ask_page",
        "A question of a run, for a browser.",
        _ask,
        query=AskParameters,
    ),
    form(
        "/runs/{run}/ask",
        "ask_form",
        "The answer to a question of a run.",
        _answer,
        scope="approve",
    ),
    page(
        "/runs/{run}/asked",
        "asked_page",
        "What became of an answer, for a browser.",
        _asked,
        query=AskParameters,
    ),
)
