"""A run that changes while it is looked at: no page is loaded again, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from smithers.hub import Hub
from tests.inspector import flows
from tests.inspector.conftest import Inspector, inspecting, signed_in, watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

_PHONE = {"viewport": {"width": 360, "height": 760}, "has_touch": True, "is_mobile": True}


_GLYPH = "getComputedStyle(document.querySelector('.hd .st-run svg'))"


def _post(inspector: Inspector, path: str, body: dict[str, Any]) -> Any:
    return inspector.post(path, body)


def _mark(page: Page) -> None:
    """Something that a page loses when it is loaded again."""
    page.evaluate("window.kept = true")


def _is_kept(page: Page) -> bool:
    return bool(page.evaluate("window.kept === true"))


def _wait(page: Page, task: str, state: str) -> None:
    page.wait_for_function(
        """([task, state]) => {
          const link = document.querySelector(`.tr a[href$="/tasks/${task}"]`);
          return link?.closest(".tr").querySelector(".w").textContent.trim().startsWith(state);
        }""",
        arg=[task, state],
    )


def test_a_run_is_started_watched_approved_on_a_phone_and_seen_to_its_end(
    chromium: Browser, inspector: Inspector, tmp_path: Path
) -> None:
    with (
        signed_in(chromium, inspector) as desk,
        signed_in(chromium, inspector, **_PHONE) as hand,
    ):
        wide, phone = watch(desk.new_page(), inspector.url), watch(hand.new_page(), inspector.url)
        phone.page.goto(inspector.url)
        wide.page.goto(inspector.url)
        wide.page.get_by_role("link", name="Start a run").click()
        wide.page.get_by_label("A file, or FILE.py:NAME").fill("flows.py:gated")
        wide.page.get_by_role("button", name="Open").click()
        wide.page.get_by_label("folder").fill(str(tmp_path))
        wide.page.get_by_label("Run id").fill("gated")
        wide.page.get_by_role("button", name="Start", exact=True).click()
        wide.page.wait_for_url(f"{inspector.url}/runs/gated")
        for page in (wide.page, phone.page):
            page.locator(".live[data-state=on]").wait_for(state="attached")
            _mark(page)
        _wait(wide.page, "draft", "running")
        (tmp_path / "draft").touch()
        _wait(wide.page, "ship", "waits")
        phone.page.locator("#waits a[href='/runs/gated/ask?task=ship']").wait_for()
        assert _is_kept(wide.page)
        assert _is_kept(phone.page)
        phone.page.locator("#waits a[href='/runs/gated/ask?task=ship']").tap()
        box = phone.page.locator("[data-approve]").bounding_box()
        assert box is not None
        assert box["height"] >= 40  # for a thumb
        assert box["y"] + box["height"] <= 760  # without scrolling
        phone.page.locator("[data-approve]").tap()
        phone.page.wait_for_url("**/asked?task=ship")
        _wait(wide.page, "publish", "running")
        (tmp_path / "publish").touch()
        _wait(wide.page, "publish", "finished")
        wide.page.locator(".live[data-state=off]", has_text="Ended").wait_for()
        assert _is_kept(wide.page)
        assert "finished" in wide.page.locator(".hd").inner_text()
        assert "publish is done" in wide.page.locator(".outp").inner_text()
        assert wide.is_quiet(), wide.complaints
        assert phone.is_quiet(), phone.complaints


def test_who_reads_a_question_is_told_when_somebody_else_answers_it(
    chromium: Browser, inspector: Inspector, tmp_path: Path
) -> None:
    given = {"workflow": "flows.py:gated", "run_id": "two", "input": {"folder": str(tmp_path)}}
    (tmp_path / "draft").touch()
    _post(inspector, "/runs", given)
    with (
        signed_in(chromium, inspector) as desk,
        signed_in(chromium, inspector, **_PHONE) as hand,
    ):
        reader, other = watch(desk.new_page(), inspector.url), watch(hand.new_page(), inspector.url)
        reader.page.goto(f"{inspector.url}/runs/two")
        _wait(reader.page, "ship", "waits")
        for each in (reader.page, other.page):
            each.goto(f"{inspector.url}/runs/two/ask?task=ship")
            each.locator(".live[data-state=on]").wait_for(state="attached")
        reader.page.fill("#note", "What I think of it")
        _mark(reader.page)
        other.page.locator("[data-approve]").tap()
        other.page.wait_for_url("**/asked?task=ship")
        told = reader.page.locator("#news", has_text="Approved by")
        told.wait_for()
        assert _is_kept(reader.page)
        assert reader.page.input_value("#note") == "What I think of it"
        told.get_by_role("link", name="What was decided").click()
        reader.page.wait_for_url("**/asked?task=ship")
        _mark(other.page)
        (tmp_path / "publish").touch()
        other.page.locator(".decide", has_text="The run is finished.").wait_for()
        assert _is_kept(other.page)
        assert reader.is_quiet(), reader.complaints
        assert other.is_quiet(), other.complaints


def test_an_agent_is_steered_while_its_page_is_looked_at(
    chromium: Browser, inspector: Inspector
) -> None:
    _post(inspector, "/runs", {"workflow": "flows.py:listens", "run_id": "listens"})
    with signed_in(chromium, inspector) as context:
        page = context.new_page()
        page.goto(f"{inspector.url}/runs/listens/tasks/plan")
        page.get_by_text("reading the code").wait_for()
        page.keyboard.press("s")
        page.keyboard.type("Only the <b>docs</b>")
        page.get_by_role("button", name="Send").click()
        page.locator(".you", has_text="read by the agent").wait_for()
        page.get_by_text("did as told: Only the <b>docs</b>").first.wait_for()
        page.locator(".tt .st", has_text="finished").wait_for()


def test_a_run_is_forked_with_another_input_and_compared(
    chromium: Browser, inspector: Inspector
) -> None:
    _post(inspector, "/runs", {"workflow": "flows.py:notes", "run_id": "notes"})
    with signed_in(chromium, inspector) as context:
        page = context.new_page()
        page.goto(f"{inspector.url}/runs/notes")
        page.locator(".hd .st", has_text="finished").wait_for()
        page.goto(f"{inspector.url}/runs/notes/fork?frame=0")
        page.fill("[name='field.topic']", "otters")
        page.fill("#run-id", "otters")
        page.get_by_role("button", name="Fork and run").click()
        page.wait_for_url("**/runs/otters")
        page.locator(".hd .st", has_text="finished").wait_for()
        assert "Write about otters." in page.locator(".outp").inner_text()
        page.goto(f"{inspector.url}/compare?left=notes&right=otters&task=note")
        assert "whales" in page.locator(".removed").first.inner_text()
        assert "otters" in page.locator(".added").first.inner_text()


def test_a_server_that_is_killed_and_comes_back_is_followed_by_both_browsers(
    chromium: Browser, state: Path, tmp_path: Path
) -> None:
    database = tmp_path / "runs.db"
    (tmp_path / "flows.py").write_text(Path(flows.__file__).read_text())
    Hub(database)
    with inspecting(tmp_path, state) as first, signed_in(chromium, first) as one:
        Hub(database).trust("trust", folders=[tmp_path])
        given = {"workflow": "flows.py:gated", "run_id": "g", "input": {"folder": str(tmp_path)}}
        _post(first, "/runs", given)
        with signed_in(chromium, first) as two:
            pages = [context.new_page() for context in (one, two)]
            for page in pages:
                page.goto(f"{first.url}/runs/g")
                _wait(page, "draft", "running")
                page.evaluate(
                    """() => {
                      window.heard = [];
                      document.addEventListener("htmx:sse:before:message",
                        ({ detail }) => window.heard.push(detail.message));
                    }"""
                )
            os.kill(first.served.process.pid, signal.SIGKILL)
            for page in pages:
                page.locator(".live[data-state=lost]").wait_for(state="attached")
                assert page.evaluate("document.body.classList.contains('is-off')")
                assert page.evaluate(f"{_GLYPH}.animationName") == "none"
            (tmp_path / "draft").touch()  # it happens while no server is there
            with inspecting(tmp_path, state, port=first.served.port):
                for page in pages:
                    _wait(page, "ship", "waits")
                    assert not page.evaluate("document.body.classList.contains('is-off')")
                    page.locator(".live[data-state=on]").wait_for(state="attached")
                pages[0].goto(f"{first.url}/runs/g/ask?task=ship")
                pages[0].click("[data-approve]")
                (tmp_path / "publish").touch()
                pages[1].locator(".live[data-state=off]", has_text="Ended").wait_for()
                _wait(pages[1], "publish", "finished")
                heard = pages[1].evaluate("window.heard")
    assert [one["event"] for one in heard[-2:]] == ["changed", "end"]
    places = [_place(one["id"]) for one in heard[:-1]]
    assert places == sorted(set(places))  # none of them twice
    changed = {one["task"] for part in heard[:-1] for one in json.loads(part["data"])["changed"]}
    assert {"draft", "ship", "publish", None} <= changed


def _place(cursor: str) -> tuple[int, ...]:
    """A cursor as what it orders by."""
    return tuple(int(part) for part in cursor.split("."))


_HIDING = "Object.defineProperty(document, 'hidden', { get: () => window.isHidden });"
_SEEN = "document.dispatchEvent(new Event('visibilitychange'))"


def test_a_page_of_a_session_that_was_ended_meanwhile_says_so(
    chromium: Browser, inspector: Inspector
) -> None:
    with chromium.new_context() as context:
        context.set_default_timeout(30_000)
        inspector.sign_in(context, "kim")
        page = context.new_page()
        page.add_init_script(f"window.isHidden = false; {_HIDING}")
        page.goto(f"{inspector.url}/runs/asks")  # where nothing happens
        page.locator(".live[data-state=on]").wait_for(state="attached")
        for one in inspector.sessions.all():
            if one.name == "kim":
                inspector.sessions.end(one.id)
        with page.expect_event("requestfailed", lambda one: "/events?" in one.url):
            page.evaluate(f"isHidden = true; {_SEEN}")
        page.evaluate(f"isHidden = false; {_SEEN}")  # the stream begins again
        page.get_by_text("Your session is over").wait_for()


def test_a_page_connects_again_after_the_laptop_slept(
    chromium: Browser, inspector: Inspector
) -> None:
    """Its connection may be dead, and nothing says so."""
    with signed_in(chromium, inspector) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(f"{inspector.url}/runs/asks")
        page.locator(".live[data-state=on]").wait_for(state="attached")
        with page.expect_response(lambda one: "/events?" in one.url) as again:
            page.clock.fast_forward(3_600_000)
        assert again.value.status == 200
        with page.expect_response(lambda one: "/events?" in one.url):
            page.evaluate("window.dispatchEvent(new Event('online'))")
        assert page.locator(".live").get_attribute("data-state") == "on"


def test_a_page_is_not_called_live_while_the_server_hangs(
    chromium: Browser, state: Path, tmp_path: Path
) -> None:
    (tmp_path / "flows.py").write_text(Path(flows.__file__).read_text())
    Hub(tmp_path / "runs.db")
    with inspecting(tmp_path, state) as own, signed_in(chromium, own) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(own.url)
        page.locator(".live[data-state=on]").wait_for(state="attached")
        server = own.served.process
        server.send_signal(signal.SIGSTOP)
        try:
            page.clock.run_for(60_000)
            page.locator(".live[data-state=lost]").wait_for(state="attached")
        finally:
            server.send_signal(signal.SIGCONT)
        page.clock.run_for(10_000)
        page.locator(".live[data-state=on]").wait_for(state="attached")


def test_more_pages_than_a_browser_has_connections_are_live(
    chromium: Browser, inspector: Inspector, tmp_path: Path
) -> None:
    given = {"workflow": "flows.py:gated", "run_id": "many", "input": {"folder": str(tmp_path)}}
    _post(inspector, "/runs", given)
    with signed_in(chromium, inspector) as context:
        pages = [context.new_page() for _ in range(8)]  # all are shown, as windows are
        for page in pages:
            page.goto(f"{inspector.url}/runs/many")
            page.locator(".live[data-state=on]").wait_for(state="attached")
        (tmp_path / "draft").touch()
        for page in pages:
            _wait(page, "ship", "waits")


def test_a_page_that_was_opened_in_the_background_is_live_once_it_is_looked_at(
    chromium: Browser, inspector: Inspector, tmp_path: Path
) -> None:
    given = {"workflow": "flows.py:gated", "run_id": "back", "input": {"folder": str(tmp_path)}}
    _post(inspector, "/runs", given)
    with signed_in(chromium, inspector) as context:
        page = context.new_page()
        page.add_init_script(f"window.isHidden = true; {_HIDING}")
        with page.expect_event("requestfailed", lambda one: "/events?" in one.url):
            page.goto(f"{inspector.url}/runs/back")  # its stream ends at once
        page.locator(".live[data-state=on]").wait_for(state="attached")
        (tmp_path / "draft").touch()
        page.evaluate(f"isHidden = false; {_SEEN}")
        _wait(page, "ship", "waits")
