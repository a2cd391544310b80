"""The page about the server says what the code does: its tools, their fields, its codes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import pytest

from tests.mcp_server.serving import Project
from tests.places import MCP_SERVER

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mcp.md").read_text()
SERVER = [path.read_text() for path in MCP_SERVER.glob("*.py")]


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, without its head."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[2:]]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def fields(schema: object) -> set[str]:
    """The names of all properties in a schema, those of what it refers to as well."""
    if isinstance(schema, list):
        return set[str]().union(*map(fields, cast("list[object]", schema)))
    if not isinstance(schema, dict):
        return set()
    keyed = cast("dict[str, object]", schema)
    own = keyed.get("properties")
    names = set(cast("dict[str, object]", own)) if isinstance(own, dict) else set[str]()
    return names.union(*map(fields, keyed.values()))


@pytest.mark.anyio
async def test_the_table_of_tools_lists_them_with_their_arguments_and_what_they_give(
    project: Project,
) -> None:
    async with project.client("legacy") as call:
        tools = {one.name: one for one in (await call.client.list_tools()).tools}
    table = {
        quoted(name)[0]: (quoted(takes), quoted(gives)) for name, takes, gives in rows("The tools")
    }
    assert list(table) == list(tools)
    for name, tool in tools.items():
        takes, gives = table[name]
        required = tool.input_schema.get("required", [])
        assert takes == [
            one if one in required else f"{one}?" for one in tool.input_schema["properties"]
        ]
        assert set(gives) <= fields(tool.output_schema) | set(tools), name


@pytest.mark.anyio
async def test_the_tools_that_do_more_than_read_are_named(project: Project) -> None:
    async with project.client("legacy") as call:
        tools = (await call.client.list_tools()).tools
    (told,) = re.findall(r"All but (.*?) only read", PAGE)
    writes = {one.name for one in tools if one.annotations and not one.annotations.read_only_hint}
    assert set(quoted(told)) == writes


def test_the_table_of_errors_lists_every_code() -> None:
    named = {code for text in SERVER for code in re.findall(r'failure\(\s*"([A-Z_]+)"', text)}
    of_ours = {
        code for text in SERVER for code in re.findall(r'^    \(\w+, "([A-Z_]+)"\),', text, re.M)
    }
    assert "NOT_DECIDED" in named
    assert "STORE_ERROR" in of_ours
    told = [quoted(row[0])[0] for row in rows("Errors")]
    assert sorted(told) == sorted({*named, *of_ours, "FAILED"})


def test_the_limits_on_the_page_are_those_of_the_server() -> None:
    whole = "\n".join(SERVER)
    assert "DEFAULT_TOKENS = 2_000" in whole
    assert "_CHARACTERS_PER_TOKEN = 3.5" in whole
    assert "ge=500" in whole
    assert "le=50_000" in whole
    assert "`max_tokens`, 2,000 if left out and from 500 to 50,000" in PAGE
    assert "A token counts as 3.5 characters" in PAGE
    assert 'Field(gt=0, le=50, description="Seconds, 50 at most.")] = 20' in whole
    assert "`timeout_s` is 50 at most and 20 if left out" in PAGE
