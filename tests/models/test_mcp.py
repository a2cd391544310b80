"""MCP servers as tools of a model. What no vendor's format touches is tested with one of them."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from harnesses.models import McpServer
from smithers.agent import Answered, Spawned, ToolReturned
from smithers.errors import AuthorError, Permanent
from tests.harness.helpers import alive, events_of, outcome_of
from tests.models.cases import KEY, Vendor, ask
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(find_spec("mcp") is None, reason="the package mcp is not installed"),
]

PROGRAM = str(Path(__file__).with_name("mcp_example.py"))
EXAMPLE = McpServer(command=sys.executable, args=[PROGRAM])


@pytest.mark.sampled(1)
async def test_a_servers_tools_are_called_and_its_processes_end(
    vendor: Vendor, folder: Path
) -> None:
    script: list[Step] = [
        ToolCall("mcp__ex_ample__add", {"a": 2, "b": 3}),
        ToolCall("mcp__ex_ample__refuse", {}),
        ToolCall("mcp__ex_ample__spawn", {}),
        Text("5"),
    ]
    with ScriptedModel(script) as model:
        agent = vendor.at(model, mcp_servers={"ex ample": EXAMPLE})
        events = await events_of(agent, ask(folder), 60)
    returned = [event for event in events if isinstance(event, ToolReturned)]
    assert json.loads(returned[0].text) == {"result": 5}
    assert (returned[1].failed, "not today" in returned[1].text) == (True, True)
    assert events[-1] == Answered("5")
    assert "Adds two numbers." in json.dumps(model.requests[0].body)
    server, spawned = (int((folder / f"{one}.pid").read_text()) for one in ("server", "spawned"))
    assert server in {event.pid for event in events if isinstance(event, Spawned)}
    assert not alive(server)
    assert not alive(spawned)


async def test_a_server_sees_no_key_but_what_its_author_gives_it(
    a_vendor: Vendor, folder: Path
) -> None:
    own = McpServer(command=sys.executable, args=[PROGRAM], env={"ITS_OWN": "value"})
    with ScriptedModel([ToolCall("mcp__own__environment", {}), Text("Seen.")]) as model:
        events = await events_of(a_vendor.at(model, mcp_servers={"own": own}), ask(folder), 60)
    told = next(event for event in events if isinstance(event, ToolReturned)).text
    assert "ITS_OWN=value" in told
    assert KEY not in told


@pytest.mark.long
async def test_a_server_that_dies_is_a_tool_that_failed(a_vendor: Vendor, folder: Path) -> None:
    with ScriptedModel([ToolCall("mcp__ex__crash", {}), Text("It died.")]) as model:
        agent = a_vendor.at(model, mcp_servers={"ex": EXAMPLE})
        events = await events_of(agent, ask(folder), 60)
    assert next(event for event in events if isinstance(event, ToolReturned)).failed
    assert events[-1] == Answered("It died.")


@pytest.mark.sampled(1)
async def test_an_image_of_a_server_is_shown_to_the_model(vendor: Vendor, folder: Path) -> None:
    with ScriptedModel([ToolCall("mcp__ex__dot", {}), Text("A dot.")]) as model:
        agent = vendor.at(model, mcp_servers={"ex": EXAMPLE})
        await events_of(agent, ask(folder), 60)
    assert "image/png" in json.dumps(model.requests[1].body)


@pytest.mark.long
async def test_a_server_that_prints_is_still_understood(a_vendor: Vendor, folder: Path) -> None:
    noisy = McpServer(command=sys.executable, args=[PROGRAM, "noisy"])
    with ScriptedModel([ToolCall("mcp__ex__add", {"a": 1, "b": 1}), Text("2")]) as model:
        events = await events_of(a_vendor.at(model, mcp_servers={"ex": noisy}), ask(folder), 60)
    assert events[-1] == Answered("2")


@pytest.mark.long
async def test_a_server_that_does_not_start_is_told_before_the_model_is_asked(
    a_vendor: Vendor, folder: Path
) -> None:
    broken = McpServer(command=sys.executable, args=[PROGRAM, "broken"])
    missing = McpServer(command="no-such-program-of-a-server")
    for server, said in ((broken, "it cannot start"), (missing, "cannot be started")):
        with ScriptedModel([Text("Hi.")]) as model:
            agent = a_vendor.at(model, mcp_servers={"ex": server})
            _, error = await outcome_of(agent, ask(folder), 60)
        assert isinstance(error, Permanent)
        assert "'ex'" in str(error)
        assert said in str(error)
        assert not model.requests


async def test_a_server_without_a_way_to_it_is_the_authors_error(
    a_vendor: Vendor, folder: Path
) -> None:
    with ScriptedModel([Text("Hi.")]) as model:
        agent = a_vendor.at(model, mcp_servers={"ex": McpServer(args=["x"])})
        with pytest.raises(AuthorError, match="neither a command nor a url"):
            await events_of(agent, ask(folder))
