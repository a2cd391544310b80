"""Pages: what a browser gets without scripts, and what its forms do."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.testclient import TestClient

import smithers.web
from smithers import Approval, Context, HumanTask, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.access import Sessions
from smithers.hub import Hub
from smithers.web import make_app
from smithers.web.pages._texts import parts_of_text
from smithers.workflows import Workflow
from tests.web.flows import asks_ann, ships
from tests.web.serving import EVERYTHING, READER, FakeTokens

_WEB = Path(smithers.web.__file__).parent
_EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
_DIFF = "Ship?\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n same\n-old <b>\n+new </td>\nThe end"


class Release(BaseModel):
    version: str
    channel: Literal["stable", "beta"] = "stable"
    retries: int = 3
    tags: list[str] = []


@workflow
def evil(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("draft", lambda: _EVIL, output=str), Approval("ship", ask=_EVIL))


@workflow
def shows_a_diff(ctx: Context[NoInput]) -> Node:
    return Sequence(Approval("ship", ask=_DIFF), Step("later", lambda: "x", output=str))


@workflow
def asks_for_data(ctx: Context[NoInput]) -> Node[Release]:
    asked = HumanTask("release", ask="Which release?", output=Release)
    return Sequence(asked, result=asked)


@workflow
def wide(ctx: Context[NoInput]) -> Node:
    return Parallel(*(Step(f"case{n:03}", lambda: "x", output=str) for n in range(250)))


@workflow
def breaks(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("build", lambda: str(1 / 0), output=str))


def _run(hub: Hub, flow: Workflow[Any, Any], run_id: str = "r1") -> None:
    asyncio.run(hub.run(flow, run_id=run_id))


def _resume(hub: Hub, flow: Workflow[Any, Any]) -> None:
    asyncio.run(hub.resume("r1", workflow=flow))


def _fields(page: str) -> dict[str, str]:
    """What the form of a question has before anything is typed."""
    form = page[page.index('<form class="form"') :]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in hidden}


def test_a_browser_without_a_session_is_told_what_to_type(hub: Hub, sessions: Sessions) -> None:
    app = make_app(hub, FakeTokens(), sessions=sessions)
    with TestClient(app, "http://127.0.0.1:7331", headers={"accept": "text/html"}) as one:
        found = one.get("/")
    assert found.status_code == 401
    assert "smithers ui" in found.text


def test_the_list_has_what_waits_for_a_person_first(hub: Hub, browser: TestClient) -> None:
    assert "smithers demo" in browser.get("/").text  # nothing is there yet
    _run(hub, ships)
    _run(hub, wide, "w1")
    page = browser.get("/").text
    assert page.index("Waiting for you") < page.index('href="/runs/r1/ask?task=ship"')
    assert page.index('href="/runs/r1/ask?task=ship"') < page.index('href="/runs/w1"')
    assert "250/250" in page
    assert "<title>(1) Runs" in page
    assert 'href="/runs/w1"' not in browser.get("/?status=waiting").text
    assert "No run of none is here" in browser.get("/?workflow=none").text
    assert 'href="/runs/w1"' not in browser.get("/?q=SHIPS&status=waiting").text
    assert 'href="/runs/r1"' in browser.get("/?q=SHIPS&status=waiting").text
    nothing = browser.get(f"/?q={quote(_EVIL)}%25").text
    assert f"No run has “{_EVIL}%” in its id" in unescape(nothing)
    assert "<script>alert" not in nothing


def test_pages_run_nothing_but_our_files(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    for path in ("/", "/runs/r1", "/runs/r1/tasks/draft", "/runs/r1/ask?task=ship", "/runs/none"):
        found = browser.get(path)
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert found.headers["referrer-policy"] == "same-origin"  # else forms have no origin
        assert not re.search(r'\sstyle="|\son[a-z]+="|<style', found.text), path
        nonce = re.search(r"script-src 'nonce-([\w-]{22})';", policy)
        assert nonce is not None
        assert all(nonce[1] in tag for tag in re.findall(r"<script[^>]*>", found.text)), path
        assert all(
            nonce[1] in tag for tag in re.findall(r"<[^>]*\shx-[\w:]+=[^>]*>", found.text)
        ), path
        for address in re.findall(r'(?:src|href)="([^"]*)"', found.text):
            assert address.startswith(("/", "#", "?")), address
            assert not address.startswith("//")
    for name in ("inspector.css", "inspector.js", "favicon.svg", "vendor/htmx.min.js"):
        address = re.search(rf'"(/assets/{name}\?v=[0-9a-f]+)"', browser.get("/").text)
        assert address is not None
        found = browser.get(address[1])
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["content-encoding"] == "gzip"
        assert b"http" not in found.content.replace(b"http://www.w3.org/2000/svg", b"")
        assert (
            browser.get(f"/assets/{name}?v=other").headers["cache-control"] == "private, no-cache"
        )


def test_texts_of_agents_and_authors_are_shown_as_texts(hub: Hub, browser: TestClient) -> None:
    _run(hub, evil)
    for path in ("/", "/runs/r1", "/runs/r1/tasks/draft", "/runs/r1/ask?task=ship"):
        found = browser.get(path).text
        assert "<img" not in found, path
        assert found.count("<script") == found.count('<script src="/assets/'), path
    assert _EVIL in unescape(browser.get("/runs/r1/tasks/draft").text)


def test_a_question_is_approved_by_a_plain_form(hub: Hub, browser: TestClient) -> None:
    _run(hub, shows_a_diff)
    page = browser.get("/runs/r1/ask?task=ship").text
    assert '<tr class="removed">' in page
    assert "old &lt;b&gt;" in page
    assert f"{len(_DIFF)} characters, nothing is left out" in page
    assert 'title="later"' in page  # what has not run
    sent = {**_fields(page), "verb": "approve", "note": "fine"}
    found = browser.post("/runs/r1/ask", data=sent, follow_redirects=False)
    assert (found.status_code, found.headers["location"]) == (303, "/runs/r1/asked?task=ship")
    assert "ann" in browser.get("/runs/r1/asked?task=ship").text
    assert browser.post("/runs/r1/ask", data={**sent, "verb": "deny"}).status_code == 409
    _resume(hub, shows_a_diff)
    assert hub.status("r1") == "finished"


def test_a_form_without_the_text_of_its_page_is_refused(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    sent = {**_fields(browser.get("/runs/r1/ask?task=ship").text), "verb": "approve"}
    del sent["csrf_token"]
    assert browser.post("/runs/r1/ask", data=sent).status_code == 403
    assert len(hub.list_asks("r1")) == 1


@pytest.mark.parametrize("name", ["digest", "since"])
def test_another_question_than_the_one_shown_is_not_answered(
    hub: Hub, browser: TestClient, name: str
) -> None:
    _run(hub, ships)
    sent = {**_fields(browser.get("/runs/r1/ask?task=ship").text), "verb": "approve", name: "x"}
    found = browser.post("/runs/r1/ask", data=sent)
    assert found.status_code == 409
    assert "Nothing was decided" in found.text
    assert len(hub.list_asks("r1")) == 1


def test_only_those_who_may_decide_do(hub: Hub, browser: TestClient, sessions: Sessions) -> None:
    _run(hub, asks_ann)
    assert browser.get("/session", params={"code": sessions.offer("bob")}).status_code == 200
    sent = {**_fields(browser.get("/runs/r1/ask").text), "verb": "approve"}
    found = browser.post("/runs/r1/ask", data=sent)
    assert found.status_code == 422
    assert "ann" in found.text
    assert len(hub.list_asks("r1")) == 1


def test_a_reader_sees_a_question_without_its_form(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    headers = {"authorization": f"Bearer {READER}"}
    page = browser.get("/runs/r1/ask", headers=headers).text
    assert "Ship this?" in page
    assert '<form class="form"' not in page
    assert browser.post("/runs/r1/ask", headers=headers).status_code == 403
    headers = {"authorization": f"Bearer {EVERYTHING}"}
    assert '<form class="form"' in browser.get("/runs/r1/ask", headers=headers).text


def test_data_is_given_by_the_inputs_of_its_schema(hub: Hub, browser: TestClient) -> None:
    _run(hub, asks_for_data)
    page = browser.get("/runs/r1/ask").text
    assert 'name="field.channel" value="stable" checked' in page
    sent = {**_fields(page), "verb": "answer", "field.version": "0.5", "field.channel": "beta"}
    wrong = browser.post("/runs/r1/ask", data={**sent, "field.retries": "many"})
    assert (wrong.status_code, "retries" in wrong.text) == (422, True)
    right = {**sent, "field.retries": "", "field.tags": "a\r\n"}
    assert browser.post("/runs/r1/ask", data=right).status_code == 200
    _resume(hub, asks_for_data)
    output = hub.summary("r1").output
    assert output is not None
    assert Release.model_validate_json(output) == Release(version="0.5", channel="beta", tags=["a"])


def test_a_run_is_shown_as_it_was_at_a_frame(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    assert 'href="/runs/r1/tasks/draft"' in browser.get("/runs/r1").text
    past = browser.get("/runs/r1?frame=0").text
    assert "As it was <time" in past
    assert 'href="/runs/r1" data-key="." data-slides>Live</a>' in past
    last = hub.inspect("r1").run.frames - 1
    assert "As it was" not in browser.get(f"/runs/r1?frame={last}").text  # that is now
    missing = browser.get(f"/runs/r1?frame={last + 1}")
    assert missing.status_code == 404
    assert f"Run r1 has no frame {last + 1}: its last is {last}" in missing.text
    assert browser.get("/runs/r1?frame=x").status_code == 422


def test_a_large_group_is_shown_in_parts(hub: Hub, browser: TestClient) -> None:
    _run(hub, wide)
    page = browser.get("/runs/r1").text
    assert page.count("data-row") == 60
    group = re.search(r'href="\?group=([^&"]+)&amp;start=60#', page)
    assert group is not None
    part = browser.get(f"/runs/r1?group={group[1]}&start=0").text
    assert part.count("data-row") == 60
    assert "start=60" in part
    last = browser.get(f"/runs/r1?group={group[1]}&start=240").text
    assert (last.count("data-row"), "start=300" in last) == (10, False)


def test_a_failed_task_says_why(hub: Hub, browser: TestClient) -> None:
    _run(hub, breaks)
    assert "division by zero" in browser.get("/").text
    assert "division by zero" in browser.get("/runs/r1").text
    assert "division by zero" in browser.get("/runs/r1/tasks/build").text
    assert browser.get("/runs/r1/tasks/none").status_code == 404


def test_secrets_are_masked_in_pages(
    hub: Hub, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(hub, evil)

    def reverse(_: object, text: str, found: set[str] | None = None) -> str:
        del found
        return text[::-1]

    monkeypatch.setattr(type(hub.secrets), "mask", reverse)
    assert "alert(1)" not in unescape(browser.get("/runs/r1/tasks/draft").text)


_DIFF_LINES = "--- a/x|+++ b/x|@@ -1,2 +1,2 @@|@@ -0,0 +1 @@|diff --git a/x b/x|index 1..2"
_OTHERS = (" same", "-old", "+new", "", "text", "\\ No newline at end of file")
_LINES = st.sampled_from((*_DIFF_LINES.split("|"), *_OTHERS))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(_LINES, max_size=14).map("\n".join))
def test_every_line_of_a_text_is_in_one_of_its_parts(text: str) -> None:
    signs = {"added": "+", "removed": "-"}
    lines: list[str] = []
    for part in parts_of_text(text):
        if not part.rows:
            lines += part.text.split("\n")
        for row in part.rows:
            same = " " if row.kind == "same" else ""
            lines.append(f"{signs.get(row.kind, same)}{row.text}")
    assert [line or " " for line in lines] == [line or " " for line in text.split("\n")]


def test_no_template_writes_an_attribute_as_a_text() -> None:
    """Its quotes would be escaped, or, if it is called safe, what is in it would not be."""
    for template in (_WEB / "templates").iterdir():
        text = template.read_text()
        assert "|safe" not in text, template.name
        for found in re.findall(r"{{.*?}}", text):
            assert not re.search(r"""['"] ?[a-z-]+=["a-z]""", found), (template.name, found)


def test_every_state_has_its_glyph() -> None:
    """A glyph that is not drawn leaves a blank, which no other test notices."""
    templates, pages = (_WEB / "templates").glob("*.html"), (_WEB / "pages").glob("*.py")
    markup = "".join(path.read_text() for path in templates)
    code = "".join(path.read_text() for path in pages)
    drawn = set(re.findall(r'<symbol id="g-([a-z]+)"', markup))
    used = set(re.findall(r'Mark\(\s*"([a-z]+)"', code))
    used |= set(re.findall(r'(?:glyph\(|"glyph": )"([a-z]+)"', markup))
    assert len(used) > 10
    assert used - drawn == set()


def test_the_assets_are_in_the_package() -> None:
    assert {one.name for one in (_WEB / "assets").iterdir()} == {
        "costs.js",
        "favicon-waits.svg",
        "favicon.svg",
        "inspector.css",
        "inspector.js",
        "vendor",
    }


def test_half_of_an_emoji_is_shown_as_a_character_that_is_not_known(
    hub: Hub, browser: TestClient
) -> None:
    def fail() -> str:
        raise ValueError("it ends in \ud83d")

    @workflow
    def cuts(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("cut", fail, output=str))

    _run(hub, cuts)
    for path in ("/runs/r1", "/runs/r1/tasks/cut", "/runs/r1/timeline"):
        found = browser.get(path)
        assert found.status_code == 200, path
        assert "it ends in \ufffd" in found.text, path


def test_a_timeline_stays_small_however_long_the_errors_are(hub: Hub, browser: TestClient) -> None:
    def fail(number: int) -> str:
        raise ValueError(f"{number} failed: {'x' * 50_000}")

    @workflow
    def fails(ctx: Context[NoInput]) -> Node:
        return Parallel(
            *(
                Step(f"case-{n}", partial(fail, n), output=str, on_failure="continue")
                for n in range(20)
            )
        )

    _run(hub, fails)
    for query in ("", "?all=true", "?show=failed"):
        page = browser.get(f"/runs/r1/timeline{query}")
        assert page.status_code == 200
        assert len(page.text) < 100_000
    assert "x" * 50_000 in browser.get("/runs/r1/tasks/case-0").text
