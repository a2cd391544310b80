"""What a model gets wrong is told with a code, the thing, and the next step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mcp_server.serving import FLOWS, Era, Project, in_both_eras, in_one_era

pytestmark = pytest.mark.anyio


async def test_an_unknown_workflow_names_those_there_are(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        said = await call("start_run", workflow="nope")
    assert "NOT_FOUND: there is no workflow 'nope'" in said.error
    assert "flows" in said.error
    assert "list_workflows" in said.error


async def test_a_file_outside_the_roots_is_refused_however_it_is_named(
    project: Project, tmp_path: Path, era: Era
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(FLOWS.read_text())
    (project.folder / "link.py").symlink_to(outside)
    (project.folder / "folder").symlink_to(tmp_path)
    (project.folder / ".smithers" / "workflows" / "linked.py").symlink_to(outside)
    named = [str(outside), "../outside.py", "link.py", "folder/outside.py", "a/../../outside.py"]
    async with project.client(era) as call:
        for workflow in named:
            said = await call("start_run", workflow=f"{workflow}:asks")
            assert "OUTSIDE_ROOTS" in said.error, workflow
            assert str(project.folder) in said.error
        for cwd in (str(tmp_path), "..", "folder", "/"):
            said = await call("start_run", workflow="shouts", input={"topic": "a"}, cwd=cwd)
            assert "OUTSIDE_ROOTS" in said.error, cwd
        assert "NOT_FOUND" in (await call("start_run", workflow="linked:asks")).error
        assert (await call("list_runs"))["runs"] == []
    assert project.hub.runs() == ()


@pytest.mark.long
@in_one_era
async def test_a_root_that_was_given_may_be_used(
    project: Project, tmp_path: Path, era: Era
) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (more / "other.py").write_text(FLOWS.read_text())
    project.hub.trust("mcp add", folders=[more])
    async with project.client(era, roots=[more]) as call:
        run = await call(
            "start_run", workflow="other.py:shouts", input={"topic": "a"}, cwd=str(more)
        )
        assert (await call("wait_run", run_id=run["run_id"], timeout_s=50))["output"] == "A"
        whole = await call("start_run", workflow=f"{more}/other.py:asks")
        assert whole["started"]
        inspected = project.hub.inspect(run["run_id"]).run
    assert inspected.folder == str(more)


@in_one_era
async def test_a_relative_file_is_looked_for_in_cwd_else_in_the_first_root(
    project: Project, era: Era
) -> None:
    (project.folder / "below").mkdir()
    (project.folder / "below" / "here.py").write_text(FLOWS.read_text())
    async with project.client(era) as call:
        asked = {"workflow": "here.py:shouts", "input": {"topic": "a"}}
        assert "there is no file" in (await call("start_run", **asked)).error
        assert (await call("start_run", **asked, cwd="below"))["started"]
        asked = {"workflow": "below/here.py:shouts", "input": {"topic": "a"}}
        assert (await call("start_run", **asked))["started"]


@in_one_era
async def test_input_that_does_not_fit_names_the_field(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        missing = await call("start_run", workflow="shouts")
        wrong = await call("start_run", workflow="shouts", input={"topic": "a", "times": "many"})
        unknown = await call("start_run", workflow="shouts", input={"topic": "a", "tims": 2})
        assert (await call("list_runs"))["runs"] == []
    assert "topic" in missing.error
    assert "times" in wrong.error
    assert "tims" in unknown.error
    assert all(one.error.startswith("REFUSED: ") for one in (missing, wrong, unknown))
    assert all("next: " in one.error for one in (missing, wrong, unknown))


@in_one_era
async def test_a_file_with_several_workflows_wants_the_name(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        said = await call("start_run", workflow="flows")
        unknown = await call("start_run", workflow="flows:nope")
        near = await call("start_run", workflow="flow")
        named = await call("start_run", workflow="flows:shouts", input={"topic": "a"})
        assert named["workflow"] == "shouts"
    assert "workflows" in said.error
    assert "flows.py:" in said.error
    assert "no workflow 'nope'" in unknown.error
    assert "did you mean 'flows'?" in near.error


async def test_an_error_of_the_author_is_told_with_its_place(project: Project, era: Era) -> None:
    broken = project.folder / "broken.py"
    broken.write_text("x = 1\ny = x / 0\n")
    async with project.client(era) as call:
        said = await call("start_run", workflow="broken.py")
    assert said.error.startswith(f"AUTHOR_ERROR: {broken}:2:")


@in_one_era
async def test_an_unknown_run_or_task_says_what_to_call(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="shouts", input={"topic": "a"}))["run_id"]
        await call("wait_run", run_id=run_id, timeout_s=50)
        for tool in ("get_run", "wait_run", "get_events", "explain_run", "cancel_run"):
            said = await call(tool, run_id="r9")
            assert "NOT_FOUND: there is no run 'r9'" in said.error, tool
            assert "list_runs" in said.error
        for tool in ("resume_run", "answer"):
            assert "NOT_FOUND" in (await call(tool, run_id="r9")).error
        said = await call("get_task", run_id=run_id, task="nope")
        assert "there are: said" in said.error
        near = await call("get_transcript", run_id=run_id, task="sayd")
        assert "did you mean 'said'?" in near.error


@in_one_era
async def test_a_bad_cursor_is_told(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="shouts", input={"topic": "a"}))["run_id"]
        await call("wait_run", run_id=run_id, timeout_s=50)
        for cursor in ("zz", "999.0", "0.999", "-1.0", ""):
            for tool in ("get_events", "wait_run"):
                said = await call(tool, run_id=run_id, after=cursor)
                assert said.error.startswith("REFUSED"), (tool, cursor)
                assert "cursor" in said.error


BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "wait_run",
        {"run_id": "r1", "timeout_s": 51},
        "'timeout_s' must be a number above 0, 50 at most, not 51",
    ),
    (
        "wait_run",
        {"run_id": "r1", "timeout_s": 0},
        "'timeout_s' must be a number above 0, 50 at most, not 0",
    ),
    (
        "wait_run",
        {"run_id": "r1", "until": "never"},
        '\'until\' must be "done" or "change", not "never"',
    ),
    ("list_runs", {"limit": 0}, "'limit' must be an integer, 1 to 100, not 0"),
    ("list_runs", {"limit": "many"}, "'limit' must be an integer, 1 to 100, not \"many\""),
    ("get_run", {}, "get_run needs 'run_id', a string"),
    ("get_run", {"run_id": 7}, "'run_id' must be a string, not 7"),
    (
        "get_run",
        {"run_id": "r1", "max_tokens": 9},
        "'max_tokens' must be an integer, 500 to 50000, not 9",
    ),
    ("start_run", {"workflow": "a", "input": 3}, "'input' must be an object or null, not 3"),
    (
        "get_run",
        {"runid": "r1"},
        "get_run takes no argument 'runid'\nnext: did you mean 'run_id'? ",
    ),
    (
        "get_task",
        {"run_id": "r1", "task": "a", "zzz": 1, "b": 2},
        "get_task takes no arguments 'zzz', 'b'",
    ),
]


@in_both_eras
async def test_arguments_that_do_not_fit_are_named_in_plain_words(
    project: Project, era: Era
) -> None:
    async with project.client(era) as call:
        for tool, arguments, words in BAD:
            said = await call(tool, **arguments)
            assert said.error.startswith(f"INVALID_ARGUMENT: {words}"), said.error
            assert "\nnext: " in said.error


@in_both_eras
async def test_a_tool_that_there_is_not_is_answered_with_the_nearest(
    project: Project, era: Era
) -> None:
    async with project.client(era) as call:
        said = await call("get_runs")
    assert said.error.startswith(
        "NOT_FOUND: there is no tool 'get_runs'\nnext: did you mean get_run"
    )


async def test_every_tool_takes_the_arguments_of_its_schema_only(
    project: Project, era: Era
) -> None:
    async with project.client(era) as call:
        tools = (await call.client.list_tools()).tools
        for tool in tools:
            assert tool.input_schema["additionalProperties"] is False
            said = await call(tool.name, surprise=1)
            assert said.error.startswith("INVALID_ARGUMENT: "), tool.name
            assert "surprise" in said.error


@in_one_era
async def test_what_is_listed_is_what_can_be_started(
    project: Project, tmp_path: Path, era: Era
) -> None:
    """Files of one name in two roots, too, and files with one workflow or several."""
    alone = (
        "from smithers import *\n\n@workflow\ndef one(ctx):\n    return Step('a', lambda: 'b')\n"
    )
    more = tmp_path / "more"
    for folder in (project.folder, more):
        (folder / ".smithers" / "workflows").mkdir(parents=True, exist_ok=True)
        (folder / ".smithers" / "workflows" / "twice.py").write_text(alone)
    (more / ".smithers" / "workflows" / "alone.py").write_text(alone)
    project.hub.trust("mcp add", folders=[more])
    async with project.client(era, roots=[more]) as call:
        listed = (await call("list_workflows"))["workflows"]
        names = [one["workflow"] for one in listed]
        assert {"alone", "flows:shouts"} <= set(names)
        for name in names:
            if not name.startswith("flows"):
                assert (await call("start_run", workflow=name))["workflow"] == "one"
        assert "several workflows" in (await call("start_run", workflow="twice")).error
    assert len(set(names)) == len(names)


@pytest.mark.long
@in_one_era
async def test_broken_files_are_listed_beside_those_that_work(project: Project, era: Era) -> None:
    folder = project.folder / ".smithers" / "workflows"
    (folder / "broken.py").write_text("import nowhere_at_all\n")
    (folder / "gone.py").write_text("print('{}')\nimport os\nos._exit(0)\n")
    (folder / "_helper.py").write_text("1 / 0\n")
    async with project.client(era) as call:
        found = await call("list_workflows")
        whole = await call("list_workflows", workflow="flows:shouts")
        near = await call("list_workflows", workflow="flows:shout")
    shouts = next(one for one in found["workflows"] if one["workflow"] == "flows:shouts")
    assert shouts["description"] == "Say it loudly."
    assert shouts["input"] == "topic: string, [times: integer = 1]"
    assert whole["input_schema"]["required"] == ["topic"]
    assert (Path(whole["file"]).name, whole["description"]) == ("flows.py", "Say it loudly.")
    assert "did you mean 'flows:shouts'?" in near.error
    assert [Path(one["file"].split(":")[0]).name for one in found["broken"]] == [
        "broken.py",
        "gone.py",
    ]
    assert "nowhere_at_all" in found["broken"][0]["message"]
    assert found["roots"] == [str(project.folder)]
