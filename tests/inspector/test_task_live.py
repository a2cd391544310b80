"""A task that is looked at in a browser while its agent works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.inspector.conftest import Inspector, signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

_AT_END = """() => {
  const one = document.querySelector("[data-follows]");
  return one.scrollHeight - one.scrollTop - one.clientHeight < 24;
}"""


def _start(inspector: Inspector, gates: Path, run_id: str) -> None:
    given = {"workflow": "task_flows.py:reads", "run_id": run_id, "input": {"folder": str(gates)}}
    inspector.post("/runs", given)


def _open(context: BrowserContext, inspector: Inspector, run_id: str) -> Page:
    """The page of the task, whose agent is reading a file."""
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 700})
    page.goto(f"{inspector.url}/runs/{run_id}/tasks/read")
    page.locator(".live[data-state=on]").wait_for(state="attached")
    page.locator(".tool .st-run", has_text="running").wait_for()
    return page


def _send(page: Page, text: str) -> None:
    page.fill("#message", text)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/read#messages")


def test_a_session_follows_its_end_only_if_it_was_at_its_end(
    chromium: Browser, inspector: Inspector, tmp_path: Path
) -> None:
    _start(inspector, tmp_path, "follows")
    with signed_in(chromium, inspector) as context:
        end, above = (_open(context, inspector, "follows") for _ in range(2))
        above.locator("label.show-all").click()  # what a person has opened stays open
        above.evaluate("document.querySelector('[data-follows]').scrollTop = 0")
        (tmp_path / "read").touch()
        inspector.hub.steer("follows", "read", "Leave b.py", by="ann")
        for page in (end, above):
            page.get_by_text("line 62.").wait_for(state="attached")
        assert end.evaluate(_AT_END)
        assert not end.locator("[data-newer]").is_visible()
        assert above.evaluate("document.querySelector('[data-follows]').scrollTop") == 0
        assert above.locator("#all-prompt").is_checked()
        above.locator("[data-newer]", has_text="4 new").click()
        assert above.evaluate(_AT_END)
        above.locator("[data-newer]").wait_for(state="hidden")
        (tmp_path / "end").touch()


def test_a_message_is_sent_then_read_or_never_read(
    chromium: Browser, inspector: Inspector, tmp_path: Path
) -> None:
    _start(inspector, tmp_path, "messages")
    with signed_in(chromium, inspector) as context:
        page = _open(context, inspector, "messages")
        _send(page, "Only the docs")
        page.locator("#messages .is-kept", has_text="sent, not read yet").wait_for()
        (tmp_path / "read").touch()
        read = page.locator(".you", has_text="Only the docs")
        read.get_by_text(re.compile("^ann, .*with the result of Read")).wait_for()
        assert page.locator("#messages").count() == 0
        page.get_by_text("line 62.").wait_for(state="attached")
        _send(page, "Too late")
        (tmp_path / "end").touch()
        page.locator(".tt .st", has_text="finished").wait_for()
        page.locator("#messages .is-late", has_text="not read: the attempt ended first").wait_for()
