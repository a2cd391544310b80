"""How much a page is, and that one which stays open does not grow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.inspector import flows
from tests.inspector.conftest import Inspector, Watched
from tests.inspector.pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

_KB = 1000
_SENT = """() => performance.getEntries().filter((one) => "transferSize" in one)
  .map((one) => [one.name, one.transferSize])"""
# Each answer of the server is laid over the page by htmx; two of them, many times over.
_BUSY = """async ([addresses, times]) => {
  const given = await Promise.all(addresses.map(async (address) => {
    const answer = await fetch(address);
    return [await answer.text(), answer.headers.get("Content-Security-Policy")];
  }));
  let number = 0;
  window.fetch = async () => {
    const [text, policy] = given[number++ % given.length];
    const answer = new Response(text, { headers: { "Content-Security-Policy": policy } });
    Object.defineProperty(answer, "url", { value: location.href });
    return answer;
  };
  for (let n = 0; n < times; n++) {
    const done = new Promise((is) =>
      document.addEventListener("htmx:finally:request", is, { once: true }));
    htmx.trigger(document.getElementById("live"), "end");
    await done;
  }
  return number;
}"""


def test_a_first_visit_is_small(watched: Watched, inspector: Inspector) -> None:
    for number in range(50):
        inspector.run(flows.quick, f"quick-{number}")
    watched.page.goto(inspector.url)
    watched.page.locator(".live[data-state=on]").wait_for(state="attached")
    assert watched.page.locator("#runs [role=row]").count() > 50
    sent: dict[str, int] = dict(watched.page.evaluate(_SENT))
    assert len(sent) >= 5
    assert sum(sent.values()) < 100 * _KB, sent  # the page itself is not even compressed


@pytest.mark.parametrize("name", [name for name, path in PAGES.items() if "large" in path])
def test_a_run_of_ten_thousand_tasks_is_small(
    name: str, watched: Watched, inspector: Inspector
) -> None:
    answer = watched.page.goto(inspector.url + PAGES[name])
    assert answer is not None
    assert len(answer.body()) < 300 * _KB
    assert watched.page.evaluate("document.querySelectorAll('*').length") < 10_000


def test_a_page_follows_keys_and_not_what_was_said(inspector: Inspector) -> None:
    address = f"{inspector.url}/api/v1/runs/wide/events?keys=true"
    headers = {"Authorization": f"Bearer {inspector.served.secret}"}
    found: list[dict[str, Any]] = []
    with httpx2.stream("GET", address, headers=headers, timeout=30) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                assert len(line) < 5 * _KB
                found.append(json.loads(line.removeprefix("data: ")))
                if not found[-1]["more"]:
                    break
    tasks = {one["task"] for message in found for one in message["changed"]}
    assert {flows.LONG_ID, "long", "diff"} <= tasks
    assert all("events" not in message for message in found)


def test_a_page_that_stays_open_on_a_busy_run_does_not_grow(
    watched: Watched, inspector: Inspector
) -> None:
    page = watched.page
    page.clock.install()
    page.goto(f"{inspector.url}/runs/asks")
    page.locator(".live[data-state=on]").wait_for(state="attached")
    addresses = [f"{inspector.url}/runs/asks?frame=2", f"{inspector.url}/runs/asks"]
    assert page.evaluate(_BUSY, [addresses, 100]) == 100
    before = _held(page)
    assert page.evaluate(_BUSY, [addresses, 1_000]) == 1_000
    page.clock.run_for(3_600_000)
    after = _held(page)
    assert after["Nodes"] <= before["Nodes"] * 1.05, (before, after)
    assert after["JSEventListeners"] <= before["JSEventListeners"] + 5, (before, after)
    assert after["JSHeapUsedSize"] <= before["JSHeapUsedSize"] + 1_000_000, (before, after)
    assert page.evaluate("document.getElementById('main').hasAttribute('hx-get')")
    assert watched.is_quiet(), watched.complaints


def _held(page: Page) -> dict[str, float]:
    """What the page holds in memory once its garbage is collected."""
    session: Any = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    found = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    return {one["name"]: one["value"] for one in found}
