"""The page of a run: what a person does there, and what its siblings show."""

from __future__ import annotations

import asyncio
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from smithers import Context, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.hub import Hub
from smithers.reports import RunsQuery
from smithers.workflows import Workflow
from tests.cli.command import eventually, smithers
from tests.inspector.flows import migrate
from tests.web.flows import ships
from tests.web.serving import READER

_FLOW = """
from pathlib import Path
from pydantic import BaseModel
from smithers import Approval, Context, Node, Sequence, Step, workflow

class Brief(BaseModel):
    title: str
    number: int = 3
    urgent: bool = False
    labels: list[str] = []

def check() -> str:
    if not Path("built").exists():
        raise RuntimeError("not built")
    return "built"

@workflow(input=Brief)
def fixes(ctx: Context[Brief]) -> Node[str]:
    brief = ctx.input
    draft = Step("draft", lambda: f"{brief.title} {brief.number}", output=str)
    build = Step("build", check, output=str)
    return Sequence(draft, build, Approval("ship", ask="Ship?"), result=draft)
"""


@workflow
def breaks(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Step("survey", lambda: "x", output=str),
        Step("build", lambda: str(1 / 0), output=str),
    )


@workflow
def evil(ctx: Context[NoInput]) -> Node:
    """<img src=x>"""  # its source is shown
    return Sequence(Step("<img src=x onerror=alert(1)>", lambda: "<img>", output=str))


@workflow
def reads(ctx: Context[NoInput]) -> Node:
    first = Step("first", lambda: "one", output=str)
    second = Step("second", lambda: f"{ctx[first]} two", output=str)
    return Sequence(first, second, Step("apart", lambda: "x", output=str))


@workflow
def groups(ctx: Context[NoInput]) -> Node:
    def part(number: int) -> Node:
        steps = (Step(f"g{number}case{n:02}", lambda: "x", output=str) for n in range(50))
        return Parallel(*steps, id=f"group{number}")

    return Sequence(*(part(number) for number in range(30)))


def _run(hub: Hub, flow: Workflow[Any, Any], run_id: str = "r1") -> None:
    asyncio.run(hub.run(flow, run_id=run_id))


def _fields(page: str, action: str) -> dict[str, str]:
    """What a form has before anything is typed."""
    form = page[page.index(f'method="post" action="{action}"') :]
    form = form[: form.index("</form>")]
    hidden = re.findall(r'<input type="(?:hidden|text)"[^>]* name="([^"]+)" value="([^"]*)"', form)
    picked = re.findall(r'type="radio" name="([^"]+)" value="([^"]*)" checked', form)
    texts = re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n([^<]*)</textarea>', form)
    return {name: unescape(value) for name, value in [*hidden, *picked, *texts]}


def test_a_run_is_cancelled_by_a_form(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    sent = _fields(browser.get("/runs/r1").text, "/runs/r1/cancel")
    assert browser.post("/runs/r1/cancel", data={}).status_code == 403
    assert hub.status("r1") == "waiting"
    done = browser.post("/runs/r1/cancel", data=sent, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/runs/r1")
    assert hub.status("r1") == "cancelled"
    (row,) = (one for one in hub.audit("r1") if one.what == "cancel")
    assert (row.what, row.who, row.face) == ("cancel", "ann", "http")
    page = browser.get("/runs/r1").text
    assert "/runs/r1/cancel" not in page  # nothing is left to be cancelled
    again = browser.post("/runs/r1/cancel", data={**sent, "once": "another page"})
    assert again.status_code == 422


def test_a_reader_has_no_buttons(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    headers = {"authorization": f"Bearer {READER}"}
    assert "<form" in browser.get("/runs/r1", headers=headers).text  # those that only read
    assert 'method="post" action="/runs' not in browser.get("/runs/r1", headers=headers).text
    assert "Fork and run" not in browser.get("/runs/r1/fork", headers=headers).text
    for name in ("cancel", "resume", "retries", "fork"):
        assert browser.post(f"/runs/r1/{name}", headers=headers).status_code == 403


def test_a_fork_of_a_past_frame_is_made_by_a_form(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    past = browser.get("/runs/r1?frame=0").text
    assert 'href="/runs/r1/fork?frame=0">Fork from here' in past
    assert 'class="button main" href="/runs/r1/fork?frame=0">Fork</a>' in past
    assert "/runs/r1/cancel" not in past  # the past is only forked
    page = browser.get("/runs/r1/fork").text
    assert "Nothing is left to run" not in page
    assert "1 is kept" in page
    assert "1 ask" in page
    sent = {**_fields(page, "/runs/r1/fork"), "run_id": "f1", "hold": "1"}
    done = browser.post("/runs/r1/fork", data=sent, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/runs/f1")
    assert hub.inspect("f1").run.forked_from == ("r1", hub.inspect("r1").run.frames - 1)
    assert "compare?left=r1" in browser.get("/runs/f1").text
    assert [one.who for one in hub.audit("f1") if one.what == "fork"] == ["ann"]
    taken = browser.post("/runs/r1/fork", data={**sent, "once": "another page"})
    assert (taken.status_code, "f1" in taken.text) == (422, True)
    wrong = browser.post("/runs/r1/fork", data={**sent, "run_id": "a b"})
    assert (wrong.status_code, "an id has letters" in wrong.text) == (422, True)


def test_a_form_that_is_sent_twice_is_carried_out_once(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    sent = {**_fields(browser.get("/runs/r1/fork").text, "/runs/r1/fork"), "hold": "1"}
    places = [
        browser.post("/runs/r1/fork", data=sent, follow_redirects=False).headers["location"]
        for _ in range(2)
    ]
    assert places[0] == places[1]
    assert len(hub.list_runs(RunsQuery()).runs) == 2
    browser.post("/runs/r1/fork", data={**sent, "once": "another page"})
    assert len(hub.list_runs(RunsQuery()).runs) == 3


def test_each_form_that_changes_something_is_known_if_it_is_sent_twice(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, ships)
    for address in ("/runs/r1", "/runs/r1/fork", "/runs/r1/ask"):
        forms = re.findall(r'<form[^>]*method="post".*?</form>', browser.get(address).text, re.S)
        assert forms
        for form in forms:
            assert re.search(r'name="once" value="[^"]+"', form), form
            assert re.search(r'name="csrf_token" value="[^"]+"', form), form


def test_a_failed_run_says_first_where_and_what_a_resume_runs(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, breaks)
    page = browser.get("/runs/r1").text
    assert page.index("division by zero") < page.index("<dl")
    assert browser.get("/runs/r1?show=failed").text.count("data-row") == 1
    assert browser.get("/runs/r1?find=SURV").text.count("data-row") == 1
    assert "No task matches" in browser.get("/runs/r1?find=none").text
    assert browser.get("/runs/r1?show=nonsense").status_code == 422


def test_a_run_that_failed_still_says_so_beside_its_past(hub: Hub, browser: TestClient) -> None:
    _run(hub, breaks)
    past = browser.get("/runs/r1?frame=0").text
    assert past.index("division by zero") < past.index("<dl")  # else the slider would move
    assert 'action="/runs/r1/retries"' not in past
    assert "Read only: to change the past, fork from here." in past


def test_a_run_says_what_needs_a_person_with_a_time_that_is_not_text(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, ships)
    page = browser.get("/runs/r1").text
    (wait,) = hub.inspect("r1").waits
    since = wait.since.strftime("%Y-%m-%dT%H:%M:%SZ")
    chip = page[page.index('<a class="chip" href="/runs/r1/ask?task=ship">') :]
    chip = chip[: chip.index("</a>")]
    assert ">ship<" in chip
    assert f'waits for you, <time datetime="{since}" data-since>' in chip
    assert "smithers approve" not in page  # the page of the question has a form
    assert chip.endswith('<span class="l">Review</span></span>')
    assert "has been waiting for" not in page


def test_a_frame_says_what_happened_in_it(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    last = hub.inspect("r1").run.frames - 1
    told = [browser.get(f"/runs/r1?frame={one}").text for one in range(last + 1)]
    assert any("draft started (attempt 1" in page for page in told)
    assert any(re.search(r"draft finished[^<]*; ship ", page) for page in told)
    for number, page in enumerate(told):
        assert f'<output for="frame">Frame <b>{number}</b> of {last}</output>' in page


def test_a_run_says_where_it_comes_from(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    fork = hub.fork("r1", frame=0, by="ann").run_id
    page = browser.get(f"/runs/{fork}").text
    head = page[page.index('class="lead"') : page.index('id="run-failed"')]
    run = hub.inspect(fork).run
    assert f'href="/?workflow={run.workflow}">{run.workflow}</a>' in head
    assert f'datetime="{run.created_at:%Y-%m-%dT%H:%M:%SZ}"' in head
    assert "by ann" in head
    assert 'fork of <a class="l" href="/runs/r1?frame=0">r1@0</a>' in head
    assert head.count("button main") == 1


def test_a_run_of_many_tasks_is_shown_in_few_rows(hub: Hub, browser: TestClient) -> None:
    _run(hub, groups)
    page = browser.get("/runs/r1").text
    assert "throttle:2000ms" in page  # a large page is fetched less often
    assert page.count("data-row") <= 600
    assert page.count("data-group") == 30
    assert page.count("data-far") >= 25  # the rows of those are not in the page
    part = browser.get("/runs/r1?group=group29&start=0").text
    for kept in ('name="group" value="group29"', 'name="start" value="0"'):
        assert f'<input type="hidden" {kept}>' in part  # the slider keeps them without scripts
    assert 'href="/runs/r1/tasks/g29case49"' in part
    found = browser.get("/runs/r1?show=finished&start=60").text
    assert (found.count("data-row"), "61 to 120 of 1,500" in found) == (60, True)


def test_a_run_is_forked_with_another_input_retried_and_resumed_by_forms(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)
    given = json.dumps({"title": 'an "old" <b>', "labels": ["a"], "urgent": True})
    up = ["up", "flow.py", "--run-id", "r1", "--db", "app.db", "--input", given]
    assert smithers(tmp_path, *up).code == 1
    hub.trust("trust", folders=[tmp_path])

    page = browser.get("/runs/r1").text
    assert 'href="/runs/r1/source?task=build#l14">flow.py:14</a>' in page
    assert (
        "Resume runs <b>1 task</b>: build, and asks a person: ship. 1 finished task is kept" in page
    )
    assert "<b>RuntimeError</b>" not in browser.get("/runs/r1/tasks/build").text  # it is said once
    source = browser.get("/runs/r1/source?task=build").text
    assert '<tr id="l14" class="removed">' in source
    assert '<a class="l" href="#l14">Line 14</a>' in source
    line = next(n for n, text in enumerate(_FLOW.splitlines(), 1) if "draft =" in text)
    assert f'<tr id="l{line}" class="marked">' in browser.get("/runs/r1/source?task=draft").text

    (tmp_path / "built").write_text("yes")
    sent = _fields(page, "/runs/r1/retries")
    assert sent["task"] == "build"
    done = browser.post("/runs/r1/retries", data=sent, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/runs/r1")
    eventually(lambda: hub.status("r1") == "waiting")

    page = browser.get("/runs/r1/fork?frame=0").text
    sent = _fields(page, "/runs/r1/fork")
    assert sent["field.title"] == 'an "old" <b>'
    assert (sent["field.urgent"], sent["field.labels"]) == ("true", "a")
    wrong = browser.post("/runs/r1/fork", data={**sent, "field.number": "many", "hold": "1"})
    assert wrong.status_code == 422
    assert "Nothing was forked" in wrong.text
    assert 'value="many"' in wrong.text  # what was typed is kept
    assert 'id="field.number-wrong">&#39;many&#39; is not' in wrong.text  # beside its field
    seen = browser.post("/runs/r1/fork", data={**sent, "field.title": "another"})
    assert (seen.status_code, "1 change<" in seen.text) == (200, True)  # without a button: a look
    assert "Was: an &#34;old&#34; &lt;b&gt;" in seen.text
    assert hub.lineage("r1").forks == ()
    sent = {**sent, "field.title": "a new\r\none", "run_id": "f1", "start": "1"}
    done = browser.post("/runs/r1/fork", data=sent, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/runs/f1"), done.text
    eventually(lambda: hub.status("f1") == "waiting")
    assert json.loads(hub.inspect("f1").run.input)["title"] == "a new\none"
    task = hub.task("f1", "draft")
    assert task is not None
    assert task.output is not None
    assert task.output.text() == '"a new\\none 3"'


def test_a_fork_runs_finished_tasks_again_that_come_out_differently(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)
    (tmp_path / "built").write_text("yes")
    up = ["up", "flow.py", "--run-id", "r1", "--db", "app.db", "--input", '{"title": "t"}']
    assert smithers(tmp_path, *up).code == 3
    hub.trust("trust", folders=[tmp_path])
    sent = _fields(browser.get("/runs/r1/fork").text, "/runs/r1/fork") | {"field.title": "new"}
    noted = browser.post("/runs/r1/fork", data=sent).text
    assert "2 kept tasks keep what they made of the old input: draft, build." in noted
    wanted = sent | {"rerun_changed": "1"}
    assert "made of the old input" not in browser.post("/runs/r1/fork", data=wanted).text
    browser.post("/runs/r1/fork", data={**wanted, "run_id": "f1", "start": "1"})
    eventually(lambda: hub.status("f1") == "waiting")
    task = hub.task("f1", "draft")
    assert task is not None
    assert task.output is not None
    assert task.output.text() == '"new 3"'


def test_a_fork_says_what_another_output_lets_run(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)
    (tmp_path / "built").write_text("yes")
    up = ["up", "flow.py", "--run-id", "r1", "--db", "app.db", "--input", '{"title": "t"}']
    assert smithers(tmp_path, *up).code == 3
    hub.trust("trust", folders=[tmp_path])
    sent = _fields(browser.get("/runs/r1/fork").text, "/runs/r1/fork")
    plain = browser.get("/runs/r1/fork").text
    picked = browser.post("/runs/r1/fork", data={**sent, "do.draft": "set"}).text
    assert "Output of draft" not in plain
    assert "Output of draft" in picked
    sent = _fields(picked, "/runs/r1/fork") | {"do.draft": "set", "set.draft": "mine"}
    done = browser.post("/runs/r1/fork", data={**sent, "run_id": "f1", "hold": "1"})
    assert done.status_code == 200, done.text
    task = hub.task("f1", "draft")
    assert task is not None
    assert (task.set_by, task.output and task.output.text()) == ("ann", '"mine"')


def test_a_fork_of_a_run_that_has_ended_has_nothing_to_run(hub: Hub, browser: TestClient) -> None:
    _run(hub, reads)
    page = browser.get("/runs/r1/fork").text
    assert "Nothing is left to run at this frame" in page
    assert 'class="button" type="submit" name="start"' in page
    sent = _fields(page, "/runs/r1/fork")
    again = browser.post("/runs/r1/fork", data={**sent, "do.first": "again"}).text
    assert "2 tasks run, 1 is kept" in again  # what reads it as well
    assert "reads first" in again
    assert 'class="button main" type="submit" name="start"' in again
    changed = browser.post("/runs/r1/fork", data={**sent, "rerun_changed": "1"}).text
    assert "Nothing is left to run" not in changed
    assert "Which ones is known only when the fork runs" in changed
    assert 'class="button main" type="submit" name="start"' in changed
    made = browser.post("/runs/r1/fork", data={**sent, "do.first": "again", "hold": "1"})
    assert made.status_code == 200
    states = {str(one.line.key): one.line.state for one in hub.inspect("r1-fork").tasks}
    assert states == {"first": "pending", "second": "pending", "apart": "finished"}


def test_the_timeline_is_paged_and_names_forks(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    fork = hub.fork("r1", frame=0, by="ann").run_id
    page = browser.get("/runs/r1/timeline").text
    last = hub.inspect("r1").run.frames - 1
    assert page.index(f'href="/runs/r1?frame={last}"') < page.index('href="/runs/r1?frame=0"')
    assert '<a href="/runs/r1/tasks/draft">' in page
    assert "<p>" in page
    assert ">1 change<" not in page  # a frame without news tells what else it has
    assert f'href="/runs/{fork}"' in page
    one = browser.get("/runs/r1/timeline?before=1").text
    assert one.count("data-row") == 1
    assert ">Later</a>" in one
    everything = browser.get("/runs/r1/timeline?all=true").text
    assert len(everything) > len(page)
    assert browser.get("/runs/none/timeline").status_code == 404


def test_the_timeline_shows_what_is_asked_for(hub: Hub, browser: TestClient) -> None:
    _run(hub, breaks)
    _run(hub, ships, "r2")
    failures = browser.get("/runs/r1/timeline?show=failed").text
    assert "division by zero" in failures
    assert "survey" not in failures
    of_task = browser.get("/runs/r1/timeline?task=SURV").text
    assert 'href="/runs/r1/tasks/survey"' in of_task
    assert 'href="/runs/r1/tasks/build"' not in of_task
    people = browser.get("/runs/r2/timeline?show=people").text
    assert people.count("data-row") == 1
    assert 'href="/runs/r2/tasks/ship"' in people
    assert "No event of these frames matches" in browser.get("/runs/r1/timeline?task=none").text
    assert browser.get("/runs/r1/timeline?show=nonsense").status_code == 422


def test_the_pages_of_a_run_keep_the_frame(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    past = browser.get("/runs/r1/timeline?frame=0").text
    assert past.count("data-row") == 1
    assert "hx-sse" not in past  # nothing is added to the past
    assert "hx-sse" in browser.get("/runs/r1/timeline").text
    for name in ("", "/timeline", "/graph", "/source"):
        page = browser.get(f"/runs/r1{name}?frame=0").text
        for other in ("", "/timeline", "/graph", "/source", "/fork"):
            assert f'href="/runs/r1{other}?frame=0"' in page, (name, other)


def test_two_runs_are_compared_task_by_task(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    choose = browser.get("/compare?left=r1").text
    assert "no other run" in choose
    fork = hub.fork("r1", by="ann", outputs={"draft": '"SHARKS"'}).run_id
    assert f"left=r1&amp;right={fork}" in browser.get("/compare?left=r1").text
    page = browser.get(f"/compare?left=r1&right={fork}").text
    assert "≠ changed" in page
    assert '<td class="sg">−</td><td>WHALES</td>' in page
    assert '<td class="sg">+</td><td>SHARKS</td>' in page
    assert "B was forked from A" in page
    assert "output set by ann" in page
    both = browser.get("/compare?left=r1&at=0").text
    assert "Compare two frames" in both
    assert "same</span>" not in page
    assert "same</span>" in browser.get("/compare?left=r1&right=r1&all=true").text
    then = browser.get("/compare?left=r1@0&right=r1").text
    assert "running → finished" in then
    assert browser.get("/compare?left=r1@x&right=r1").status_code == 422
    for evil in ("..%2Fapp", "a%00b", "%FF"):
        assert browser.get(f"/compare?left=r1&right={evil}").status_code == 404
    assert browser.get("/compare?left=r1&right=none").status_code == 404


def test_a_comparison_says_what_a_task_has_read(hub: Hub, browser: TestClient) -> None:
    _run(hub, reads)
    fork = hub.fork("r1", by="ann", outputs={"first": '"uno"'}).run_id
    asyncio.run(hub.resume(fork, workflow=reads))
    page = browser.get(f"/compare?left=r1&right={fork}").text
    assert "reads first, whose output differs" in page
    assert ">apart<" not in page
    assert ">apart<" in browser.get(f"/compare?left=r1&right={fork}&all=true").text


def test_a_comparison_of_many_tasks_has_pages(hub: Hub, browser: TestClient) -> None:
    _run(hub, groups)
    first = browser.get("/compare?left=r1&right=r1&all=true").text
    assert "1 to 200 of 1,500" in first
    last = browser.get("/compare?left=r1&right=r1&all=true&start=1400").text
    assert "1,401 to 1,500 of 1,500" in last
    assert ">Next</a>" not in last
    assert "No task differs" in browser.get("/compare?left=r1&right=r1").text


def test_the_source_has_its_tasks_at_their_lines_and_says_what_changed(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    file = tmp_path / "flow.py"
    file.write_text(_FLOW)
    up = ["up", "flow.py", "--run-id", "r1", "--db", "app.db", "--input", '{"title": "t"}']
    assert smithers(tmp_path, *up).code == 1
    page = browser.get("/runs/r1/source?task=draft").text
    assert '<span class="py-k">from</span>' in page
    assert 'title="build"' in page
    assert 'aria-label="Next task: build"' in page
    assert "has changed since" not in page
    assert hub.source_file_now(str(file), "../x") is None
    file.write_text(_FLOW + "# more\n")
    assert "flow.py has changed since" in browser.get("/runs/r1/source").text
    changed = browser.get("/runs/r1/source?changes=true").text
    assert '<td class="sg">+</td><td># more</td>' in changed
    file.write_text(_FLOW)
    assert "has changed since" not in browser.get("/runs/r1/source?changes=true").text


def test_the_graph_is_a_picture_of_the_tree_with_what_reads_what(
    hub: Hub, browser: TestClient
) -> None:
    _run(hub, reads)
    page = browser.get("/runs/r1/graph").text
    assert page.count('<path class="then" d="M19') == 2
    assert page.count("<title>second reads first</title>") == 1
    assert "second: step, finished, reads first\n" in page
    assert 'href="/runs/r1/tasks/apart"' in page
    past = browser.get("/runs/r1/graph?frame=0").text
    assert "as it was at frame 0" in past
    assert "second reads first" not in past


def test_the_graph_of_many_tasks_is_folded(hub: Hub, browser: TestClient) -> None:
    _run(hub, groups)
    page = browser.get("/runs/r1/graph").text
    assert 'href="/runs/r1/tasks/g0case00"' in page
    assert 'href="/runs/r1?group=group29&amp;start=0"><text' in page
    assert ">50 tasks</text>" in page
    assert "parallel 50/50" in page
    assert len(page) < 350_000


def test_a_wait_is_apart_from_work(hub: Hub, browser: TestClient) -> None:
    _run(hub, ships)
    hub.decide("r1", "ship", approved=True, by="ann")
    asyncio.run(hub.resume("r1", workflow=ships))
    page = browser.get("/runs/r1").text
    assert hub.status("r1") == "finished"
    assert 'class="dots ask"' in page  # how long it took until somebody had answered
    assert 'class="t-ask"' in page  # beside the slider


def test_what_authors_write_is_shown_as_text_on_every_page(hub: Hub, browser: TestClient) -> None:
    _run(hub, evil)
    _run(hub, evil, "r2")
    paths = ["/runs/r1", *(f"/runs/r1/{one}" for one in ("timeline", "graph", "source", "fork"))]
    task = "/runs/r1?find=%3Cimg&show=failed"
    for path in [*paths, task, "/compare?left=r1&right=r2&all=true", "/compare?left=r1"]:
        found = browser.get(path)
        assert found.status_code == 200, path
        assert "<img" not in found.text, path
        assert found.text.count("<script") == found.text.count('<script src="/assets/'), path
        assert not re.search(r'\sstyle="|\son[a-z]+="', found.text), path


def test_a_spent_budget_is_red_and_leads_to_its_question(hub: Hub, browser: TestClient) -> None:
    _run(hub, migrate)
    page = browser.get("/runs/r1").text
    assert '<span class="over">$0.82</span><small>of $0.80</small>' in page
    assert '<a class="chip" href="/runs/r1/ask?task=">' in page  # as the list of runs has it
    _run(hub, ships, "r2")
    assert 'class="over"' not in browser.get("/runs/r2").text
