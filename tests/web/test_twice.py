"""Forms that are sent twice, as by two clicks."""

from __future__ import annotations

import asyncio

from starlette.testclient import TestClient

from smithers import Context, Node, NoInput, Sequence, Step, workflow
from smithers.hub import Hub
from smithers.reports import RunsQuery
from tests.web.test_start_page import _hidden


@workflow
def note(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("note", lambda: "done", output=str))


def test_a_fork_that_is_sent_twice_is_made_once(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(note, run_id="r1"))
    page = browser.get("/runs/r1/fork").text
    sent = {name: _hidden(page, name) for name in ("csrf_token", "once")}
    preview = browser.post("/runs/r1/fork", data=sent)
    assert (preview.status_code, "What happens" in preview.text) == (200, True)
    first, second = (
        browser.post("/runs/r1/fork", data=sent | {"hold": "1"}, follow_redirects=False)
        for _ in range(2)
    )
    assert first.headers["location"] == second.headers["location"]
    assert len(hub.list_runs(RunsQuery()).runs) == 2


def test_a_form_that_is_only_shown_again_is_made_again(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(note, run_id="r1"))
    page = browser.get("/runs/r1/fork").text
    sent = {name: _hidden(page, name) for name in ("csrf_token", "once")}
    shown = [browser.post("/runs/r1/fork", data=sent).text for _ in range(2)]
    assert _hidden(shown[0], "once") != _hidden(shown[1], "once")
