"""The page of each kind of task, and of a group."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from urllib.parse import quote

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from harnesses.echo import Echo
from smithers import (
    Approval,
    Branch,
    Command,
    Context,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    WaitForEvent,
    workflow,
)
from smithers.hub import Hub


class Verdict(BaseModel):
    approved: bool
    remarks: list[str]
    checked: dict[str, int]


@workflow
def below(ctx: Context[NoInput]) -> Node[str]:
    note = Task("note", agent=Echo(), prompt="A run below another.")
    return Sequence(note, result=note)


@workflow
def kinds(ctx: Context[NoInput]) -> Node:
    verdict = Verdict(approved=True, remarks=["Good names.", "One test."], checked={"files": 3})
    typed: Step[Verdict] = Step("typed", lambda: verdict, output=Verdict)
    lines = Command("lines", ["sh", "-c", "echo to stdout; echo to stderr >&2"])
    reader = Task("reader", agent=Echo(), prompt=lambda: f"Read {ctx[typed].remarks}")
    branch = Branch(
        lambda: False,
        Step("skipped", lambda: "no", output=str),
        Step("chosen", lambda: "yes", output=str),
    )
    people = Parallel(
        Approval("ship", ask="Publish <b>kettle</b>?"),
        HumanTask("channel", ask="Which channel?", choices=["stable", "beta"]),
        id="people",
    )
    later = Parallel(
        Timer("night", seconds=86_400),
        WaitForEvent("paid", event="payment", output=str),
        Loop(
            Step("more", lambda: "x", output=str), until=lambda: True, max_iterations=2, id="loop"
        ),
    )
    last = Task("last", agent=Echo(), prompt="Say it")
    flow = Subflow("child", below)
    return Sequence(typed, lines, reader, flow, branch, people, later, last)


@pytest.fixture
def decided(hub: Hub) -> Hub:
    """A run whose people have answered, and which waits for a time."""
    asyncio.run(hub.run(kinds, run_id="r1"))
    hub.decide("r1", "ship", approved=True, by="ann", note="The <tests> are green.")
    hub.answer("r1", "channel", "beta", by="bo")
    asyncio.run(hub.resume("r1", workflow=kinds))
    return hub


def _text(browser: TestClient, task: str, run: str = "r1") -> str:
    """What a page of a task says, without its marks."""
    page = browser.get(f"/runs/{run}/tasks/{task}").text
    main = page[page.index('<main id="main"') : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


@pytest.mark.usefixtures("decided")
def test_each_kind_of_task_says_what_it_is(browser: TestClient) -> None:
    typed = _text(browser, "typed")
    assert "approved true remarks Good names. One test. checked.files 3" in typed
    assert "Read by reader" in typed
    assert "reads typed" in _text(browser, "reader")
    lines = _text(browser, "lines")
    assert "to stdout" in lines
    assert "to stderr" in lines
    assert "exit code 0" in lines
    assert "Its run: r1.child" in _text(browser, "child")
    assert "It was skipped" in _text(browser, "skipped")
    ship = _text(browser, "ship")
    assert "Asked Publish <b>kettle</b>?" in ship
    assert re.search(r"Approved \S+ by ann .*: The <tests> are green\.", ship)
    channel = _text(browser, "channel")
    assert "Asked Which channel?" in channel
    assert re.search(r"Answered \S+ by bo", channel)
    assert "Output 4 characters beta" in channel
    assert re.search(r"night timer It waits until \S+Z", _text(browser, "night"))
    assert "It waits for the event payment" in _text(browser, "paid")
    assert "The agent has said nothing" not in _text(browser, "last")
    assert "It has not started: what comes before it has not ended." in _text(browser, "last")


@pytest.mark.usefixtures("decided")
def test_what_comes_next_is_named_while_there_is_no_output(browser: TestClient) -> None:
    assert "No output yet. Next: last." in _text(browser, "night")


def test_a_question_that_is_open_leads_to_its_page(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(kinds, run_id="r1"))
    page = browser.get("/runs/r1/tasks/ship").text
    assert '<a class="button main" href="/runs/r1/ask?task=ship">Review</a>' in page
    assert "Publish &lt;b&gt;kettle" in page


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize(
    ("group", "shown"),
    [
        ("people", "people"),
        ("loop[0]", "loop"),
        ("loop", "loop"),
    ],  # of one iteration no row is made
)
def test_the_page_of_a_group_is_its_row_in_the_tree(
    browser: TestClient, group: str, shown: str
) -> None:
    found = browser.get(f"/runs/r1/tasks/{group}", follow_redirects=False)
    name = group.replace("[", "%5B").replace("]", "%5D")
    assert (found.status_code, found.headers["location"]) == (
        303,
        f"/runs/r1?group={name}#row-{quote(name)}",
    )
    page = browser.get(f"/runs/r1/tasks/{group}").text
    row = re.search(rf'<div role="row"[^>]* id="row-{shown}"[^>]*>', page)
    assert row is not None
    assert 'aria-expanded="true"' in row[0]
    assert browser.get("/runs/r1/tasks/none", follow_redirects=False).status_code == 404


def test_a_task_that_a_fork_has_from_its_source_says_so(hub: Hub, browser: TestClient) -> None:
    @workflow
    def notes(ctx: Context[NoInput]) -> Node:
        note = Task("note", agent=Echo(), prompt="Write")
        return Sequence(note, Approval("ship", ask="Ship?"))

    asyncio.run(hub.run(notes, run_id="r1"))
    hub.fork("r1", new_id="r2", by="ann")
    kept = _text(browser, "note", "r2")
    assert "Kept from run r1" in kept
    assert "kept from run r1" in kept  # the attempt


def test_a_run_of_many_tasks_has_a_short_list_around_one(hub: Hub, browser: TestClient) -> None:
    @workflow
    def many(ctx: Context[NoInput]) -> Node:
        cases = (Step(f"case{n}", lambda: "x", output=str) for n in range(300))
        return Sequence(
            Parallel(*cases, id="cases"), Step("bad", lambda: str(1 / 0), output=str), id="all"
        )

    asyncio.run(hub.run(many, run_id="r1"))
    page = browser.get("/runs/r1/tasks/case150").text
    rail = page[page.index('<nav class="rail"') : page.index("</nav>", page.index('class="rail"'))]
    names = re.findall(r'<span class="mid" title="([^"]*)"', rail)
    around = [f"case{n}" for n in range(147, 154)]
    assert names == ["r1", "cases", *around, "293 finished", "bad"]
    assert re.findall(r'aria-current="page">.*?title="([^"]*)"', rail, re.DOTALL) == ["case150"]
    assert "300 of 301" in rail
