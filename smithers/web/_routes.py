"""What a route is: its path, who may call it, what it takes and what it answers.

Each route is declared once. The app, the check of scopes and the OpenAPI document are made from the
declaration, and a test compares the docs with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict
from starlette.responses import Response

from smithers.callers import Scope
from smithers.values import dataclass

if TYPE_CHECKING:
    from starlette.requests import Request

    from smithers.access import Sessions
    from smithers.callers import Caller
    from smithers.hub import Feed, Hooks, Hub, Roots
    from smithers.web._proxies import Proxies
    from smithers.web._turns import Turns

__all__ = [
    "EVENTS",
    "Call",
    "Closed",
    "Flag",
    "Given",
    "Handler",
    "Json",
    "NoParameters",
    "Route",
    "Server",
    "is_run_id",
    "number_of",
    "post",
]

Json = dict[str, Any]
EVENTS = "text/event-stream"
"""The media type of server-sent events."""
M = TypeVar("M", bound=BaseModel)
_RUN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Closed(BaseModel):
    """What a caller gives: it has these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Given(Closed):
    """A body: JSON whose values have exactly the types of the fields."""

    model_config = ConfigDict(strict=True)


class NoParameters(Closed):
    """A route without parameters in its query."""


def _flag(given: object) -> object:
    return {"true": True, "false": False}.get(given, given) if isinstance(given, str) else given


def is_run_id(text: str) -> bool:
    """Whether a run may have this id, which is a part of the names of its files."""
    return _RUN_ID.fullmatch(text) is not None


def number_of(given: object) -> object:
    """A whole number in a query; any other text stays as it is. It is the last validator of a
    field, so that the document has the bounds that come before it.
    """
    if isinstance(given, str) and re.fullmatch(r"-?[0-9]{1,19}", given):
        return int(given)
    return given


Flag = Annotated[bool, Strict(), BeforeValidator(_flag)]
"""`true` or `false` in a query, as the OpenAPI document says, and no other word."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """What all routes work with."""

    hub: Hub
    roots: Roots
    """The folders below which workflows may be started."""
    document: bytes
    """The OpenAPI document."""
    feed: Feed
    streams: Counter[str]
    """How many streams of events each caller has open."""
    streams_each: int
    turns: Turns
    """Those of the pages of each browser."""
    proxies: Proxies
    sessions: Sessions | None = None
    """Those of browsers; None if there are none."""
    hooks: Hooks | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, once its caller is known and its parameters fit."""

    server: Server
    request: Request
    caller: Caller | None
    path: Mapping[str, str]
    query: BaseModel
    body: BaseModel | None = None

    @property
    def hub(self) -> Hub:
        return self.server.hub

    @property
    def run(self) -> str:
        """The id of the run that the path names."""
        return self.path["run"]

    @property
    def by(self) -> str:
        """The name that is recorded for what the caller does."""
        assert self.caller is not None  # only open routes have none, and they record nothing
        return self.caller.name

    @property
    def key(self) -> str | None:
        """The caller's name for this request, by which a second one is known."""
        return self.request.headers.get("idempotency-key") or None

    def having(self, body: BaseModel) -> Call:
        """The same request with its body."""
        return replace(self, body=body)

    def query_as(self, model: type[M]) -> M:
        assert isinstance(self.query, model)
        return self.query

    def body_as(self, model: type[M]) -> M:
        assert isinstance(self.body, model)
        return self.body


Handler = Callable[[Call], "Json | Response"] | Callable[[Call], Awaitable["Json | Response"]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path.

    A plain `handler` runs in a worker thread, since calls of `Hub` block; one that is `async` runs
    in the loop. It returns JSON data, in which secrets are masked, or a response. `scope` is what
    the caller's token must have; None is an open route. `statuses` are the refusals that the route
    has beside those that all have. With `streams` it answers with a text whose parts are each a
    `result`.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    summary: str
    scope: Scope | None
    handler: Handler
    result: Any
    query: type[BaseModel] = NoParameters
    body: type[BaseModel] | None = None
    raw: tuple[str, ...] = ()
    """The media types of a body of which the handler takes the bytes."""
    status: int = 200
    statuses: tuple[int, ...] = ()
    media: tuple[str, ...] = ("application/json",)
    streams: bool = False
    is_page: bool = False
    """Whether it is for a person's browser, which the OpenAPI document leaves out."""

    @property
    def names(self) -> list[str]:
        """The parameters in the path."""
        return re.findall(r"{(\w+)}", self.path)


def post(
    path: str,
    name: str,
    summary: str,
    scope: Scope,
    handler: Handler,
    body: type[Closed],
    result: Any,
    *,
    status: int = 200,
    statuses: tuple[int, ...] = (409, 422),
) -> Route:
    """A route below `/api/v1/runs` that changes something."""
    return Route(
        method="POST",
        path=f"/api/v1/runs{path}",
        name=name,
        summary=summary,
        scope=scope,
        handler=handler,
        body=body,
        result=result,
        status=status,
        statuses=statuses,
    )
