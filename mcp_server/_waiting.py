"""`wait_run`: bounded waiting that never touches the run."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from mcp_server._errors import telling
from mcp_server._face import Face, face_of
from mcp_server._fitting import DEFAULT_TOKENS, MaxTokens, room_of, size_of
from mcp_server._models import Waited
from mcp_server._reading import CURSOR
from mcp_server._results import run_of
from mcp_server._tools import RunId, known
from mcp_server._watch import Watched
from smithers.hub import Standing
from smithers.views import LinesPage

__all__ = ["wait_run"]


async def wait_run(
    ctx: Context[Face],
    run_id: RunId,
    after: Annotated[
        str | None,
        Field(description="A cursor: the events after it are returned (default: from now on)."),
    ] = None,
    timeout_s: Annotated[float, Field(gt=0, le=50, description="Seconds, 50 at most.")] = 20,
    until: Annotated[
        Literal["done", "change"],
        Field(description="done: it has ended, or a person has to act. change: or any event."),
    ] = "done",
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Waited:
    """Wait for a run, and get its state then, with what its agents said and did last. If the time
    is up first, `timed_out` is true: the run continues, and you may wait again with the cursor.
    If `waiting_for` names a question, call answer: a person answers it, never you.
    """
    face = face_of(ctx)
    hub = await asyncio.to_thread(known, ctx, run_id)
    room = room_of(max_tokens)

    def events_after(cursor: str | None) -> LinesPage:
        return hub.event_lines(run_id, cursor, room // 3)

    with telling(hub, CURSOR):
        seen = after
        if seen is None:
            seen = await asyncio.to_thread(hub.newest, run_id)
        page = await asyncio.to_thread(events_after, seen)
    started = time.monotonic()
    timed_out = False
    with telling(hub):
        async with face.watch.on(run_id) as watched:
            frame = -1
            while True:
                now = watched.standing
                if now.frame != frame:
                    page = await asyncio.to_thread(events_after, seen)
                    frame = now.frame
                left_s = started + timeout_s - time.monotonic()
                timed_out = left_s <= 0
                if now.is_done or (until == "change" and page.lines) or timed_out:
                    break
                await _tell(ctx, started, timeout_s, now.status, page)
                await _moved(watched, now, left_s)
        told = await asyncio.to_thread(hub.overview, run_id)
        if told.cursor != page.cursor:  # it moved meanwhile: no status without its events
            page = await asyncio.to_thread(events_after, seen)
        told = replace(told, cursor=page.cursor)
        left = room - size_of(page.lines)
        events = {"timed_out": timed_out and not now.is_done, "more": page.more}
        fields = await asyncio.to_thread(partial(run_of, hub, told, None, left, **events))
    return Waited.model_validate({**fields, "events": page.lines})


async def _moved(watched: Watched, seen: Standing, within_s: float) -> None:
    """Returns when the run is not as it was seen, or the time is up."""
    if watched.standing == seen:
        with suppress(TimeoutError):
            await asyncio.wait_for(watched.moved.wait(), within_s)


async def _tell(
    ctx: Context[Face], started: float, timeout_s: float, status: str, page: LinesPage
) -> None:
    last = f": {page.lines[-1]}" if page.lines else ""
    elapsed_s = round(time.monotonic() - started, 1)
    said = face_of(ctx).hub.secrets.mask(f"{status}{last}")
    await ctx.report_progress(elapsed_s, timeout_s, said)
