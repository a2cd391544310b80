"""`wait_run`: bounded waiting that never touches the run."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from mcp_server._errors import telling
from mcp_server._face import Face, face_of
from mcp_server._models import Waited
from mcp_server._results import event_page, run_of
from mcp_server._tools import CURSOR, RunId, known
from mcp_server._watch import Watched
from smithers.hub import Standing

__all__ = ["wait_run"]

_MOST_EVENTS = 50


async def wait_run(
    ctx: Context[Face],
    run_id: RunId,
    after: Annotated[
        str | None,
        Field(description="A cursor: what came after it is told. Without it, from now on."),
    ] = None,
    timeout_s: Annotated[float, Field(gt=0, le=50, description="Seconds, 50 at most.")] = 20,
    until: Annotated[
        Literal["done", "change"],
        Field(description="done: it has ended, or a person has to act. change: or any event."),
    ] = "done",
) -> Waited:
    """Wait for a run, and get how it stands then. When the time is up first, `timed_out` is true:
    the run goes on, and you may wait again with the cursor. Where `waiting_for` names an approval,
    call answer: a person decides it, never you.
    """
    face = face_of(ctx)
    hub = await asyncio.to_thread(known, ctx, run_id)
    with telling(hub, CURSOR):
        seen = after
        if seen is None:
            seen = await asyncio.to_thread(hub.newest, run_id)
        page = await asyncio.to_thread(event_page, hub, run_id, seen, _MOST_EVENTS)
    started = time.monotonic()
    timed_out = False
    with telling(hub):
        async with face.watch.on(run_id) as watched:
            frame = -1
            while True:
                now = watched.standing
                if now.frame != frame:
                    page = await asyncio.to_thread(event_page, hub, run_id, seen, _MOST_EVENTS)
                    frame = now.frame
                left_s = started + timeout_s - time.monotonic()
                timed_out = left_s <= 0
                if now.is_done or (until == "change" and page["events"]) or timed_out:
                    break
                await _tell(ctx, started, timeout_s, now.status, page)
                await _moved(watched, now, left_s)
        told: dict[str, Any] = await asyncio.to_thread(run_of, hub, run_id)
        if told["cursor"] != page["cursor"]:  # it moved meanwhile: no status without its events
            page = await asyncio.to_thread(event_page, hub, run_id, seen, _MOST_EVENTS)
    if page["events"] or after is not None:
        told["cursor"] = page["cursor"]
    found = {"timed_out": timed_out and not now.is_done, "events": page["events"]}
    return Waited.model_validate({**told, **found, "more": page["more"]})


async def _moved(watched: Watched, seen: Standing, within_s: float) -> None:
    """Returns when the run is not as it was seen, or the time is up."""
    if watched.standing == seen:
        with suppress(TimeoutError):
            await asyncio.wait_for(watched.moved.wait(), within_s)


async def _tell(
    ctx: Context[Face], started: float, timeout_s: float, status: str, page: dict[str, Any]
) -> None:
    last = f": {page['events'][-1]['words']}" if page["events"] else ""
    elapsed_s = round(time.monotonic() - started, 1)
    said = face_of(ctx).hub.secrets.mask(f"{status}{last}")
    await ctx.report_progress(elapsed_s, timeout_s, said)
