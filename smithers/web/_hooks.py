"""Deliveries from other services, which prove by a signature where they come from."""

from __future__ import annotations

import sys
from typing import Literal

from anyio import to_thread
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from smithers.errors import AlreadySent, RunExists, StoreError, Untrusted
from smithers.hub import NoHook, NotDelivered, plain
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Route

__all__ = ["ROUTES"]


class DeliveryTaken(TypedDict):
    """What a delivery did, or had done when it came first."""

    version: Literal[1]
    outcome: Literal["sent", "started", "ignored"]
    run_ids: list[str]


async def _deliver(call: Call) -> Response:
    hooks = call.server.hooks
    headers = {name.lower(): value for name, value in call.request.headers.items()}
    body = await call.request.body()
    try:
        if hooks is None:
            raise NoHook
        done = await to_thread.run_sync(hooks.deliver, call.path["name"], headers, body)
    except NoHook:
        raise ProblemError(
            404, "there is no such hook, or the signature is not its own", kind="NoHook"
        ) from None
    except NotDelivered as failed:
        raise _refusal(call, failed) from None
    if done.challenge is not None:
        return JSONResponse({"challenge": done.challenge})
    return JSONResponse({"version": 1, "outcome": done.outcome, "run_ids": list(done.run_ids)})


def _refusal(call: Call, failed: NotDelivered) -> ProblemError:
    """What the sender learns, which is little: the log has the rest."""
    error, name = failed.error, call.path["name"]
    said = f"smithers serve: the hook {name}: {error.said} ({error.hint})"
    sys.stderr.write(f"{plain(call.hub.secrets.mask(said))}\n")
    kind = type(error).__name__
    message = "the delivery was not carried out; the log of the server says why"
    if kind == "TooManyRuns":
        return ProblemError(429, message, kind=kind, headers={"Retry-After": "60"})
    if isinstance(error, Untrusted | StoreError):
        return ProblemError(503, message, kind=kind, headers={"Retry-After": "60"})
    status = 409 if isinstance(error, AlreadySent | RunExists) else 422
    return ProblemError(status, message, kind=kind)


ROUTES = (
    Route(
        method="POST",
        path="/hooks/{name}",
        name="deliver",
        summary="Take a delivery for a hook of the settings, signed with its secret.",
        scope=None,
        handler=_deliver,
        result=DeliveryTaken,
        raw=("application/json", "application/x-www-form-urlencoded"),
        statuses=(409, 422, 503),
    ),
)
