"""An error as an HTTP status and a problem document (RFC 9457)."""

from __future__ import annotations

import http
import re
from collections.abc import Mapping
from typing import Any, NotRequired

from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from smithers.errors import (
    AlreadyDecided,
    AlreadySent,
    AuthorError,
    NotFinished,
    OutsideRoots,
    Owned,
    QuestionChanged,
    Refused,
    RunExists,
    SmithersError,
    StoreError,
    TooManyClients,
    UnknownRun,
    Untrusted,
    WrongAnswer,
)
from smithers.hub import Hub
from smithers.web._plain import plain_page

__all__ = [
    "MEDIA",
    "Problem",
    "ProblemError",
    "problem_of",
    "problem_response",
    "sentence",
    "status_of",
]

MEDIA = "application/problem+json"

_STATUSES: tuple[tuple[type[SmithersError], int], ...] = (
    (UnknownRun, 404),
    (RunExists, 409),
    (Owned, 409),
    (AlreadyDecided, 409),
    (AlreadySent, 409),
    (QuestionChanged, 409),
    (NotFinished, 409),
    (WrongAnswer, 422),
    (AuthorError, 422),
    (Untrusted, 403),
    (OutsideRoots, 403),
    (TooManyClients, 503),
    (Refused, 422),
    (StoreError, 503),
)
"""The status of each of our errors: that of the first class that it is one of."""


class Problem(TypedDict):
    """What went wrong. `kind`, `message`, `hint` and `place` are those of the command line's
    `error`.
    """

    type: str
    title: str
    status: int
    detail: str
    kind: str
    message: str
    hint: str
    place: str | None
    errors: NotRequired[list[dict[str, Any]]]
    masked: NotRequired[list[str]]


class ProblemError(Exception):
    """A refusal that has a status by itself: it is about the request, not about a run."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "",
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind or http.HTTPStatus(status).phrase.title().replace(" ", "")
        self.hint = hint
        self.headers = dict(headers or {})
        self.errors = errors


def status_of(error: SmithersError) -> int:
    """The status for one of our errors.

    >>> status_of(UnknownRun("there is no run r1")), status_of(Refused("it has ended"))
    (404, 422)
    """
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def problem_of(error: Exception, hub: Hub, *, as_page: bool = False) -> Response:
    """The response for an error, with secrets masked: a document, or a page for a person. An
    unexpected one says nothing of itself: it is in the server's log.
    """
    found, place = _problem(error, hub)
    return _page(found, hub) if as_page else problem_response(found, hub, place=place)


def _problem(error: Exception, hub: Hub) -> tuple[ProblemError, str | None]:
    """An error of any kind as one with a status, and the place that it names."""
    if isinstance(error, ProblemError):
        return error, None
    if not isinstance(error, SmithersError):
        said = "the server failed; its log says why"
        return ProblemError(500, said, kind="ServerError"), None
    said, place = error.said, None
    if isinstance(error, AuthorError) and error.place is not None:
        place = str(error.place)
        said = said.removeprefix(f"{place}: ")
    status = status_of(error)
    found = ProblemError(status, said, kind=type(error).__name__, hint=hub.complete(error.hint))
    if status == 503:
        found.headers["Retry-After"] = "5"
    return found, place


def _page(error: ProblemError, hub: Hub) -> Response:
    said, hint = (hub.secrets.mask(text) for text in (str(error), error.hint))
    to = ("/", "All runs")
    hint = "" if error.status == 404 else sentence(hint)
    return plain_page(sentence(said), hint, status=error.status, to=to, headers=error.headers)


def sentence(message: str) -> str:
    """A message as a sentence of a page. It may begin with an id, which stays as it is.

    >>> sentence("type `smithers ui` again"), sentence("ship is over")
    ('Type `smithers ui` again.', 'ship is over.')
    """
    end = "" if not message or message.endswith((".", "?", "!")) else "."
    first = message[:1].upper() if _WORDS.match(message) else message[:1]
    return f"{first}{message[1:]}{end}"


_WORDS = re.compile(
    r"(a|an|approved|answered|denied|it|list|load|no|only|open|press|run|send|the|there|this|type|use)\b"
)


def problem_response(error: ProblemError, hub: Hub, *, place: str | None = None) -> Response:
    found: set[str] = set()
    message = hub.secrets.mask(str(error), found)
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": http.HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": message,
        "kind": error.kind,
        "message": message,
        "hint": hub.secrets.mask(error.hint, found),
        "place": place,
    }
    if error.errors is not None:
        document["errors"] = hub.secrets.mask_data(error.errors, found)
    if found:
        document["masked"] = sorted(found)
    return JSONResponse(document, error.status, headers=error.headers, media_type=MEDIA)
