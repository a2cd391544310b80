"""How a person uses the pages: by keys, without scripts, in another zone, without movement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

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
    assert watched.is_quiet(), watched.complaints


def test_keys_move_through_the_tree(watched: Watched, inspector: Inspector) -> None:
    page = watched.page
    page.goto(f"{inspector.url}/runs/issues")
    row = "closest('[aria-level]').id"
    assert page.locator("[role=treegrid] [tabindex='0']").count() == 1
    page.locator("#row-issues").focus()
    page.keyboard.press("ArrowRight")  # it is open already
    assert _focused(page, row) == "row-finished%20issues"
    page.keyboard.press("ArrowRight")
    assert _focused(page, "ariaExpanded") == "true"
    page.keyboard.press("ArrowDown")
    assert _focused(page, row) == "row-fix%20401"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert _focused(page, row) == "row-finished%20issues"
    assert _focused(page, "ariaExpanded") == "false"
    page.keyboard.press("ArrowLeft")
    assert _focused(page, row) == "row-issues"
    page.keyboard.press("Enter")
    assert not page.locator("#row-allow%20415".replace("%", "\\%")).is_visible()
    page.keyboard.press("Home")
    assert _focused(page, row) == "row-survey"
    page.keyboard.press("End")
    assert _focused(page, row) == "row-ship"
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/issues/tasks/ship")
    assert watched.is_quiet(), watched.complaints


def test_a_fold_stays_over_a_live_change_and_in_other_frames(
    watched: Watched, inspector: Inspector
) -> None:
    page, inner = watched.page, "a[href$='/tasks/allow%20415']"
    page.goto(f"{inspector.url}/runs/issues")
    page.locator(".live[data-state=on]").wait_for(state="attached")
    assert page.locator(inner).is_visible()
    page.locator("#row-issues [data-fold]").click()
    assert not page.locator(inner).is_visible()
    page.locator("#row-ship").focus()
    with page.expect_response(lambda answer: answer.url.endswith("/runs/issues")):
        page.evaluate("htmx.trigger(document.getElementById('live'), 'end')")
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    assert not page.locator(inner).is_visible()
    assert _focused(page, "id") == "row-ship"
    before = inspector.hub.summary("issues").frames - 2
    page.goto(f"{inspector.url}/runs/issues?frame={before}")
    assert page.locator("#row-issues").get_attribute("aria-expanded") == "false"
    page.locator("#row-issues [data-fold]").click()
    page.goto(f"{inspector.url}/runs/issues")
    assert page.locator(inner).is_visible()
    assert watched.is_quiet(), watched.complaints


def test_a_group_is_opened_without_scripts(chromium: Browser, inspector: Inspector) -> None:
    with signed_in(chromium, inspector, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{inspector.url}/runs/issues")
        assert not page.locator("a[href$='/tasks/fix%20401']").is_visible()
        page.get_by_role("link", name="8 finished").click()
        assert page.locator("a[href$='/tasks/fix%20401']").is_visible()
        page.locator("#row-issues [data-fold]").click()
        assert not page.locator("a[href$='/tasks/fix%20401']").is_visible()
        page.goto(f"{inspector.url}/runs/large")
        page.locator("[data-far] [data-fold]").click()
        assert page.locator("[data-row]").count() == 61
        page.get_by_role("link", name="the next 60").click()
        assert "61 to 120 of 10,000" in page.locator("main").inner_text()


_PLACES = """(names) => names.map((name) => {
  const { left, top, width } = document.querySelector(name).getBoundingClientRect();
  return [left, top, width];
})"""


def _places(page: Page) -> dict[int, Any]:
    """Where the slider is, and the rows; on a phone these are below what needs attention."""
    found: dict[int, Any] = {}
    for width in (360, 1024, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = page.evaluate(_PLACES, ["#frame", *["#run-tree"][: width > 360]])
    return found


@pytest.mark.parametrize("run", ["demo", "busy", "breaks"])
def test_frames_slide_under_the_page(run: str, watched: Watched, inspector: Inspector) -> None:
    page = watched.page
    page.set_viewport_size({"width": 1600, "height": 900})
    page.goto(f"{inspector.url}/runs/{run}")
    page.evaluate("window.kept = true")
    last = int(page.locator("#frame").get_attribute("max") or 0)
    places = _places(page)
    page.locator("#frame").focus()
    page.keyboard.press("Home")
    for frame in range(last + 1):
        page.locator("output[for=frame]", has_text=f"Frame {frame} of {last}").wait_for()
        page.wait_for_url(f"**/runs/{run}{'' if frame == last else f'?frame={frame}'}")
        assert page.locator("#run-past").is_visible() == (frame < last)
        assert page.locator(".is-past").count() == (frame < last)
        assert _places(page) == places, frame
        assert page.evaluate("document.querySelector('#frame').value") == str(frame)
        assert _focused(page, "id") == "frame"
        page.keyboard.press("ArrowRight")
    said = page.locator("#frame").get_attribute("aria-valuetext") or ""
    assert said.startswith(f"frame {last} of {last}: ")
    assert page.evaluate("window.kept")
    assert watched.is_quiet(), watched.complaints


def test_a_slider_that_is_dragged_comes_to_its_last_frame(
    watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.goto(f"{inspector.url}/runs/demo")
    last = int(page.locator("#frame").get_attribute("max") or 0)
    page.evaluate(
        """(frames) => {
          window.kept = true;
          const slider = document.querySelector("#frame");
          for (const one of frames) {
            slider.value = one;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
          }
        }""",
        [*range(last), 2],
    )
    page.locator("output[for=frame]", has_text=f"Frame 2 of {last}").wait_for()
    page.wait_for_url("**/runs/demo?frame=2")
    assert page.evaluate("window.kept && document.querySelector('#frame').value") == "2"


def test_frames_are_shown_without_scripts(chromium: Browser, inspector: Inspector) -> None:
    with signed_in(chromium, inspector, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{inspector.url}/runs/demo?frame=2")
        page.locator("#frame").focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**/runs/demo?frame=3")
        page.get_by_role("link", name="The frame before").click()
        page.wait_for_url("**/runs/demo?frame=2")


def test_the_time_of_a_run_passes_without_moving_anything(
    watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.clock.install()
    page.goto(f"{inspector.url}/runs/busy")
    elapsed = page.locator("#run-facts time[data-since]")
    shown = ["#frame", "#run-tree"]
    before, places = elapsed.inner_text(), page.evaluate(_PLACES, shown)
    page.clock.run_for(90_000)
    assert elapsed.inner_text() != before
    assert page.evaluate(_PLACES, shown) == places
    page.route("**/events?*", lambda route: route.abort())
    page.clock.run_for(90_000)  # without a ping
    page.locator(".live[data-state=lost]").wait_for(state="attached")
    before = elapsed.inner_text()
    page.clock.run_for(90_000)
    assert elapsed.inner_text() == before  # nobody knows whether it still runs


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


def test_of_two_people_who_decide_with_a_thumb_one_counts(
    chromium: Browser, inspector: Inspector
) -> None:
    inspector.run(flows.publishes, "both")
    phone: dict[str, Any] = {
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "is_mobile": True,
    }
    with signed_in(chromium, inspector, **phone) as mine, chromium.new_context(**phone) as theirs:
        inspector.sign_in(theirs, "bob")
        first, second = mine.new_page(), theirs.new_page()
        for page in (first, second):
            page.goto(f"{inspector.url}/runs/both/ask?task=ship")
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            assert page.locator("#note").evaluate("one => getComputedStyle(one).fontSize") == "16px"
            button = page.locator("[data-approve]").bounding_box()
            assert button is not None
            assert button["height"] >= 48
            assert button["y"] + button["height"] <= 740  # in reach without scrolling
        first.tap("[data-approve]")
        first.wait_for_url("**/asked?task=ship")
        second.tap("[data-deny]")
        second.get_by_text("Your answer was not recorded.").wait_for()
        assert "Approved by ann" in second.locator("main").inner_text()


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


def test_a_choice_and_a_wait_have_no_colour_of_another_page(
    watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.goto(f"{inspector.url}/runs/shapes/ask?task=order")
    assert page.locator("fieldset.all :checked").count()
    form = page.locator("fieldset.all")
    assert form.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
    page.goto(f"{inspector.url}/runs/shapes")
    stroke, colour = page.locator(".chip svg.g").first.evaluate(
        "e => [getComputedStyle(e).stroke, getComputedStyle(e).color]"
    )
    assert stroke in ("none", colour)


def test_a_page_on_paper_is_whole_and_in_ink(chromium: Browser, inspector: Inspector) -> None:
    with signed_in(chromium, inspector, color_scheme="dark") as context:
        page = context.new_page()
        for width in (700, 1000):
            page.set_viewport_size({"width": width, "height": 700})
            page.goto(f"{inspector.url}/runs/publishes/ask?task=ship")
            page.emulate_media(media="print")
            ink, paper = page.evaluate(
                """() => {
                  const { color, backgroundColor } = getComputedStyle(document.body);
                  return [color, backgroundColor];
                }"""
            )
            assert (ink, paper) == ("rgb(23, 25, 29)", "rgb(255, 255, 255)")
            assert not page.locator("[data-approve]").is_visible()  # it would be on each sheet
            page.goto(f"{inspector.url}/runs/fixes/tasks/fix%5B1%5D")
            for name in ("main", ".task .fills", ".task .scrolls", "[data-follows]"):
                cut = page.locator(name).evaluate_all(
                    "(all) => all.filter((one) => one.scrollHeight > one.clientHeight + 1).length"
                )
                assert cut == 0, (width, name)
            page.emulate_media(media="screen")


def test_a_question_is_read_at_a_zoom_of_400_per_cent(
    watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.set_viewport_size({"width": 320, "height": 256})
    page.goto(f"{inspector.url}/runs/publishes/ask?task=ship")
    assert page.locator(".decide").evaluate("one => getComputedStyle(one).position") == "static"
    page.locator("[data-approve]").focus()
    assert page.locator("[data-approve]").is_visible()


@pytest.mark.parametrize("hours", [5, -5])
def test_a_browser_whose_clock_is_wrong_shows_for_how_long_all_the_same(
    hours: int, watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
    page.goto(f"{inspector.url}/runs/busy")
    page.clock.run_for(3_000)
    elapsed = page.locator("#run-facts time[data-since]").inner_text()
    assert elapsed not in ("", "0s")
    page.goto(inspector.url)
    page.clock.run_for(3_000)
    shown = [elapsed, *page.locator("time[data-ago]").all_inner_texts()]
    assert len(shown) > 5
    assert not [one for one in shown if "h" in one], shown
    assert set(shown) != {elapsed, "0s"}


def test_the_times_of_a_page_are_written_with_a_few_formats(
    watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.add_init_script(
        """window.made = 0;
        const Format = Intl.DateTimeFormat, { toLocaleString } = Date.prototype;
        Intl.DateTimeFormat = function (...given) { window.made++; return new Format(...given); };
        Date.prototype.toLocaleString = function (...given) {
          window.made++;
          return toLocaleString.apply(this, given);
        };"""
    )
    page.goto(inspector.url)
    count = page.locator("time[title]").count()
    assert count > 10
    assert 0 < page.evaluate("made") < count  # each takes a fifth of a millisecond


def test_times_are_those_of_the_reader(chromium: Browser, inspector: Inspector) -> None:
    shown: dict[str, str] = {}
    for zone in ("Asia/Kathmandu", "America/Los_Angeles"):
        with signed_in(chromium, inspector, timezone_id=zone, locale="en-GB") as context:
            page = context.new_page()
            page.goto(f"{inspector.url}/runs/demo")
            shown[zone] = page.locator("time[data-clock]").first.get_attribute("title") or ""
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
