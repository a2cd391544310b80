"""Deciding in a browser: what a decision lets run, what changed, who was first, what is next."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from harnesses.claude_code import ClaudeCode
from harnesses.codex import Codex
from harnesses.gemini import Gemini
from smithers import (
    Approval,
    Command,
    Context,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.access import Sessions
from smithers.agent import Answered, Ask, Capabilities, Event
from smithers.hub import Hub
from smithers.store.sqlite import SqliteStore
from smithers.web import make_app
from tests.store.samples import live_owner
from tests.web.browsing import form_of
from tests.web.flows import ships
from tests.web.serving import READER, FakeTokens

_EVIL = "<script>alert(1)</script>"


class Edits:
    """An agent that says what it may do."""

    name = "edits"
    can = Capabilities()
    permissions = f"may use Edit {_EVIL}"

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Answered(ask.prompt)


class Verdict(BaseModel):
    approved: bool
    remarks: str


def shout() -> str:
    return "x"


@workflow
def publishes(ctx: Context[NoInput]) -> Node:
    good = Step("good", lambda: Verdict(approved=True, remarks="Fine."), output=Verdict)
    bad = Step("bad", lambda: Verdict(approved=False, remarks=f"No {_EVIL}"), output=Verdict)
    return Sequence(
        Parallel(good, bad),
        Approval("ship", ask=lambda: f"Ship? {ctx[good].approved} {ctx[bad].approved}"),
        Task("announce", agent=Edits(), prompt=f"Announce {_EVIL}\nin short"),
        Command("publish", ["twine", "upload", "dist/a b*"], cwd="kettle"),
        Command("later", lambda: ["echo", str(ctx[good].approved)]),
        Step("shout", shout, output=str),
    )


@workflow
def follows(ctx: Context[NoInput]) -> Node:
    steps = [Command(f"step {n}", lambda: ["echo", "x"]) for n in range(10)]
    return Sequence(Approval("ship", ask="Ship?"), *steps)


@workflow
def repeats(ctx: Context[NoInput]) -> Node:
    """Asks once for each iteration, with another text each time."""

    def next_number() -> int:
        return 1 + (ctx.previous(number) or 0)

    number: Step[int] = Step("number", next_number, output=int)
    ask = Approval("ship", ask=lambda: f"Ship?\nline\nversion {ctx[number]}", on_deny="continue")
    return Loop(number, ask, until=lambda: ctx[ask].approved, max_iterations=3)


@workflow
def asks_mara(ctx: Context[NoInput]) -> Node[str]:
    asked = HumanTask("colour", ask="Which?", choices=["red", "blue"], allowed_by=["mara", "jon"])
    return Sequence(asked, result=asked)


def _run(hub: Hub, flow: Any, run_id: str = "r1") -> None:
    asyncio.run(hub.run(flow, run_id=run_id))


def _post(browser: TestClient, data: dict[str, Any], run_id: str = "r1") -> Any:
    return browser.post(f"/runs/{run_id}/ask", data=data)


def _sent(browser: TestClient, run_id: str = "r1", **more: str) -> dict[str, Any]:
    return {**form_of(browser.get(f"/runs/{run_id}/ask").text), **more}


def test_a_decision_says_what_it_lets_run(hub: Hub, browser: TestClient) -> None:
    _run(hub, publishes)
    page = browser.get("/runs/r1/ask").text
    assert "<script>alert" not in page
    steps = unescape(page[page.index('<ol class="steps">') : page.index("</ol>")])
    assert "<code>twine upload 'dist/a b*'</code>" in steps
    assert 'in <span class="m">kettle</span>' in steps
    assert f"may use Edit {_EVIL}" in steps
    assert f"<q>Announce {_EVIL}</q>" in steps
    assert "Its command is computed when it starts." in steps
    assert "<code>shout()</code>" in steps
    assert "As the workflow was when this was asked." in page
    assert "Cost not known: fewer than 3 earlier runs." in page
    assert "The 4 tasks do not run. The 2 finished tasks are kept." in page


def test_of_what_is_not_kept_with_the_question_its_source_is_a_link_away(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, follows)
    page = browser.get("/runs/r1/ask").text
    assert page.count("Its command is computed when it starts.") == 8
    links = re.findall(r'href="([^"]+)">Its source', page)
    assert links == [f"/runs/r1/source?task=step%20{n}" for n in (8, 9)]
    assert browser.get(links[0]).status_code == 200


def test_agents_say_what_they_may_do_without_asking() -> None:
    claude = ClaudeCode(
        permission_mode="acceptEdits",
        allowed_tools=["Read", "Edit"],
        mcp_config={"mcpServers": {"db": {"env": {"KEY": "secret"}}}},
        trust_project=True,
    )
    assert claude.permissions == (
        "permission mode acceptEdits; may use Read, Edit; MCP servers db;"
        " the settings of the project apply"
    )
    assert Codex(sandbox="workspace-write").permissions == "sandbox workspace-write"
    assert Gemini(allowed_tools=["a"]).permissions == "approval mode default; may use a"


def test_the_review_that_objects_is_first_and_before_the_request(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, publishes)
    page = unescape(browser.get("/runs/r1/ask").text)
    assert "1 approves, 1 requests changes" in page
    places = [page.index(text) for text in (f"No {_EVIL}", "Fine.", '<div class="body">Ship?')]
    assert places == sorted(places)


def test_a_request_that_changed_is_shown_with_what_changed(hub: Hub, browser: TestClient) -> None:
    _run(hub, repeats)
    sent = _sent(browser, verb="approve", note="was read")
    first = hub.list_asks("r1")[0]
    hub.decide("r1", "ship", approved=False, by="bob")
    asyncio.run(hub.resume("r1", workflow=repeats))
    found = _post(browser, sent | {"task": "ship"})
    assert found.status_code == 409
    page = found.text
    now = hub.list_asks("r1")[0]
    assert "The request changed since you read it." in page
    assert first.digest is not None
    assert now.digest is not None
    assert f'Then <span class="m">{first.digest[:8]}</span>, now' in page
    assert f'<span class="m">{now.digest[:8]}</span>: 2 lines added or removed' in page
    assert page.index("version 1") < page.index("<h2>The request</h2>")
    assert form_of(page)["note"] == ["was read"]
    again = {**form_of(page), "verb": "approve"}
    assert _post(browser, again).status_code == 200
    asyncio.run(hub.resume("r1", workflow=repeats))
    assert hub.status("r1") == "finished"


def test_an_answer_that_came_second_says_who_was_first(
    hub: Hub, browser: TestClient, sessions: Sessions
) -> None:
    """Two people have the page open, and the first answer counts."""
    _run(hub, ships)
    app = make_app(hub, FakeTokens(), sessions=sessions)
    with TestClient(app, "http://127.0.0.1:7331", headers={"accept": "text/html"}) as other:
        other.get("/session", params={"code": sessions.offer("Bob")})
        mine, theirs = _sent(browser, verb="deny"), _sent(other, verb="approve", note="go")
        assert _post(other, theirs).status_code == 200
        found = _post(browser, mine)
    assert found.status_code == 409
    assert "<b>Your answer was not recorded.</b> ship of run r1 was approved by Bob" in found.text
    assert "<b>Approved by Bob</b>" in found.text
    assert "“go”" in found.text
    opened = browser.get("/runs/r1/ask?task=ship")
    assert opened.status_code == 200
    assert "<b>Approved by Bob</b>" in opened.text
    assert '<form class="form"' not in opened.text
    assert "Ship this?" in opened.text


def test_after_a_decision_the_page_says_what_happens_and_what_waits(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, ships)
    _run(hub, asks_mara, "r2")
    found = _post(browser, _sent(browser, verb="approve"))
    assert found.status_code == 200
    assert "No process drives the run. Nothing runs until it is resumed." in found.text
    assert 'href="/runs/r2/ask?task=colour"' in found.text
    headers = {"authorization": f"Bearer {READER}"}
    page = browser.get("/runs/r1/asked?task=ship", headers=headers).text
    assert "smithers resume r1" in page  # for those who may not resume it here
    asyncio.run(hub.resume("r1", workflow=ships))
    page = browser.get("/runs/r1/asked?task=ship").text
    assert "The run is finished." in page
    assert "smithers resume" not in page


def test_with_a_running_supervisor_nobody_needs_to_resume_the_run(
    hub: Hub, browser: TestClient
) -> None:
    async def decide_meanwhile() -> str:
        async with await SqliteStore.open(hub.database) as store:
            await store.take_seat(live_owner("supervisor"))
            assert "a supervisor resumes it after your answer" in browser.get("/runs/r1/ask").text
            return str(_post(browser, _sent(browser, verb="approve")).text)

    _run(hub, publishes)
    hub.trust("trust")
    assert "once it is resumed" in browser.get("/runs/r1/ask").text
    page = asyncio.run(decide_meanwhile())
    assert "it resumes the run within seconds" in page
    assert "Resume the run" not in page
    assert 'class="button main" href="/runs/r1">Watch the run' in page


def test_others_than_those_named_see_the_form_and_why_not(hub: Hub, browser: TestClient) -> None:
    _run(hub, asks_mara)
    page = browser.get("/runs/r1/ask").text
    assert "only mara or jon may answer" in page
    assert "Only mara or jon may answer. You are signed in as ann." in page
    assert '<fieldset class="all" disabled>' in page
    found = _post(browser, {**form_of(page), "answer": "red", "verb": "answer", "note": "n"})
    assert found.status_code == 422
    assert len(hub.list_asks("r1")) == 1


@pytest.mark.parametrize("path", ["/runs/r1/ask?task=ship", "/runs/r1/ask"])
def test_a_question_that_is_over_is_not_asked(hub: Hub, browser: TestClient, path: str) -> None:
    _run(hub, ships)
    hub.cancel("r1", by="bob")
    found = browser.get(path)
    assert found.status_code == 200
    assert "The run is cancelled." in found.text
    assert '<form class="form"' not in found.text
    assert browser.get("/runs/r1/ask?task=none").status_code == 404


def test_enter_in_a_field_presses_nothing(hub: Hub, browser: TestClient) -> None:
    """A browser presses the first button of a form for Enter; that must not deny."""
    _run(hub, ships)
    page = browser.get("/runs/r1/ask").text
    form = page[page.index('<form class="form"') :]
    first = re.search(r"<button[^>]*>", form)
    assert first is not None
    assert first[0] == '<button type="submit" hidden disabled>'


def test_errors_are_pages_for_a_person_and_documents_for_programs(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, ships)
    for path, status, to in (
        ("/runs/none", 404, 'href="/"'),
        ("/runs/r1/tasks/none", 404, 'href="/runs/r1"'),
        ("/nothing", 404, 'href="/"'),
        (f"/{_EVIL}", 404, 'href="/"'),
        ("/session?code=old", 403, 'href="/"'),
    ):
        found = browser.get(path)
        assert found.status_code == status, path
        assert found.headers["content-type"].startswith("text/html"), path
        main = found.text[found.text.index("<main") :]
        assert to in main, path
        assert "`" not in main
        assert "<script>alert" not in found.text
        assert "unsafe" not in found.headers["content-security-policy"]
    assert browser.get("/api/v1/runs/none").json()["kind"] == "UnknownRun"
    programs = {"accept": "application/json"}
    assert browser.get("/nothing", headers=programs).json()["status"] == 404


def test_a_browser_without_a_session_learns_why(hub: Hub, sessions: Sessions) -> None:
    app = make_app(hub, FakeTokens(), sessions=sessions)
    with TestClient(app, "http://127.0.0.1:7331", headers={"accept": "text/html"}) as one:
        page = one.get("/")
        assert page.status_code == 401
        assert "This browser is not signed in" in page.text
        assert "<code>smithers ui --name HOST</code>" in page.text
        code = sessions.offer("ann")
        assert one.get("/session", params={"code": code}).status_code == 200
        again = one.get("/session", params={"code": code})
        assert again.status_code == 403
        assert "This address was used already, or is older than a minute." in again.text
        assert "<code>smithers ui</code>" in again.text
        one.cookies.clear()
        one.cookies["smithers_session"] = "of-yesterday"
        assert "Your session is over" in one.get("/").text


def _news(browser: TestClient, page: str) -> str:
    """What the page of a question would show of it now."""
    (address,) = re.findall(r'<div id="news"[^>]* hx-get="([^"]+)"', page)
    answer = browser.get(unescape(address))
    assert answer.status_code == 200, answer.text
    return answer.text


def test_an_open_page_is_told_what_has_become_of_its_question(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, repeats)
    first = browser.get("/runs/r1/ask").text
    assert 'class="note' not in _news(browser, first)
    asked = hub.list_asks("r1")[0]
    hub.decide("r1", str(asked.key), approved=False, by="ann", note="<b>No</b>")
    told = _news(browser, first)
    assert "Denied by ann" in told
    assert "<b>No" not in told
    (link,) = re.findall(r'<a class="l" href="([^"]+)">What was decided', told)
    assert "Denied by ann" in browser.get(unescape(link)).text


def test_an_open_page_is_told_that_its_request_has_changed_or_is_gone(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, asks_mara)
    page = browser.get("/runs/r1/ask").text
    for was, other, words in (
        (r"digest=\w\w", "digest=xy", "The request has changed"),
        ("since=20", "since=19", "This was asked again"),
    ):
        told = _news(browser, re.sub(was, other, page))
        assert f"{words} since you opened this page." in told
        assert 'href="/runs/r1/ask?task=colour">Read it as it is now' in told
    hub.cancel("r1", by="ann")
    assert "This is no longer asked." in _news(browser, page)
