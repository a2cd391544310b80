"""Sessions are files that survive the death of their process; no tool is run again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from harnesses.models._transcript import Transcript, folder_of
from harnesses.models._turn import Asked, Call, Entry, Replied, Returned
from smithers.agent import Answered, Started, ToolCalled, ToolReturned
from smithers.errors import Permanent, Transient
from tests.harness.helpers import ROOT, events_of, outcome_of, until
from tests.models.cases import Vendor, ask
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

pytestmark = pytest.mark.anyio

CALL = Call(id="call_1", name="add", arguments={"a": 1})
REPLY = Replied(message={"any": "form"}, text="I add.", calls=(CALL,))


def started(vendor: str, url: str, folder: Path, session: str = "") -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.models.killed", vendor, url, str(folder)]
    return subprocess.Popen(
        [*words, session] if session else words,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.long
async def test_after_a_sigkill_in_the_second_tool_no_tool_is_run_again(
    a_vendor: Vendor, folder: Path
) -> None:
    script: list[Step] = [
        ToolCall("note", {"text": "first"}),
        ToolCall("note", {"text": "second"}),
        ToolCall("note", {"text": "third"}),
        Text("All noted."),
    ]
    with ScriptedModel(script) as model:
        child = started(a_vendor.kind.provider, model.url, folder)
        try:
            await until(lambda: lines(folder / "begun.txt") == ["first", "second"], 60)
        finally:
            child.send_signal(signal.SIGKILL)
            said, _ = child.communicate(timeout=10)
        session = said.partition("Started(session='")[2].partition("'")[0]
        (folder / "go").touch()
        child = started(a_vendor.kind.provider, model.url, folder, session)
        said, _ = await asyncio.to_thread(child.communicate, timeout=60)
    assert child.returncode == 0
    assert f"Started(session='{session}')" in said
    assert "All noted." in said
    assert lines(folder / "begun.txt") == ["first", "second", "third"]
    assert lines(folder / "done.txt") == ["first", "third"]
    sent = json.dumps(model.requests[2].body)
    assert len(model.requests) == 4
    assert sent.index("noted first") < sent.index("outcome of this call is unknown")
    assert sent.index("outcome of this call is unknown") < sent.index("Go on.")


async def test_a_call_that_had_not_begun_is_run_when_the_session_goes_on(
    vendor: Vendor, folder: Path
) -> None:
    ran: list[str] = []

    def note(text: str) -> str:
        """Notes a text."""
        ran.append(text)
        return f"noted {text}"

    with ScriptedModel([ToolCall("note", {"text": "now"}), Text("Done.")]) as model:
        agent = vendor.at(model, tools=[note])
        run = cast("Any", agent.run(ask(folder)))
        async for event in run:
            if isinstance(event, ToolCalled):
                break
        await run.aclose()
        assert ran == []
        session = next(iter(folder_of("default").glob("*.jsonl"))).stem
        events = await events_of(agent, ask(folder, session=session, followup="Go on."))
    assert ran == ["now"]
    assert [event.text for event in events if isinstance(event, ToolReturned)] == ["noted now"]
    assert events[-1] == Answered("Done.")


async def test_a_session_is_a_file_for_its_owner_alone_below_the_run(
    vendor: Vendor, folder: Path, tmp_path: Path
) -> None:
    with ScriptedModel([Text("Hello.")]) as model:
        request = ask(folder, marks={"SMITHERS_RUN": "../a run"})
        events = await events_of(vendor.at(model), request)
    session = cast("Started", events[0]).session
    (file,) = (tmp_path / "state" / "smithers" / "models").rglob("*.jsonl")
    assert file.stem == session
    assert file.parent.name == "-.-a-run"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


async def test_a_session_in_use_elsewhere_is_not_touched(vendor: Vendor, folder: Path) -> None:
    with ScriptedModel([Text("Hello.")]) as model:
        agent = vendor.at(model)
        events = await events_of(agent, ask(folder))
        session = cast("Started", events[0]).session
        other = Transcript.find(folder_of("default"), session, agent.provider)
        assert other is not None
        try:
            _, error = await outcome_of(agent, ask(folder, session=session))
        finally:
            other.close()
    assert isinstance(error, Transient)
    assert "in use" in str(error)
    assert len(model.requests) == 1


async def test_what_is_written_is_read_again(folder: Path) -> None:
    made = Transcript.begin(folder, "vendor", "model")
    returned = Returned(call="call_1", name="add", text="3", failed=True)
    entries: list[Entry] = [Asked("Héllo \ud800"), REPLY, returned]
    for entry in entries:
        await made.add(entry)
    made.close()
    found = Transcript.find(folder, made.session, "vendor")
    assert found is not None
    assert found.entries == [Asked("Héllo ?"), *entries[1:]]
    assert found.waiting() == []
    found.close()


@pytest.mark.parametrize("whole", range(1, 5))
async def test_a_session_cut_off_in_any_line_goes_on_from_the_line_before(
    folder: Path, whole: int
) -> None:
    made = Transcript.begin(folder, "vendor", "model")
    await made.add(Asked("Go."))
    await made.add(REPLY)
    await made.begin_call(CALL)
    await made.add(Returned(call="call_1", name="add", text="3"))
    made.close()
    path = folder / f"{made.session}.jsonl"
    kept = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(kept[:whole]) + kept[whole][:-5])
    found = Transcript.find(folder, made.session, "vendor")
    assert found is not None
    assert len(found.entries) == min(whole - 1, 2)
    assert found.waiting() == ([CALL] if whole >= 3 else [])
    assert found.has_begun(CALL) == (whole >= 4)
    await found.add(Asked("Again."))
    found.close()
    again = Transcript.find(folder, made.session, "vendor")
    assert again is not None
    assert again.entries[-1] == Asked("Again.")
    again.close()


async def test_a_call_that_waits_in_a_session_is_not_run_in_a_copy_of_it(folder: Path) -> None:
    made = Transcript.begin(folder, "vendor", "model")
    await made.add(Asked("Go."))
    await made.add(REPLY)
    made.close()
    before = (folder / f"{made.session}.jsonl").read_bytes()
    copy = Transcript.copy(folder, made.session, "vendor", "model")
    assert copy is not None
    assert copy.waiting() == [CALL]
    assert copy.has_begun(CALL)
    copy.close()
    again = Transcript.find(folder, copy.session, "vendor")
    assert again is not None
    assert again.has_begun(CALL)
    again.close()
    assert (folder / f"{made.session}.jsonl").read_bytes() == before


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "x" * 36, "0" * 36])
async def test_no_id_of_a_session_is_a_path(folder: Path, name: str) -> None:
    assert Transcript.find(folder, name, "vendor") is None


async def test_a_session_of_another_vendor_is_unknown(folder: Path) -> None:
    made = Transcript.begin(folder, "vendor", "model")
    made.close()
    assert Transcript.find(folder, made.session, "other") is None


async def test_a_session_of_another_run_of_the_folder_is_found(tmp_path: Path) -> None:
    made = Transcript.begin(tmp_path / "first", "vendor", "model")
    made.close()
    found = Transcript.find(tmp_path / "forked", made.session, "vendor")
    assert found is not None
    found.close()


async def test_where_no_session_can_be_kept_nothing_is_asked(vendor: Vendor, folder: Path) -> None:
    blocked = folder / "file"
    blocked.touch()
    with ScriptedModel([Text("Hello.")]) as model:
        _, error = await outcome_of(vendor.at(model, sessions=blocked), ask(folder))
    assert isinstance(error, Permanent)
    assert str(blocked) in str(error)
    assert not model.requests
