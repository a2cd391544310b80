"""Who gets the form of a fork, and what becomes of one that is sent twice."""

from __future__ import annotations

import asyncio

from starlette.testclient import TestClient

from smithers import Context, Node, NoInput, Sequence, Step, workflow
from smithers.hub import Hub
from smithers.reports import RunsQuery
from smithers.web import make_app
from tests.web.browsing import hidden
from tests.web.serving import READER, FakeTokens


@workflow
def note(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("note", lambda: "done", output=str))


def test_a_fork_that_is_sent_twice_is_made_once(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(note, run_id="r1"))
    page = browser.get("/runs/r1/fork").text
    sent = {name: hidden(page, name) for name in ("csrf_token", "once")}
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
    sent = {name: hidden(page, name) for name in ("csrf_token", "once")}
    shown = [browser.post("/runs/r1/fork", data=sent).text for _ in range(2)]
    assert hidden(shown[0], "once") != hidden(shown[1], "once")


def test_those_who_only_read_get_no_form(hub: Hub) -> None:
    asyncio.run(hub.run(note, run_id="r1"))
    headers = {"accept": "text/html", "authorization": f"Bearer {READER}"}
    with TestClient(make_app(hub, FakeTokens()), "http://127.0.0.1:7331", headers=headers) as one:
        for path in ("/", "/start", "/runs/r1", "/runs/r1/fork", "/runs/r1/tasks/note"):
            assert 'method="post"' not in one.get(path).text, path
