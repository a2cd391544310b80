"""What an answer looks like: the data once, a line beside it, and for older clients text alone."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from mcp.types import CallToolResult, TextContent

from mcp_server._fitting import Parts, Rows, Text, fit
from mcp_server._hints import for_tools, typed
from mcp_server._shaping import shaped
from smithers.engine.describing import Descriptions
from smithers.hub import Secrets
from tests.mcp_server.serving import Era, Project, in_both_eras

FLOW = """
from smithers import Step, workflow

from words import WORD


@workflow(name=WORD)
def hello(ctx):
    return Step("hello", lambda: WORD)
"""


@pytest.mark.anyio
@in_both_eras
async def test_data_comes_once_with_a_line_of_text(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        said = await call("list_runs")
        started = await call("start_run", workflow="flows:shouts", input={"topic": "a"})
    assert said.line == "0 runs"
    assert started.line.startswith(f"{started['run_id']} is ")


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26"])
def test_an_older_client_is_given_the_data_as_text_alone(version: str) -> None:
    data: dict[str, Any] = {"runs": [], "more": 0, "rest": None, "masked": []}
    whole = CallToolResult(content=[], structured_content=data)
    result = shaped("list_runs", whole, version)
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert json.loads(content.text) == data
    assert result.structured_content is None
    for newer in ("2025-06-18", "2025-11-25", "2026-07-28"):
        assert shaped("list_runs", whole, newer).structured_content == data


def test_every_page_makes_progress_and_none_is_too_large() -> None:
    rows = [{"name": f"n{number}", "text": '"' * (number * 40)} for number in range(40)]
    parts: Parts = {"rows": Rows(rows), "value": Text({"long": ["x"] * 900}), "none": Text(None)}
    names: list[str] = []
    text = ""
    after: str | None = None
    for _ in range(200):
        page = fit(Secrets(), {"head": "h" * 400}, parts, after=after, characters=1_500)
        assert len(json.dumps(page)) < 1_700
        names += [row["name"] for row in page["rows"]]
        text += page["value"]
        if (after := page["rest"]) is None:
            break
    assert names == [row["name"] for row in rows]
    assert json.loads(text) == {"long": ["x"] * 900}


def test_a_hint_names_tools_to_a_caller_and_whole_commands_to_a_person() -> None:
    database = Path("/my runs/r.db")
    assert for_tools("see `smithers why r1`, or `smithers ps`", database) == (
        "see explain_run, or list_runs"
    )
    command = typed("smithers deny r1 ship", database)
    assert command.endswith(" -P -m smithers deny r1 ship --db '/my runs/r.db'")
    assert for_tools("type `smithers deny r1 ship`", database) == (
        f"type `{command}` (a person types that)"
    )


def test_a_workflow_is_imported_again_only_when_a_file_that_it_loaded_changes(
    tmp_path: Path,
) -> None:
    (tmp_path / "words.py").write_text("WORD = 'one'\n")
    flow = tmp_path / "flow.py"
    flow.write_text(FLOW + f"open({str(tmp_path / 'imports')!r}, 'a').write('x')\n")
    age_all(tmp_path)
    descriptions = Descriptions(os.environ)

    def name() -> str:
        (found,) = descriptions.of([flow])
        return str(found["workflow"])

    assert (name(), name()) == ("one", "one")
    assert (tmp_path / "imports").read_text() == "x"
    (tmp_path / "words.py").write_text("WORD = 'three'\n")
    age_all(tmp_path)
    assert (name(), name()) == ("three", "three")
    assert (tmp_path / "imports").read_text() == "xx"


def test_a_file_that_cannot_be_imported_is_tried_again(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text(FLOW)
    age_all(tmp_path)
    descriptions = Descriptions(os.environ)
    assert "error" in descriptions.of([flow])[0]
    (tmp_path / "words.py").write_text("WORD = 'one'\n")
    age_all(tmp_path)
    assert descriptions.of([flow])[0]["workflow"] == "one"


def test_an_import_that_takes_too_long_is_waited_for_once_in_a_while(tmp_path: Path) -> None:
    flow, tries = tmp_path / "flow.py", tmp_path / "tries"
    mark = f"open({str(tries)!r}, 'a').write('x')\n"
    flow.write_text(f"import time\n{mark}time.sleep(60)\n")
    age_all(tmp_path)
    descriptions = Descriptions(os.environ, within_s=5)
    for _ in range(2):
        assert "took over 5 s" in descriptions.of([flow])[0]["error"]["message"]
    assert tries.read_text() == "x"
    flow.write_text(f"{mark}raise ImportError\n")
    age_all(tmp_path)
    assert "took over" not in descriptions.of([flow])[0]["error"]["message"]
    assert tries.read_text() == "xx"


def age_all(folder: Path) -> None:
    """As if the files had been written a while ago."""
    for number, path in enumerate(folder.glob("*.py")):
        at = time.time() - 60 - number
        os.utime(path, (at, at))
