"""What becomes of a question while a page shows it: that page keeps what is typed in its form."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pydantic import Field

from smithers.errors import AlreadyDecided, Refused
from smithers.values import dataclass
from smithers.web._problems import sentence
from smithers.web._routes import Call, Closed
from smithers.web.pages._page import page, render
from smithers.web.pages._words import link_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from smithers.views import Question

__all__ = ["ROUTE", "news_address", "questions_of"]


class NewsParameters(Closed):
    """The question that is shown: its task (empty for one of the run), its time and its digest."""

    task: str = Field("", max_length=250)
    since: str = Field("", max_length=40)
    digest: str = Field("", max_length=64)


@dataclass(frozen=True, kw_only=True)
class _News:
    """What is said, and the link to where more is."""

    said: str
    address: str
    words: str


def questions_of(call: Call, task: str | None, *, ahead: bool = False) -> list[Question]:
    """The open questions of a task; without one all of the run, with an empty one its own.

    Raises `AlreadyDecided` and `Refused` as `Hub.list_asks` does.
    """
    found = call.hub.list_asks(call.run, task or None, ahead=ahead)
    return [one for one in found if one.task is None] if task == "" else found


def news_address(call: Call, asked: Question) -> str:
    """Where to look for what has become of a question."""
    shown = {"task": str(asked.key) if asked.task else "", "since": asked.since.isoformat()}
    return f"{link_of(call.run)}/ask/news?{urlencode(shown | {'digest': asked.digest or ''})}"


def _news(call: Call) -> Response:
    return render(call, "ask_news.html", told=_find_news(call, call.query_as(NewsParameters)))


def _find_news(call: Call, shown: NewsParameters) -> _News | None:
    named = f"?{urlencode({'task': shown.task})}"
    try:
        found = questions_of(call, shown.task)
    except (AlreadyDecided, Refused):
        found = []
    if found:
        if (found[0].since.isoformat(), found[0].digest or "") == (shown.since, shown.digest):
            return None
        is_same = found[0].digest == shown.digest
        said = "This was asked again" if is_same else "The request has changed"
        return _News(
            said=f"{said} since you opened this page.",
            address=f"{link_of(call.run)}/ask{named}",
            words="Read it as it is now",
        )
    past = call.hub.past_questions(call.run, shown.task) if shown.task else []
    decided = next((one for one in past if one.digest == shown.digest), None)  # the newest
    if decided is None or decided.answer is None:
        said = "This is no longer asked."
        return _News(said=said, address=link_of(call.run), words="The run")
    said = f"{sentence(decided.verdict).removesuffix('.')}."
    address = f"{link_of(call.run)}/asked{named}"
    return _News(said=said, address=address, words="What was decided")


ROUTE = page(
    "/runs/{run}/ask/news",
    "ask_news",
    "What has become of a question since it was shown, for a browser.",
    _news,
    query=NewsParameters,
)
