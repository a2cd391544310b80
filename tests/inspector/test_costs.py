"""The plot of the costs: it draws what the table of the days says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.inspector.conftest import Inspector, Watched, signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

_COLOURS = """() => {
  const drawn = document.querySelector(".plot canvas"), found = new Map();
  const { data } = drawn.getContext("2d").getImageData(0, 0, drawn.width, drawn.height);
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] === 255) {
      const colour = data.slice(at, at + 3).join();
      found.set(colour, (found.get(colour) || 0) + 1);
    }
  return [...found].sort((a, b) => b[1] - a[1])[0];
}"""
"""The colour of most pixels that are drawn, which is that of the bars, and how many they are."""


def _hover_today(page: Page) -> str:
    box = page.locator(".plot .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    return page.locator(".plot p").inner_text()


def test_the_plot_has_a_bar_for_the_day_and_says_it(watched: Watched, inspector: Inspector) -> None:
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{inspector.url}/costs?days=7")
    assert page.locator(".plot p").inner_text() == "Cost by day, in UTC"
    colour, pixels = page.evaluate(_COLOURS)
    assert pixels > 5_000
    row = page.locator("tr[data-day]").first
    cost, day = row.locator("td").last.inner_text(), row.locator("th").inner_text()
    assert _hover_today(page).startswith(f"{day}: {cost}, ")
    page.locator("[data-theme-toggle]").click()
    assert page.evaluate(_COLOURS)[0] != colour
    page.set_viewport_size({"width": 360, "height": 800})
    page.wait_for_function("document.querySelector('.plot .uplot').clientWidth < 360")
    assert page.locator(".plot canvas").count() == 1
    assert watched.is_quiet(), watched.complaints


def test_without_scripts_the_table_has_the_bars(chromium: Browser, inspector: Inspector) -> None:
    with signed_in(chromium, inspector, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{inspector.url}/costs")
        assert not page.locator(".plot").is_visible()
        row = page.locator("tr[data-day]").first
        assert "$" in row.inner_text()
        assert row.locator("svg rect").last.bounding_box()
        page.locator("select[name=days]").select_option("7")
        page.get_by_role("button", name="Filter").click()
        assert "days=7" in page.url
