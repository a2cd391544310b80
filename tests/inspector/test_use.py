"""How a person uses the pages: by keys, without scripts, in another zone, without movement."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.inspector import flows
from tests.inspector.conftest import Inspector, Watched, signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


def _focused(page: Page, what: str) -> str:
    found: str | None = page.evaluate(f"document.activeElement.{what}")
    return found or ""


def test_keys_go_to_places_and_decide_nothing(watched: Watched, inspector: Inspector) -> None:
    page = watched.page
    page.goto(inspector.url)
    page.keyboard.press("/")
    assert _focused(page, "type") == "search"
    page.keyboard.type("j?")
    assert page.locator("[data-search]").input_value() == "j?"  # typed, and not obeyed
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    first = _focused(page, "getAttribute('href')")
    page.keyboard.press("j")
    second = _focused(page, "getAttribute('href')")
    assert first.startswith("/runs/")
    assert second not in ("", first)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("k")
    assert _focused(page, "getAttribute('href')") == first
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()
    page.goto(f"{inspector.url}/runs/asks/ask?task=ship")
    for key, name in (("a", "approve"), ("d", "deny")):
        page.keyboard.press(key)
        assert _focused(page, f"dataset.{name}") is not None
        assert _focused(page, "value") == name
    assert len(inspector.hub.list_asks("asks")) == 1
    assert page.url.endswith("task=ship")


def test_keys_move_through_frames_and_groups(watched: Watched, inspector: Inspector) -> None:
    page = watched.page
    page.goto(f"{inspector.url}/runs/demo")
    last = int(page.locator("#frame").get_attribute("max") or 0)
    page.keyboard.press("[")
    page.wait_for_url(f"**/runs/demo?frame={last - 1}")
    page.keyboard.press("[")
    page.wait_for_url(f"**/runs/demo?frame={last - 2}")
    page.keyboard.press(".")
    page.wait_for_url("**/runs/demo")
    page.goto(f"{inspector.url}/runs/large")
    group = page.locator("summary.tr").first
    group.focus()
    is_open = "document.querySelector('details[id^=group-]').open"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(is_open)
    page.keyboard.press("ArrowLeft")
    assert not page.evaluate(is_open)
    page.keyboard.press("ArrowDown")
    assert _focused(page, "className") != "tr" or _focused(page, "tagName") == "A"
    assert watched.is_quiet(), watched.complaints


def test_frames_slide(watched: Watched, inspector: Inspector) -> None:
    page = watched.page
    page.goto(f"{inspector.url}/runs/demo")
    slider = page.locator("#frame")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_url("**frame=0**")
    assert "As it was at frame 0" in page.locator("main").inner_text()
    assert page.locator("#frame").get_attribute("aria-valuetext", timeout=5_000)
    assert watched.is_quiet(), watched.complaints


def test_reading_and_deciding_need_no_script(chromium: Browser, inspector: Inspector) -> None:
    inspector.run(flows.asks, "plain")
    with signed_in(chromium, inspector, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(inspector.url)
        page.click("a[href='/runs/plain']")
        assert "waits for you" in page.locator(".hd").inner_text()
        page.click("a[href='/runs/plain/tasks/draft']")
        assert "Write what changed in kettle 0.5." in page.locator("main").inner_text()
        page.goto(f"{inspector.url}/runs/plain/ask?task=ship")
        page.fill("#note", "read on paper")
        page.click("[data-approve]")
        page.wait_for_url("**/asked?task=ship")
        assert not inspector.hub.list_asks("plain")


def test_a_fork_shows_what_it_does_while_it_is_filled_in(
    watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.goto(f"{inspector.url}/runs/kettle/fork")
    row = page.locator(".what tr", has_text="fix[0]")
    assert "kept" in row.inner_text()
    page.select_option("[name='do.survey']", "again")
    row.get_by_text("runs", exact=True).wait_for()
    page.select_option("[name='do.survey']", "set")
    edited = page.locator("[name='set.survey']")
    edited.wait_for()
    edited.press_sequentially("It is")
    page.locator(".what tr", has_text="survey").get_by_text("is set").wait_for()
    row.get_by_text("runs", exact=True).wait_for()
    assert _focused(page, "name") == "set.survey"  # nothing was taken from under the fingers
    assert edited.input_value().endswith("It is") or edited.input_value().startswith("It is")
    assert len(inspector.hub.lineage("kettle").forks) == 1  # a look makes no fork
    assert watched.is_quiet(), watched.complaints


def test_a_fork_is_looked_at_and_made_without_scripts(
    chromium: Browser, inspector: Inspector
) -> None:
    with signed_in(chromium, inspector, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{inspector.url}/runs/asks/fork")
        page.fill("#run-id", "by-hand")
        page.select_option("[name='do.draft']", "again")
        page.press("#run-id", "Enter")  # looks, and makes nothing
        page.locator(".what tr", has_text="draft").get_by_text("runs", exact=True).wait_for()
        assert page.input_value("#run-id") == "by-hand"
        page.click("[name=hold]")
        page.wait_for_url("**/runs/by-hand")


def test_times_are_those_of_the_reader(chromium: Browser, inspector: Inspector) -> None:
    shown: dict[str, str] = {}
    for zone in ("Asia/Kathmandu", "America/Los_Angeles"):
        with signed_in(chromium, inspector, timezone_id=zone, locale="en-GB") as context:
            page = context.new_page()
            page.goto(f"{inspector.url}/runs/demo")
            shown[zone] = page.locator("time[data-local]").first.inner_text()
    at = inspector.hub.inspect("demo").run.created_at
    there, told = at + timedelta(minutes=345), shown["Asia/Kathmandu"]
    assert (told.split()[0], told[-14:]) == (str(there.day), there.strftime("%Y, %H:%M:%S"))
    assert shown["America/Los_Angeles"] != shown["Asia/Kathmandu"]


def test_nothing_moves_for_those_who_asked_for_it(chromium: Browser, inspector: Inspector) -> None:
    with signed_in(chromium, inspector, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"{inspector.url}/runs/asks")
        page.evaluate("document.querySelector('.hd .st').className = 'st st-run'")
        moving = "getComputedStyle(document.querySelector('.hd .st svg')).animationName"
        assert page.evaluate(moving) == "none"


def test_the_title_and_the_icon_say_that_something_waits(
    watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.goto(inspector.url)
    asked = len(inspector.hub.list_asks())
    assert page.title().startswith(f"({asked}) Runs")
    assert "favicon-waits" in (page.locator("link[rel=icon]").get_attribute("href") or "")
    page.locator(".live[data-state=on]").wait_for(state="attached")
    inspector.run(flows.asks, "counted")
    page.wait_for_function("(start) => document.title.startsWith(start)", arg=f"({asked + 1})")
