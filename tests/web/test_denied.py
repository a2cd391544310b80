"""What the pages offer once a person has denied something: only a retry asks again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from smithers.hub import Hub
from tests.cli.command import eventually, smithers
from tests.web.browsing import form_of

_FLOW = """
from smithers import Approval, Context, Node, NoInput, Sequence, Step, Subflow, workflow

@workflow
def below(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("a", lambda: 1), Approval("ok", ask="Go?"))

@workflow
def above(ctx: Context[NoInput]) -> Node:
    return Subflow("sub", below)
"""


def _denied(hub: Hub, folder: Path, workflow: str, asks: str) -> None:
    (folder / "flow.py").write_text(_FLOW)
    up = ["up", f"flow.py:{workflow}", "--run-id", "r1", "--db", "app.db"]
    assert smithers(folder, *up).code == 3
    assert smithers(folder, "deny", asks, "--resume", "--db", "app.db").code == 1
    hub.trust("trust", folders=[folder])


def _failure(page: str) -> str:
    return page[page.index('aria-label="Why the run failed"') :].partition("</section>")[0]


@pytest.mark.parametrize(("workflow", "asks"), [("below", "r1"), ("above", "r1.sub")])
def test_a_retry_of_what_was_denied_asks_again(
    hub: Hub, browser: TestClient, tmp_path: Path, workflow: str, asks: str
) -> None:
    _denied(hub, tmp_path, workflow, asks)
    page = browser.get("/runs/r1").text
    assert "Retry asks again; resuming does not." in _failure(page)
    assert "What it did, and its log" not in _failure(page)
    assert "/runs/r1/resume" not in page, "it would fail by the same denial"
    done = browser.post("/runs/r1/retries", data=form_of(page, "menu"), follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/runs/r1")
    eventually(lambda: len(hub.list_asks(asks)) == 1)


def test_a_child_run_names_the_task_whose_retry_asks_again(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    _denied(hub, tmp_path, "above", "r1.sub")
    for address in ("/runs/r1.sub", "/runs/r1.sub/tasks/ok", "/runs/r1.sub/tasks/a"):
        assert "/runs/r1.sub/retries" not in browser.get(address).text, address
    failure = _failure(browser.get("/runs/r1.sub").text)
    (link,) = re.findall(r'Retry <a class="l" href="([^"]+)">sub of r1</a> to ask again', failure)
    assert "/runs/r1/retries" in browser.get(link).text
