"""Functions as tools, and the tools that ship."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from harnesses.models import Tool, bash, edit, grep, read, write
from harnesses.models._tools import Place, Result, by_name, tool_of
from harnesses.process import built_environment
from smithers.agent import Answered, Spawned, ToolReturned
from smithers.errors import AuthorError
from tests.harness.helpers import alive, events_of, pids_in, until
from tests.models.cases import KEY, Vendor, ask
from tests.scripted_model import ScriptedModel, Text, ToolCall

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


class Point(BaseModel):
    x: int
    y: int = 0


async def result_of(tool: Tool, folder: Path, **arguments: Any) -> Result:
    """What a tool gives; its processes are gone by then."""
    place = Place(cwd=folder, env=built_environment(()), limit_s=20)
    found: list[Result] = []
    async with asyncio.timeout(30), aclosing(tool.call(arguments, place)) as events:
        async for event in events:
            if isinstance(event, Result):
                found.append(event)
            else:
                assert isinstance(event, Spawned)
    (result,) = found
    return result.bounded()


def place_it(
    point: Point,
    mode: Literal["fast", "slow"],
    times: Annotated[int, Field(ge=1, description="how often")] = 1,
    *,
    label: str | None = None,
) -> Point:
    """Places a point.

    It is put where it belongs.
    """
    return Point(x=point.x * times, y=len(label or mode))


def test_a_function_is_a_tool_by_its_signature_and_its_docstring() -> None:
    tool = tool_of(place_it)
    assert tool.name == "place_it"
    assert tool.description == "Places a point.\n\nIt is put where it belongs."
    properties = tool.schema["properties"]
    assert set(properties) == {"point", "mode", "times", "label"}
    assert properties["mode"]["enum"] == ["fast", "slow"]
    assert properties["times"]["description"] == "how often"
    assert tool.schema["required"] == ["point", "mode"]
    assert tool.schema["additionalProperties"] is False


@pytest.mark.anyio
async def test_arguments_are_validated_and_come_as_their_types(folder: Path) -> None:
    tool = tool_of(place_it)
    result = await result_of(tool, folder, point={"x": 3}, mode="fast", times=2)
    assert json.loads(result.text) == {"x": 6, "y": 4}


@pytest.mark.anyio
async def test_a_synchronous_function_runs_in_a_thread_and_an_asynchronous_one_in_the_loop(
    folder: Path,
) -> None:
    def where() -> str:
        """Tells the thread."""
        return threading.current_thread().name

    async def here() -> str:
        """Tells the thread."""
        return threading.current_thread().name

    assert (await result_of(tool_of(where), folder)).text == "smithers-tool"
    assert (await result_of(tool_of(here), folder)).text == threading.current_thread().name


def undocumented(x: int) -> int:
    return x


def untyped(x) -> str:  # type: ignore[no-untyped-def]  # the mistake that is tested
    """Does."""
    return str(x)  # pyright: ignore[reportUnknownArgumentType]


def anything(**x: int) -> str:
    """Does."""
    return str(x)


def two_sided(x: int, /) -> str:
    """Does."""
    return str(x)


def odd(x: Callable[[], Any] | threading.Thread) -> str:
    """Does."""
    return str(x)


MISTAKES: list[Callable[..., object]] = [
    undocumented,
    untyped,  # pyright: ignore[reportUnknownArgumentType]  # as above
    anything,
    two_sided,
    odd,
    lambda: 1,
]


@pytest.mark.parametrize("function", MISTAKES)
def test_a_function_that_cannot_be_a_tool_is_told_before_anything_runs(
    function: Callable[..., object],
) -> None:
    with pytest.raises(AuthorError):
        by_name([function])


def test_two_tools_of_one_name_are_told() -> None:
    with pytest.raises(AuthorError, match="two tools have the name 'read'"):
        by_name([read, read])


def test_no_tool_is_on_by_default() -> None:
    from harnesses.models import Anthropic

    assert Anthropic("m").tools == {}


@pytest.mark.anyio
async def test_a_file_is_written_read_and_edited(folder: Path) -> None:
    await result_of(write, folder, path="a/b/c.txt", content="one\ntwo\nthree\n")
    assert (folder / "a/b/c.txt").read_text() == "one\ntwo\nthree\n"
    assert (await result_of(read, folder, path="a/b/c.txt")).text == "one\ntwo\nthree\n"
    part = await result_of(read, folder, path=str(folder / "a/b/c.txt"), offset=2, limit=1)
    assert part.text == "two\n\n[these are the lines 2 to 2 of 3]"
    await result_of(edit, folder, path="a/b/c.txt", old="two", new="2")
    assert (folder / "a/b/c.txt").read_text() == "one\n2\nthree\n"


@pytest.mark.anyio
async def test_an_edit_must_be_meant_for_one_place(folder: Path) -> None:
    (folder / "a.txt").write_text("x x")
    with pytest.raises(ValueError, match="occurs 2 times"):
        await result_of(edit, folder, path="a.txt", old="x", new="y")
    with pytest.raises(ValueError, match="does not occur"):
        await result_of(edit, folder, path="a.txt", old="z", new="y")
    await result_of(edit, folder, path="a.txt", old="x", new="y", everywhere=True)
    assert (folder / "a.txt").read_text() == "y y"


@pytest.mark.anyio
async def test_a_written_file_keeps_its_permissions(folder: Path) -> None:
    script = folder / "run.sh"
    script.write_text("echo 1\n")
    script.chmod(0o755)
    await result_of(write, folder, path="run.sh", content="echo 2\n")
    assert script.stat().st_mode & 0o777 == 0o755
    assert os.listdir(folder) == ["run.sh"]


@pytest.mark.anyio
async def test_a_search_tells_file_line_and_text(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "src/a.py").write_text("import os\ndef here(): ...\n")
    (folder / "src/b.txt").write_text("def there")
    (folder / "node_modules").mkdir()
    (folder / "node_modules/c.py").write_text("def hidden(): ...")
    (folder / "binary").write_bytes(b"def \0")
    found = await result_of(grep, folder, pattern=r"^def \w+")
    assert found.text.splitlines() == ["src/a.py:2: def here(): ...", "src/b.txt:1: def there"]
    narrow = await result_of(grep, folder, pattern="def", path="src", glob="*.py")
    assert narrow.text == "src/a.py:2: def here(): ..."
    one = await result_of(grep, folder, pattern="there", path="src/b.txt")
    assert one.text == "src/b.txt:1: def there"
    assert (await result_of(grep, folder, pattern="nowhere")).text == "nothing found"
    assert (await result_of(grep, folder, pattern="(")).failed


@pytest.mark.anyio
async def test_a_search_that_would_never_end_is_stopped(folder: Path) -> None:
    (folder / "a.txt").write_text("a" * 60 + "b")
    place = Place(cwd=folder, env=built_environment(()), limit_s=1.0)
    async with asyncio.timeout(20):
        events = [event async for event in grep.call({"pattern": "(a+)+$", "path": "."}, place)]
    result = events[-1]
    assert isinstance(result, Result)
    assert result.failed
    assert "stopped after 1 s" in result.text


@pytest.mark.anyio
async def test_a_command_gives_what_it_printed_and_how_it_failed(folder: Path) -> None:
    good = await result_of(bash, folder, command="pwd; echo oops >&2")
    assert sorted(good.text.split()) == sorted([str(folder), "oops"])
    assert not good.failed
    bad = await result_of(bash, folder, command="echo no; exit 3")
    assert bad == Result("no\n\n[exit code 3]", failed=True)
    empty = await result_of(bash, folder, command="cat")
    assert empty == Result("")


@pytest.mark.anyio
async def test_a_command_sees_no_key(folder: Path) -> None:
    result = await result_of(bash, folder, command="env")
    assert KEY not in result.text
    assert "PATH=" in result.text


@pytest.mark.anyio
async def test_a_command_has_its_time_and_nothing_of_it_survives(folder: Path) -> None:
    command = (
        "setsid sh -c 'echo $$ > a.pid; exec sleep 300' & "
        "sleep 300 & echo $! > b.pid; echo begun; wait"
    )
    task = asyncio.ensure_future(result_of(bash, folder, command=command, timeout_s=3))
    await until(lambda: bool(pids_in(folder, 2)), 15)
    result = await task
    assert result == Result("begun\n\n[stopped after 3 s]", failed=True)
    assert not any(alive(pid) for pid in pids_in(folder, 2))


@pytest.mark.anyio
async def test_what_a_command_leaves_running_ends_with_it(folder: Path) -> None:
    await result_of(bash, folder, command="sleep 300 & echo $! > a.pid")
    assert not any(alive(pid) for pid in pids_in(folder, 1))


@pytest.mark.anyio
async def test_a_flood_is_bounded(folder: Path) -> None:
    result = await result_of(bash, folder, command="yes | head -c 3000000; echo end")
    assert len(result.text) < 60_000
    assert result.text.endswith("end\n")
    assert "left out" in result.text


@pytest.mark.anyio
async def test_a_cancelled_run_leaves_no_process(vendor: Vendor, folder: Path) -> None:
    call = ToolCall("bash", {"command": "sleep 300 & echo $! > a.pid; wait"})
    with ScriptedModel([call]) as model:
        task = asyncio.ensure_future(events_of(vendor.at(model, tools=[bash]), ask(folder), 60))
        await until(lambda: bool(pids_in(folder, 1)), 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not any(alive(pid) for pid in pids_in(folder, 1))


@pytest.mark.anyio
async def test_a_tool_that_hangs_is_told_to_the_model_which_goes_on(
    vendor: Vendor, folder: Path
) -> None:
    async def hang() -> str:
        """Hangs."""
        await asyncio.sleep(300)
        return "never"

    with ScriptedModel([ToolCall("hang", {}), Text("It hung.")]) as model:
        events = await events_of(vendor.at(model, tools=[hang]), ask(folder, idle_s=2.0))
    returned = next(event for event in events if isinstance(event, ToolReturned))
    assert (returned.text, returned.failed) == ("stopped: not finished after 2 s", True)
    assert events[-1] == Answered("It hung.")


@pytest.mark.anyio
async def test_an_image_that_is_read_is_shown_to_the_model(vendor: Vendor, folder: Path) -> None:
    (folder / "dot.png").write_bytes(PNG)
    with ScriptedModel([ToolCall("read", {"path": "dot.png"}), Text("A dot.")]) as model:
        events = await events_of(vendor.at(model, tools=[read]), ask(folder))
    assert events[-1] == Answered("A dot.")
    sent = json.dumps(model.requests[1].body)
    assert base64.b64encode(PNG).decode() in sent
    assert "image/png" in sent


@pytest.mark.anyio
async def test_files_of_the_author_are_shown_with_the_prompt(vendor: Vendor, folder: Path) -> None:
    (folder / "dot.png").write_bytes(PNG)
    (folder / "notes.md").write_text("Remember the plum.")
    (folder / "paper.pdf").write_bytes(b"%PDF-1.4 made up")
    with ScriptedModel([Text("Seen.")]) as model:
        agent = vendor.at(model, files=["dot.png", "notes.md", "paper.pdf"])
        await events_of(agent, ask(folder))
    sent = json.dumps(model.requests[0].body)
    assert base64.b64encode(PNG).decode() in sent
    assert "Remember the plum." in sent
    assert base64.b64encode(b"%PDF-1.4 made up").decode() in sent
    assert "application/pdf" in sent
