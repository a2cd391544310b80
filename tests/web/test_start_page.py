"""The page that starts a run: what can be started, with which input, and what stands in the way."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from smithers.access import Sessions
from smithers.hub import Hub
from smithers.reports import RunsQuery
from smithers.web import make_app
from tests.web.browsing import hidden
from tests.web.serving import FakeTokens

_FLOW = '''
from pydantic import BaseModel
from smithers import Context, HumanTask, Node, Sequence, workflow

class Brief(BaseModel):
    topic: str
    times: int = 2

@workflow(input=Brief)
def note(ctx: Context[Brief]) -> Node:
    """Asks for a note <b>now</b>."""
    return Sequence(HumanTask("note", ask=f"{ctx.input.times} lines on {ctx.input.topic}?"))
'''


@pytest.fixture
def flow(hub: Hub) -> Path:
    """A workflow with a name, in a folder that is not trusted yet."""
    folder = hub.database.parent / ".smithers" / "workflows"
    folder.mkdir(parents=True)
    (folder / "notes.py").write_text(_FLOW)
    return folder / "notes.py"


@pytest.fixture
def trusted(hub: Hub, flow: Path) -> Path:
    hub.trust("trust", folders=[hub.database.parent, flow.parent])
    return flow


def _runs(hub: Hub) -> list[str]:
    return [one.run_id for one in hub.list_runs(RunsQuery()).runs]


def _sent(page: str, **fields: str) -> dict[str, str]:
    return {name: hidden(page, name) for name in ("csrf_token", "once", "workflow")} | fields


def test_a_run_is_started_from_its_form(hub: Hub, trusted: Path, browser: TestClient) -> None:
    assert 'href="/start"' in browser.get("/").text
    listed = browser.get("/start").text
    assert "Asks for a note &lt;b&gt;now&lt;/b&gt;." in listed
    chosen = re.search(r'href="(/start\?workflow=[^"]+)"', listed)
    assert chosen is not None
    page = browser.get(unescape(chosen[1])).text
    sent = _sent(page, run_id="r1", **{"field.topic": "whales", "field.times": "3"})
    done = browser.post("/start", data=sent, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/runs/r1")
    run = hub.inspect("r1").run
    assert (run.file, json.loads(run.input)) == (str(trusted), {"topic": "whales", "times": 3})
    again = browser.post("/start", data=sent, follow_redirects=False)  # a second click
    assert (again.status_code, again.headers["location"]) == (303, "/runs/r1")
    assert _runs(hub) == ["r1"]
    changed = browser.post("/start", data=sent | {"field.times": "4"}, follow_redirects=False)
    assert changed.status_code == 409
    assert "r1" in re.findall(r'id="run-id-wrong">.*', changed.text)[0]


def test_a_workflow_without_a_description_has_its_name_and_its_file(
    hub: Hub, flow: Path, browser: TestClient
) -> None:
    flow.write_text(_FLOW.replace('"""Asks for a note <b>now</b>."""', "pass"))
    listed = browser.get("/start").text
    assert '<p class="q">note</p>' in listed
    assert f'title="{flow}">.smithers/workflows/notes.py</p>' in listed


def test_an_input_that_does_not_fit_is_said_beside_what_was_typed(
    hub: Hub, trusted: Path, browser: TestClient
) -> None:
    page = browser.get("/start", params={"workflow": "notes"}).text
    for fields, said in (
        ({"field.topic": "deep & blue", "field.times": "many"}, "many"),
        ({"field.topic": "deep & blue", "field.times": "2.5"}, "times"),
        ({"field.topic": "deep & blue", "run_id": "a b"}, "an id has letters"),
    ):
        refused = browser.post("/start", data=_sent(page, **fields))
        assert refused.status_code == 422, fields
        assert said in refused.text
        assert "deep &amp; blue" in refused.text
    assert _runs(hub) == []


def test_what_cannot_be_started_says_why(hub: Hub, flow: Path, browser: TestClient) -> None:
    page = browser.get("/start", params={"workflow": "notes"})
    assert page.status_code == 200
    command = f"smithers trust {hub.database} --folder {flow.parent} --folder {flow.parents[2]}"
    assert command in unescape(page.text)
    assert "Brief" not in page.text
    refused = browser.post("/start", data=_sent_of(browser, str(flow)))
    assert refused.status_code == 403
    assert "not trusted" in refused.text
    assert browser.get("/start", params={"workflow": "others"}).status_code == 422
    outside = browser.get("/start", params={"workflow": "../../etc/passwd.py"})
    assert outside.status_code == 403
    assert "brief" not in sys.modules


def _sent_of(browser: TestClient, file: str) -> dict[str, str]:
    page = browser.get("/").text
    return {"csrf_token": hidden(page, "csrf_token"), "workflow": f"{file}:note"}


def test_a_file_that_cannot_be_imported_says_where(
    hub: Hub, trusted: Path, browser: TestClient
) -> None:
    trusted.write_text("from smithers import nothing_like_it\n")
    listed = browser.get("/start").text
    assert "nothing_like_it" in listed
    assert "nothing_like_it" in browser.get("/start", params={"workflow": "notes"}).text


def test_a_start_of_nothing_says_what_to_choose(
    hub: Hub, trusted: Path, browser: TestClient
) -> None:
    sent = {"csrf_token": hidden(browser.get("/").text, "csrf_token"), "workflow": ""}
    refused = browser.post("/start", data=sent)
    assert refused.status_code == 422
    assert "choose one of the list" in refused.text
    assert "notes.py" in refused.text  # which is there


def test_those_who_only_read_are_not_offered_a_start(
    hub: Hub, trusted: Path, sessions: Sessions
) -> None:
    app = make_app(hub, FakeTokens(), sessions=sessions)
    headers = {"accept": "text/html", "authorization": "Bearer smt_reader"}
    with TestClient(app, "http://127.0.0.1:7331", headers=headers) as reader:
        assert 'href="/start"' not in reader.get("/").text
        page = reader.get("/start")
        assert "needs the scope run" in page.text
        assert "notes.py" not in page.text


def test_without_workflows_the_page_says_what_to_type(hub: Hub, browser: TestClient) -> None:
    assert "smithers init" in browser.get("/start").text


def test_of_many_files_only_the_chosen_one_is_imported(
    hub: Hub, trusted: Path, browser: TestClient
) -> None:
    mark = "from pathlib import Path\nPath(__file__ + '.imported').touch()\n"
    for number in range(50):
        (trusted.parent / f"more{number}.py").write_text(mark + _FLOW)
    listed = browser.get("/start").text
    assert listed.count('aria-label="Choose note"') == 51
    chosen = browser.get("/start", params={"workflow": "more7"}).text
    assert 'name="field.topic"' in chosen
    assert [one.name for one in trusted.parent.glob("*.imported")] == ["more7.py.imported"]
