"""The page of a task: its session as it is written, messages to its agent, and its files."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from smithers import Context, Node, NoInput, Sequence, Task, workflow
from smithers.agent import (
    Answered,
    Ask,
    Capabilities,
    Event,
    Said,
    Started,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import Transient
from smithers.hub import Hub
from tests.web.serving import READER
from tests.web.test_changed_files import repository as repository

_EVIL = "<script>alert(1)</script>"


_STATES = re.compile("sent, not read yet|read by the agent|not read: the attempt ended first")
"""An agent that cannot be steered is stopped, and reads the message in its next attempt."""


class Report(BaseModel):
    summary: str
    files: list[str]


class Coder:
    """Fails once, edits a file, and then works until there is a file."""

    name = "coder"
    can = Capabilities(resumes=True, reports_cost=True, native_schema=True)
    calls = 0

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.calls += 1
        yield Started(session="session-1")
        yield Thought("Hm.")
        yield Said(f"I read it. {_EVIL}")
        yield ToolCalled(call="1", name=f"Edit{_EVIL}", arguments={"path": "a.py"})
        if self.calls == 1:
            raise Transient("a stream was cut")
        (ask.cwd / "a.py").write_text("one\n2\nthree\n")
        yield ToolReturned(call="1", text="--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-two\n+2")
        yield ToolCalled(call="2", name="Bash", arguments={"command": "make"})
        while not (ask.cwd / "go.log").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        yield ToolReturned(call="2", text="1 failed", failed=True)
        yield Used(tokens_in=1200, tokens_out=34, cost=Decimal("0.31"))
        yield Answered("{}", data={"summary": "Done.", "files": ["a.py"]})


@workflow
def codes(ctx: Context[NoInput]) -> Node:
    return Sequence(Task("fix", agent=Coder(), prompt="Fix a.py", output=Report))


@contextmanager
def _running(hub: Hub) -> Generator[None]:
    """The run in a thread, at work in its second attempt; it ends with the block."""
    thread = threading.Thread(target=lambda: asyncio.run(hub.run(codes, run_id="r1")))
    thread.start()
    try:
        for _ in range(3000):
            if hub.status("r1") and (found := hub.task("r1", "fix")) and found.attempts[1:]:
                last = list(hub.logs("r1", "fix"))[-1]
                if last.payload.get("name") == "Bash":
                    break
            threading.Event().wait(0.01)
        yield
    finally:
        Path("go.log").touch()
        thread.join(30)
    assert hub.status("r1") == "finished"


@pytest.mark.usefixtures("repository")
def test_a_task_is_shown_while_it_works_and_after(hub: Hub, browser: TestClient) -> None:
    with _running(hub):
        page = browser.get("/runs/r1/tasks/fix").text
        assert "Fix a.py" in page
        assert page.index(">Attempt 1<") < page.index("Attempt 2, coder")
        assert re.search(r"<span class=\"st st-run\">running <time", page)
        assert '<tr class="removed">' in page  # the diff of a call, and that of the file
        assert "<b>Transient</b>: a stream was cut" in page
        assert _EVIL not in page
        assert f"I read it. {_EVIL}" in unescape(page)
        assert "1 changed since the task began" in page
        assert page.count("log=fix") == 1  # it is told when the log grows
        fields = {"csrf_token": _csrf(page)}
        to = "/runs/r1/tasks/fix/messages"
        assert browser.post(to, data={"message": "x"}).status_code == 403
        refused = browser.post(to, data={**fields, "message": " "})
        assert (refused.status_code, "the message is empty" in refused.text) == (422, True)
        reader = {"authorization": f"Bearer {READER}"}
        assert 'class="steer"' not in browser.get("/runs/r1/tasks/fix", headers=reader).text
        said = browser.post(to, data={**fields, "message": f"Leave b.py {_EVIL}"})
        assert said.status_code == 200
        assert _STATES.search(said.text)
        assert f"Leave b.py {_EVIL}" in unescape(said.text)
    page = browser.get("/runs/r1/tasks/fix").text
    assert 'class="steer"' not in page
    assert _STATES.search(page)
    assert "<h3>summary</h3>" in page
    assert "$0.31" in page
    assert "1 changed while it ran" in page
    assert 'id="file-a.py"' in page  # it stays open when another file changes as well
    assert "Earlier" not in page
    messages = browser.get("/api/v1/runs/r1/tasks/fix").json()["task"]["messages"]
    assert [(one["by"], one["text"]) for one in messages] == [("ann", f"Leave b.py {_EVIL}")]


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_long_session_is_shown_from_its_end(hub: Hub, browser: TestClient) -> None:
    class Talker:
        name = "talker"
        can = Capabilities()

        async def run(self, ask: Ask) -> AsyncIterator[Event]:
            for number in range(900):
                yield Said(f"word {number}.")
            yield Answered("done")

    @workflow
    def talks(ctx: Context[NoInput]) -> Node:
        return Sequence(Task("talk", agent=Talker(), prompt="Talk"))

    asyncio.run(hub.run(talks, run_id="r1"))
    seen, address = list[int](), "/runs/r1/tasks/talk"
    while address:
        page = browser.get(address).text
        assert page.count("data-block") <= 400
        seen = [int(one) for one in re.findall(r"word (\d+)\.", page)] + seen
        found = re.search(r'href="(\?before=[^"#]+)#session"', page)
        address = "" if found is None else f"/runs/r1/tasks/talk{found[1]}"
    assert seen == list(range(900))
    assert browser.get("/runs/r1/tasks/talk?before=x").status_code == 422


def test_a_block_is_known_by_the_same_id_when_earlier_ones_have_left_the_page(
    hub: Hub, browser: TestClient, tmp_path: Path
) -> None:
    """Else what a person has opened would close, as another block is laid over it."""

    class Talker:
        name = "talker"
        can = Capabilities()

        async def run(self, ask: Ask) -> AsyncIterator[Event]:
            for number in range(700):
                while number == 600 and not (tmp_path / "go").exists():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                yield Said(f"word {number}.")
            yield Answered("done")

    @workflow
    def talks(ctx: Context[NoInput]) -> Node:
        return Sequence(Task("talk", agent=Talker(), prompt="Talk"))

    def words() -> dict[str, str]:
        page = browser.get("/runs/r1/tasks/talk").text
        return dict(re.findall(r'<li id="([^"]+)" data-block.*?(word \d+)\.', page, re.DOTALL))

    thread = threading.Thread(target=lambda: asyncio.run(hub.run(talks, run_id="r1")))
    thread.start()
    try:
        before = dict[str, str]()
        end = time.monotonic() + 60
        while "word 599" not in before.values():
            assert time.monotonic() < end
            before = words() if hub.status("r1") is not None else {}
    finally:
        (tmp_path / "go").touch()
        thread.join()
    after = words()
    assert len(set(after.values())) == len(after) > 300
    assert "word 699" in after.values()
    both = set(before.values()) & set(after.values())
    assert len(both) > 200
    assert {id: word for id, word in before.items() if word in both} == {
        id: word for id, word in after.items() if word in both
    }
