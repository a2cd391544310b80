"""The app: each route of the table with what surrounds it, for any ASGI server."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import secrets
import sys
import traceback
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from anyio import CapacityLimiter, create_task_group, to_thread
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as Endpoint

from smithers import __version__
from smithers.access import Sessions
from smithers.callers import Caller, Origin, called_from
from smithers.errors import SmithersError
from smithers.hub import Feed, Hooks, Hub, Roots
from smithers.texts import strict_json
from smithers.web._calling import Tokens
from smithers.web._fitting import fit
from smithers.web._guarding import Guard, Limits
from smithers.web._openapi import openapi
from smithers.web._peers import address_of, check_peer
from smithers.web._plain import is_for_page
from smithers.web._problems import ProblemError, problem_of
from smithers.web._proxies import Proxies
from smithers.web._repeating import Repeats
from smithers.web._routes import Call, Json, Route, Server, is_run_id
from smithers.web._sessions import check_csrf, fields_of
from smithers.web._table import ROUTES
from smithers.web._turns import Turns

__all__ = ["make_app"]

_THREADS = 8
"""Calls of `Hub` at once; each opens the database for itself."""


def make_app(
    hub: Hub,
    tokens: Tokens,
    *,
    sessions: Sessions | None = None,
    roots: Sequence[Path] = (),
    hosts: Sequence[str] = (),
    limits: Limits | None = None,
    hooks: Hooks | None = None,
    proxies: Proxies | None = None,
    routes: Sequence[Route] = ROUTES,
) -> Starlette:
    """The app for the runs of `hub`, whose callers have one of `tokens` or of `sessions`.

    Workflows below `roots` may be started (default: the current folder). `hosts` are names that
    requests may give as their host beside the addresses of this machine, and `proxies` those whose
    word counts. Without `hooks` there are none. The events of runs are read while its lifespan
    lasts; `app.state.feed` gives them.
    """
    limits, proxies = limits or Limits(), proxies or Proxies()
    feed = Feed(hub, secrets.token_hex(4), most_clients=limits.streams)
    server = Server(
        hub=hub,
        roots=Roots(roots or [Path.cwd()]),
        document=json.dumps(openapi(_documented(routes), __version__)).encode(),
        feed=feed,
        streams=Counter(),
        streams_each=limits.streams_each,
        turns=Turns(limits.streams_browser),
        proxies=proxies,
        sessions=sessions,
        hooks=hooks,
    )
    made = _Endpoints(server)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with create_task_group() as group:
            group.start_soon(_follow, feed)
            yield
            group.cancel_scope.cancel()

    app = Starlette(
        routes=[made.path(path, ones) for path, ones in _by_path(routes).items()],
        exception_handlers={HTTPException: made.refuse},
        lifespan=lifespan,
    )
    app.state.feed = feed
    app.router.redirect_slashes = False
    app.add_middleware(
        Guard,
        hub=hub,
        tokens=tokens,
        sessions=sessions,
        hosts=hosts,
        limits=limits,
        proxies=proxies,
        is_open=_open_paths(routes),
    )
    return app


def _documented(routes: Sequence[Route]) -> list[Route]:
    """Those that programs call."""
    return [route for route in routes if not route.is_page]


def _open_paths(routes: Sequence[Route]) -> Callable[[str], bool]:
    """Whether a path, still encoded, is that of a route that needs no token."""
    paths = (re.sub(r"{\w+}", "[^/]+", one.path) for one in routes if one.scope is None)
    found = re.compile("|".join(paths))
    return lambda path: found.fullmatch(path) is not None


async def _follow(feed: Feed) -> None:
    """Read what the streams of events give. Where that fails, they are refused from then on."""
    try:
        await feed.run()
    except Exception as error:
        _log(feed.hub, error)


def _log(hub: Hub, error: Exception) -> None:
    sys.stderr.write(hub.secrets.mask("".join(traceback.format_exception(error))))


def _by_path(routes: Sequence[Route]) -> dict[str, dict[str, Route]]:
    found: dict[str, dict[str, Route]] = {}
    for route in routes:
        found.setdefault(route.path, {})[route.method] = route
    return found


class _Endpoints:
    """Makes what answers the requests of a path."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._limiter = CapacityLimiter(_THREADS)
        self._repeats = Repeats()

    def path(self, path: str, routes: Mapping[str, Route]) -> Endpoint:
        async def answer(request: Request) -> Response:
            route = routes["GET" if request.method == "HEAD" else request.method]
            try:
                return await self._answer(route, request)
            except Exception as error:
                return self._problem(error, request)

        return Endpoint(path, answer, methods=list(routes))

    async def refuse(self, request: Request, error: Exception) -> Response:
        """No route has this path, or its path has not this method."""
        found = cast("HTTPException", error)
        message = f"{request.method} {request.url.path}: {found.detail.lower()}"
        hint = "see /openapi.json for what there is"
        problem = ProblemError(found.status_code, message, hint=hint, headers=found.headers)
        problem.headers["Connection"] = "close"  # a body that it has is not read
        as_page = is_for_page(request.url.path, request.headers)
        return problem_of(problem, self.server.hub, as_page=as_page)

    async def _answer(self, route: Route, request: Request) -> Response:
        if request.method == "POST":
            await request.body()  # first, so that no connection is left with the rest of one
        caller = cast("Caller | None", getattr(request.state, "caller", None))
        _check_scope(route, caller)
        if request.method == "HEAD" and route.streams:  # which would wait, and tell nothing
            raise ProblemError(405, "HEAD is not used here", headers={"Allow": "GET"})
        address = address_of(request.scope)
        if route.method == "POST":
            what = f"call POST {request.url.path}"
            check = partial(check_peer, self.server.hub, request, caller, what, self.server.proxies)
            address = await to_thread.run_sync(check, limiter=self._limiter)
            await check_csrf(request, caller)
        with called_from(Origin(face="http", caller=caller, address=address)):
            return await self._carry_out(route, request, caller)

    async def _carry_out(self, route: Route, request: Request, caller: Caller | None) -> Response:
        call = Call(
            server=self.server,
            request=request,
            caller=caller,
            path=_path_of(request.path_params),
            query=_query_of(route, request),
        )
        if route.body is None:
            if route.method == "POST" and caller is not None:
                return await self._once(route, call, caller)
            response = await self._call(route, call)
            has_tag = route.method == "GET" and not route.streams
            return _with_tag(request, response) if has_tag else response
        given = await _json_of(request)
        call = call.having(fit(route.body, given))
        key = request.headers.get("idempotency-key")
        if key is None or caller is None:
            return await self._call(route, call)
        return await self._repeats.answer(
            (caller.name, request.url.path, key), given, partial(self._call, route, call)
        )

    async def _once(self, route: Route, call: Call, caller: Caller) -> Response:
        """The answer to a form. One that is sent twice, as by two clicks, is carried out once; one
        in which something was changed before it was sent again is another. A form that is only
        shown again, as a preview, has changed nothing: what has changed something redirects.
        """
        fields = fields_of(await call.request.body())
        shown = next(iter(fields.get("once", ())), "")
        if not shown:
            return await self._call(route, call)
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
        name = (caller.name, call.request.url.path, f"{shown[:100]} {digest}")
        carry_out = partial(self._call, route, call)
        return await self._repeats.answer(name, fields, carry_out, kept_from=300)

    async def _call(self, route: Route, call: Call) -> Response:
        if inspect.iscoroutinefunction(route.handler):
            handle = cast("Callable[[Call], Awaitable[Json | Response]]", route.handler)
            found = await handle(call)
        else:
            plain = cast("Callable[[Call], Json | Response]", route.handler)
            found = await to_thread.run_sync(plain, call, limiter=self._limiter)
        if isinstance(found, Response):
            return found
        # The document of a large run takes long to write, so that is done in a thread as well.
        return await to_thread.run_sync(self._response, route, found, limiter=self._limiter)

    def _response(self, route: Route, document: Json) -> Response:
        masked: set[str] = set()
        document = self.server.hub.secrets.mask_data(document, masked)
        if masked:
            document = {**document, "masked": sorted(masked)}
        text = json.dumps(document, allow_nan=False, separators=(",", ":"))
        return Response(text, route.status, media_type="application/json")

    def _problem(self, error: Exception, request: Request) -> Response:
        if isinstance(error, ClientDisconnect):
            return Response(status_code=400)  # nobody is left to read it
        if not isinstance(error, SmithersError | ProblemError):
            _log(self.server.hub, error)
        as_page = is_for_page(request.url.path, request.headers)
        return problem_of(error, self.server.hub, as_page=as_page)


def _check_scope(route: Route, caller: Caller | None) -> None:
    if route.scope is not None and (caller is None or not caller.may(route.scope)):
        raise ProblemError(
            403,
            f"the token may not do this: it does not have the scope {route.scope!r}",
            kind="WrongScope",
            hint=f"make another one: `smithers token add NAME --scope {route.scope}`",
        )


def _path_of(given: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a path, decoded after it was split, so that a task may have any name."""
    found = {name: unquote(value) for name, value in given.items()}
    run, frame = found.get("run"), found.get("frame", "0")
    if run is not None and not is_run_id(run):
        raise ProblemError(404, "this is not the id of a run", kind="UnknownRun")
    if not (frame.isascii() and frame.isdigit() and len(frame) <= 16):
        raise ProblemError(404, "this is not the number of a frame", kind="UnknownFrame")
    return found


def _query_of(route: Route, request: Request) -> BaseModel:
    fields, given = route.query.model_fields, request.query_params
    raw: dict[str, Any] = {}
    for name in given:
        values = given.getlist(name)
        is_list = name in fields and isinstance(fields[name].default, list)
        if not is_list and len(values) > 1:
            raise ProblemError(422, f"{name} is given more than once", kind="WrongParameters")
        raw[name] = values if is_list else values[0]
    hint = f"open `{request.url.path}` without it" if route.is_page else ""
    return fit(route.query, raw, kind="WrongParameters", hint=hint)


async def _json_of(request: Request) -> object:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != "application/json":
        raise ProblemError(415, "the body must be JSON", hint="send Content-Type: application/json")
    try:
        return strict_json(body.decode())
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, f"the body is not JSON: {error}", kind="NotJson") from None


def _with_tag(request: Request, response: Response) -> Response:
    """The response with an ETag, or 304 if the caller has it already.

    The tag is that of the bytes: of what a document tells, some (whether the owner lives, what is
    in the inbox, forks) changes without a frame.
    """
    if response.status_code != 200 or not isinstance(response.body, bytes) or not response.body:
        return response
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers={"ETag": tag})
    return response
