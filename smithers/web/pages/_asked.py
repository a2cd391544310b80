"""The page of a question that has its answer, or that nobody can answer now."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from smithers.changes import ENDED
from smithers.errors import SmithersError
from smithers.texts import json_text
from smithers.web._problems import sentence
from smithers.web.pages._acts import resume_of
from smithers.web.pages._page import events_of, render, typed
from smithers.web.pages._texts import parts_of_text

if TYPE_CHECKING:
    from starlette.responses import Response

    from smithers.views import PastQuestion, Question
    from smithers.web._routes import Call

__all__ = ["shown_asked"]


def shown_asked(
    call: Call, task: str | None, *, said: str = "", notice: str = "", status: int = 200
) -> Response:
    """What was decided and by whom, what happens now, and the next question that waits. `said` is
    the heading if nothing is known of a decision; `notice` is why an answer was not taken.
    """
    live = events_of(call)
    past = call.hub.past_questions(call.run, task) if task else []
    decided = next((one for one in past if one.answer is not None), None)
    run = call.hub.standing(call.run)
    is_driven, is_called = call.hub.attention(call.run)
    is_stopped = is_called and not is_driven and run.status not in ENDED
    waiting = _next(call)
    return render(
        call,
        "asked.html",
        status=status,
        title=_title(decided, said),
        run=call.run,
        task=task,
        said=said,
        notice=notice,
        decided=decided,
        verdict="" if decided is None else sentence(decided.verdict).removesuffix("."),
        given=None if decided is None else _given(decided),
        at=None if decided is None else _time(decided),
        parts=[] if decided is None else parts_of_text(decided.asked),
        state=run.status,
        has_ended=run.status in ENDED,
        is_driven=is_driven,
        is_stopped=is_stopped,
        is_woken=is_stopped and run.status == "waiting" and call.hub.is_supervised(),
        may_resume=is_stopped and call.caller is not None and call.caller.may("run"),
        command=typed(call, call.hub.resume_in_program(call.run) or resume_of(call.run)),
        following=waiting[0] if waiting else None,
        waiting=len(waiting),
        **({} if run.status in ENDED or said or notice else {"live": live}),
    )


def _title(decided: PastQuestion | None, said: str) -> str:
    return said or (sentence(decided.verdict) if decided is not None else "Nothing is asked")


def _next(call: Call) -> list[Question]:
    """The open questions: first those of this run, then the oldest."""
    try:
        found = call.hub.list_asks()
    except SmithersError:  # the decision is shown without them
        return []
    return sorted(found, key=lambda one: (one.run_id != call.run, one.since))


def _given(decided: PastQuestion) -> str:
    """The data or the text of an answer; empty for a decision."""
    if not decided.answer or "value" not in decided.answer:
        return ""
    value: object = decided.answer["value"]
    return value if isinstance(value, str) else json_text(value, indent=2)


def _time(decided: PastQuestion) -> datetime | None:
    at = (decided.answer or {}).get("at")
    try:
        return datetime.fromisoformat(at) if isinstance(at, str) else None
    except ValueError:
        return None
