"""How a page is made: its template, its headers, and the page that an error gets."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import lru_cache, partial
from http import HTTPStatus
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, cast

from anyio import to_thread
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from smithers.errors import SmithersError, StoreError, UnknownRun
from smithers.naming import key_name
from smithers.shapes import kind_word
from smithers.tree import valid_text
from smithers.web._plain import words_of
from smithers.web._problems import ProblemError, sentence, status_of
from smithers.web._routes import Call, Closed, NoParameters, Route
from smithers.web._sessions import fields_of
from smithers.web.pages._assets import asset
from smithers.web.pages._words import (
    ago,
    cost,
    due_words,
    likely,
    link_of,
    moment,
    money,
    name_of,
    short,
    span,
    token_figure,
    type_words,
)
from smithers.words import tokens

if TYPE_CHECKING:
    from smithers.callers import Scope
    from smithers.secrets import Secrets

__all__ = ["Fields", "Handler", "events_of", "form", "only", "page", "redirect", "render", "typed"]

Handler = Callable[[Call], Response] | Callable[[Call], Awaitable[Response]]
Fields = dict[str, list[str]]
"""What a form has sent: the values of each field, with the ends of their lines as we write them."""

# A script has the nonce of its page, and so has each element that htmx obeys; htmx alone makes
# elements of texts, which are pages of this server.
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types htmx"
)
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    # With "no-referrer" a browser posts the forms of a page with `Origin: null`, which is refused.
    "Referrer-Policy": "same-origin",
}


@lru_cache(maxsize=8)
def _environment(secrets: Secrets) -> Environment:
    """The templates, compiled once. Secrets are masked in texts before these are escaped, which
    changes letters.
    """

    def masked(value: object) -> object:
        return secrets.mask(value) if type(value) is str else value

    made = Environment(
        loader=PackageLoader("smithers.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=masked,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "ago": ago,
        "cost": cost,
        "key": key_name,
        "kind_word": kind_word,
        "likely": likely,
        "money": money,
        "due_words": due_words,
        "moment": moment,
        "name_of": name_of,
        "short": short,
        "span": span,
        "token_figure": token_figure,
        "tokens": tokens,
        "type_words": type_words,
    }
    values: dict[str, Any] = {"asset": asset, "link_of": link_of}
    made.filters.update(filters)
    made.globals.update(values)
    return made


def render(call: Call, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page made from a template of the package."""
    nonce, address = token_urlsafe(16), call.request.url
    text = (
        _environment(call.hub.secrets)
        .get_template(template)
        .render(
            caller=call.caller,
            csrf=call.request.state.csrf,
            database=str(call.hub.database),
            here=f"{address.path}?{address.query}" if address.query else address.path,
            nonce=nonce,
            now=datetime.now(UTC),
            once=token_urlsafe(16),
            **values,
        )
    )
    policy = {"Content-Security-Policy": _POLICY.format(nonce=nonce)}
    return HTMLResponse(valid_text(text), status, policy | _HEADERS)


def events_of(call: Call) -> str:
    """The address of the events of a run that follow this call. It is made before the run is read,
    so that no event is missed.
    """
    newest = call.hub.newest(call.run)
    return f"/api/v1/runs/{call.run}/events{'' if newest is None else f'?after={newest}'}"


def typed(call: Call, command: str) -> str:
    """A command for a person to type, on this database."""
    return call.hub.complete(f"`{command}`")[1:-1]


def page(
    path: str,
    name: str,
    summary: str,
    handler: Handler,
    *,
    query: type[Closed] = NoParameters,
    scope: Scope = "read",
) -> Route:
    """The route of a page, or, with another scope, of the form of one."""
    return Route(
        method="GET" if scope == "read" else "POST",
        path=path,
        name=name,
        summary=summary,
        scope=scope,
        handler=_with_errors(handler),
        result=None,
        query=query,
        media=("text/html",),
        is_page=True,
    )


def form(
    path: str,
    name: str,
    summary: str,
    handler: Callable[[Call, Fields], Response],
    *,
    scope: Scope,
) -> Route:
    """The route of a form, whose fields the handler gets. It runs in a worker thread."""

    async def read(call: Call) -> Response:
        given = fields_of(await call.request.body())
        fields = {
            key: [one.replace("\r\n", "\n") for one in values] for key, values in given.items()
        }
        return await to_thread.run_sync(handler, call, fields)

    return page(path, name, summary, read, scope=scope)


def only(given: Fields, name: str) -> str:
    """The value of a field, of which the last counts; empty if it was not sent."""
    return next(reversed(given.get(name, ())), "")


def redirect(address: str) -> Response:
    """To the page that shows what a form has done; loading that again does nothing."""
    return RedirectResponse(address, 303)


def _with_errors(handler: Handler) -> Handler:
    """The same with a page for each error."""
    if inspect.iscoroutinefunction(handler):
        return partial(_awaited, handler)
    return partial(_called, cast("Callable[[Call], Response]", handler))


def _called(handler: Callable[[Call], Response], call: Call) -> Response:
    try:
        return handler(call)
    except (SmithersError, ProblemError) as error:
        return _failed(call, error)


async def _awaited(handler: Callable[[Call], Awaitable[Response]], call: Call) -> Response:
    try:
        return await handler(call)
    except (SmithersError, ProblemError) as error:
        return _failed(call, error)


def _failed(call: Call, error: SmithersError | ProblemError) -> Response:
    """The page that says what is wrong and what to do."""
    if isinstance(error, ProblemError):
        status, said = error.status, str(error)
    else:
        status, said = status_of(error), error.said
    hint = call.hub.complete(error.hint) if error.hint else ""
    run = None if isinstance(error, UnknownRun | StoreError) else call.path.get("run")
    return render(
        call,
        "error.html",
        status=status,
        title=HTTPStatus(status).phrase,
        said=list(words_of(sentence(said))),
        hint=list(words_of(sentence(hint) if hint else "")),
        run=run if run and call.hub.status(run) is not None else None,
    )
