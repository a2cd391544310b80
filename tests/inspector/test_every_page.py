"""What holds for each page: nothing else is run or asked for, all of it fits, all can use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from tests.inspector.conftest import Inspector, Watched, signed_in
from tests.inspector.pages import HOSTILE, PAGES, USUAL

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

_WIDTHS = (360, 1024, 1600)
_LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 360), ("dark", 1600))
_TOO_WIDE = """() => {
  const root = document.documentElement, found = [];
  if (root.scrollWidth <= root.clientWidth) return found;
  for (const one of document.querySelectorAll("body *"))
    if (one.getBoundingClientRect().right > root.clientWidth + 1)
      found.push(one.outerHTML.slice(0, 150));
  return [`${root.scrollWidth} > ${root.clientWidth}`, ...found.slice(0, 3)];
}"""
_SHIFTED = """() => new Promise((done) => {
  const found = [];
  new PerformanceObserver((list) => found.push(...list.getEntries().map((one) => one.value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(found), 100);
})"""
_AXE = Path(__file__).parents[2] / ".npm" / "node_modules" / "axe-core" / "axe.min.js"
_SERIOUS = """async (source) => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map(({ id, nodes: [{ html, failureSummary }] }) => [id, html, failureSummary]);
}"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_runs_nothing_but_our_files(
    name: str, watched: Watched, inspector: Inspector
) -> None:
    watched.page.goto(inspector.url + PAGES[name])
    assert sum(watched.page.evaluate(_SHIFTED)) < 0.01  # a person notices a tenth
    for width in _WIDTHS:
        watched.page.set_viewport_size({"width": width, "height": 900})
        assert watched.page.evaluate(_TOO_WIDE) == [], width
    complaints = [one for one in watched.complaints if "status of 404" not in one]
    assert complaints == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_that_looks_like_a_page_is_a_text(
    name: str, watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.goto(inspector.url + HOSTILE[name])
    page.wait_for_load_state()
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.querySelectorAll('main img, main script, [onload]').length") == 0
    assert page.evaluate("document.querySelectorAll('a[href^=\"javascript:\"]').length") == 0
    assert "<script>" in page.locator("main").inner_text() + page.locator("header.top").inner_text()


@pytest.mark.timeout(600)  # four looks at each page
def test_axe_finds_nothing_serious_in_both_themes(chromium: Browser, inspector: Inspector) -> None:
    source, found = _AXE.read_text(), {}
    with signed_in(chromium, inspector, bypass_csp=True) as context:
        page = context.new_page()
        for name, path in USUAL.items():
            if name.startswith("large, "):
                continue  # their like is among the others, and axe takes half a minute
            page.goto(inspector.url + path)
            page.evaluate(source)
            for scheme, width in _LOOKS:
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 900})
                if violations := page.evaluate(_SERIOUS):
                    found[f"{name}, {scheme}, {width}"] = violations
    assert not found, json.dumps(found, indent=1)
