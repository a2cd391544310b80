"""Sessions of browsers: how one is opened, proved by each request, and ended.

What pages need: a request that came with the cookie of a session has `request.state.caller`, whose
`how` is "session", and `request.state.csrf`. A page has a route of the table, whose `scope` is
checked as for every route; its forms are posted with that text as the field `csrf_token`, and its
scripts send it as the header `X-CSRF-Token`. Every POST with a cookie is refused without it, before
its handler is called, and so is one of a process below a run. A browser that has no session gets
`sign_in_page` as the page of a 401.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from pydantic import Field
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from smithers.access import SESSION_LIFE
from smithers.callers import Caller, Origin, called_from
from smithers.web._peers import check_peer, check_session_user, is_by_tls
from smithers.web._plain import plain_page
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Closed, Route

__all__ = ["ROUTES", "check_csrf", "fields_of", "secret_of", "sign_in_page"]

_COOKIE = "smithers_session"
_MOST_FIELDS = 1_000
_FORM = "application/x-www-form-urlencoded"
_TYPE_IT = "Type `smithers ui` in a terminal: it opens a page that is signed in."
_ON_A_PHONE = (
    "For a phone, `smithers ui --name HOST` shows a QR code with an address that works once."
)


def sign_in_page(
    headers: Headers, more: Mapping[str, str] | None = None, *, is_sent: bool = False
) -> Response:
    """The page of a browser that has no session, or one that is over; `is_sent`: it sent a form."""
    was_there = secret_of(headers) is not None
    title = "Your session is over" if was_there else "This browser is not signed in"
    lines = ["Nothing was recorded of what you sent."] if is_sent else []
    return plain_page(title, *lines, _TYPE_IT, _ON_A_PHONE, status=401, headers=more)


class CodeQuery(Closed):
    """The code that `smithers ui` has made."""

    code: str = Field("", max_length=200)


def secret_of(headers: Headers) -> str | None:
    """The secret of a session that a request has in its cookies."""
    try:
        found = SimpleCookie("; ".join(headers.getlist("cookie"))).get(_COOKIE)
    except CookieError:
        return None
    return found.value if found is not None and found.value else None


def fields_of(form: bytes) -> dict[str, list[str]]:
    """The fields of a form. Raises `ProblemError`."""
    try:
        return parse_qs(
            form.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise ProblemError(400, f"the form cannot be read: {error}") from None


async def check_csrf(request: Request, caller: Caller | None) -> None:
    """Raises `ProblemError` for a request that changes something with a session's cookie, and does
    not prove that a page of this server made it: a browser sends cookies for any page.
    """
    if caller is None or caller.how != "session":
        return
    given = request.headers.get("x-csrf-token", "")
    if not given and request.headers.get("content-type", "").partition(";")[0].strip() == _FORM:
        given = next(iter(fields_of(await request.body()).get("csrf_token", ())), "")
    if not hmac.compare_digest(given.encode(), request.state.csrf.encode()):
        raise ProblemError(
            403,
            "the request has the cookie of a session, and not the text of its pages",
            kind="WrongCsrfToken",
            hint="load the page again",
        )


def _open(call: Call) -> Response:
    if call.request.method != "GET":  # HEAD would use up the code
        raise ProblemError(405, "HEAD is not used here", headers={"Allow": "GET"})
    sessions, code = call.server.sessions, call.query_as(CodeQuery).code
    asked = Caller(name="", scopes=frozenset(), how="session")  # a code is from a terminal as well
    proxies = call.server.proxies
    check_session_user(call.request.scope, proxies)
    address = check_peer(call.hub, call.request, asked, "open a session", proxies)
    with called_from(Origin(face="http", address=address)):
        opened = sessions.open(code) if sessions is not None else None
    if opened is None:
        used = "this address was used already, or is older than a minute"
        said = used if code else "this address does not have the code that opens a session"
        hint = "type `smithers ui` again"
        raise ProblemError(403, said, kind="WrongCode", hint=hint)
    # The browser leaves this page by itself: after a redirect it would send no Strict cookie.
    response = plain_page("Signed in", to=("/", "Show the runs"), follows=True)
    _set_cookie(call, response, opened[1], round(SESSION_LIFE.total_seconds()))
    return response


def _end(call: Call) -> Response:
    sessions, caller = call.server.sessions, call.caller
    if sessions is not None and caller is not None and caller.how == "session":
        sessions.end(caller.id)
    response = plain_page("Signed out", _TYPE_IT)
    _set_cookie(call, response, "", 0)
    return response


def _set_cookie(call: Call, response: Response, value: str, max_age_s: int) -> None:
    response.set_cookie(
        _COOKIE,
        value,
        max_age=max_age_s,
        path="/",
        secure=is_by_tls(call.request.scope),
        httponly=True,
        samesite="strict",
    )


ROUTES = (
    Route(
        method="GET",
        path="/session",
        name="open_session",
        summary="Open a session with the code of `smithers ui`; sets its cookie.",
        scope=None,
        handler=_open,
        query=CodeQuery,
        result=None,
        statuses=(403, 422),
        media=("text/html",),
    ),
    Route(
        method="POST",
        path="/session/end",
        name="end_session",
        summary="End the session whose cookie the request has.",
        scope="read",
        handler=_end,
        result=None,
        media=("text/html",),
    ),
)
