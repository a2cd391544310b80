"""Runs behind an HTTP API: start one, look at it, answer its question, follow its events.

    uvicorn --app-dir examples/embedding --timeout-graceful-shutdown 5 fastapi_app:app

The database is NOTES_DB, or notes.db. A server that shuts down waits for its open connections: the
limit ends those that follow events.
There is no sign-in here: put your own in front of it, and pass the user's name as `by`.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from smithers import Approval, Context, Node, Sequence, Step, workflow
from smithers.errors import Owned, Refused, SmithersError, UnknownRun
from smithers.hub import Hub, RunsQuery
from smithers.wire import event_json, question_json


class Brief(BaseModel):
    topic: str


class Answer(BaseModel):
    approved: bool
    by: str
    digest: str
    """That of the question as the person has read it."""


@workflow(input=Brief)
def note(ctx: Context[Brief]) -> Node[str]:
    draft = Step("draft", lambda: f"A note about {ctx.input.topic}.")
    ask = Approval("publish", ask=lambda: f"Publish this?\n{ctx[draft]}", on_deny="fail")
    publish = Step("published", lambda: f"{ctx[draft]} Approved by {ctx[ask].by}.")
    return Sequence(draft, ask, publish, result=publish)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """The hub is open as long as the application; at its end, runs are left to be resumed."""
    async with Hub(Path(os.environ.get("NOTES_DB", "notes.db"))) as hub:
        app.state.hub = hub
        for run_id in hub.run_ids(RunsQuery(statuses=("stale",), workflow=note.name)):
            with suppress(Owned):  # another process was faster
                await hub.begin_again(run_id, workflow=note)
        yield


def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


AppHub = Annotated[Hub, Depends(hub_of)]
app = FastAPI(lifespan=lifespan)


@app.exception_handler(SmithersError)
async def refused(_: Request, error: SmithersError) -> JSONResponse:
    """What cannot be done, and what helps."""
    status = 409 if isinstance(error, Refused) else 500
    status = 404 if isinstance(error, UnknownRun) else status
    return JSONResponse({"error": error.said, "hint": error.hint}, status_code=status)


@app.post("/notes", status_code=201)
async def start(brief: Brief, hub: AppHub, idempotency_key: Annotated[str, Header()]) -> Any:
    """Start a run. The same key gives the same run, however often the request is sent."""
    handle = await hub.begin(note, brief, request_id=idempotency_key)
    return {"run": handle.run_id}


@app.get("/notes/{run}")
async def view(run: str, hub: AppHub, wait_s: float = 0.0) -> Any:
    """The run now, or once it is left, after `wait_s` seconds at most."""
    result = await hub.wait(run, workflow=note, timeout_s=min(wait_s, 30.0))
    return {
        "run": result.run_id,
        "status": result.status,
        "why": result.why,
        "output": result.output if result.status == "finished" else None,
        "questions": [question_json(one) for one in result.questions],
    }


@app.post("/notes/{run}/tasks/{task}/answer", status_code=202)
async def answer(run: str, task: str, given: Answer, hub: AppHub) -> Any:
    """Decide what the run asks, and resume it."""
    hub.decide(run, task, approved=given.approved, by=given.by, digest=given.digest)
    with suppress(Owned):  # another process drives the run, and takes the answer
        await hub.begin_again(run, workflow=note)
    return {"run": run}


@app.get("/notes/{run}/events")
async def events(
    run: str, hub: AppHub, last_event_id: Annotated[str | None, Header()] = None
) -> StreamingResponse:
    """The run's events as they happen, as server-sent events, until it has ended."""
    hub.events(run, last_event_id, limit=1)  # an unknown run is an error before the first byte

    async def lines() -> AsyncGenerator[str]:
        async for frame in hub.stream(run, last_event_id, until_ended=True):
            yield f"id: {frame.cursor}\ndata: {json.dumps(event_json(frame))}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")
