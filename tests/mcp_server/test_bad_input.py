"""What a model gets wrong is told with a code, the thing, and the next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mcp_server.serving import FLOWS, Era, Project, in_one_era

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
    assert project.hub.runs() == []


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
        inspected = project.hub.inspect(run["run_id"])["run"]
    assert inspected["folder"] == str(more)


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
    assert all("REFUSED: " in one.error for one in (missing, wrong, unknown))
    assert all("next: " in one.error for one in (missing, wrong, unknown))


@in_one_era
async def test_a_file_with_several_workflows_wants_the_name(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        said = await call("start_run", workflow="flows")
        unknown = await call("start_run", workflow="flows:nope")
        named = await call("start_run", workflow="flows:shouts", input={"topic": "a"})
        assert named["workflow"] == "shouts"
    assert "workflows" in said.error
    assert "flows.py:" in said.error
    assert "no workflow 'nope'" in unknown.error


async def test_an_error_of_the_author_is_told_with_its_place(project: Project, era: Era) -> None:
    broken = project.folder / "broken.py"
    broken.write_text("x = 1\ny = x / 0\n")
    async with project.client(era) as call:
        said = await call("start_run", workflow="broken.py")
    assert f"AUTHOR_ERROR: {broken}:2:" in said.error


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
        assert "its tasks are: said" in said.error


@in_one_era
async def test_a_bad_cursor_is_told(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = (await call("start_run", workflow="shouts", input={"topic": "a"}))["run_id"]
        await call("wait_run", run_id=run_id, timeout_s=50)
        for cursor in ("zz", "999.0", "0.999", "-1.0", ""):
            for tool in ("get_events", "wait_run"):
                said = await call(tool, run_id=run_id, after=cursor)
                assert "REFUSED" in said.error, (tool, cursor)
                assert "cursor" in said.error


async def test_arguments_beyond_their_bounds_are_told(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        for asked in ({"timeout_s": 51}, {"timeout_s": 0}, {"until": "never"}):
            said = await call("wait_run", run_id="r1", **asked)
            assert next(iter(asked)) in said.error
        assert "limit" in (await call("get_events", run_id="r1", limit=0)).error
        assert "run_id" in (await call("get_run")).error


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
        for one in listed:
            if Path(one["file"]).stem != "flows":
                assert (await call("start_run", workflow=one["workflow"]))["workflow"] == "one"
        assert "several workflows" in (await call("start_run", workflow="twice")).error
    assert len(set(names)) == len(names)


@in_one_era
async def test_broken_files_are_listed_beside_those_that_work(project: Project, era: Era) -> None:
    folder = project.folder / ".smithers" / "workflows"
    (folder / "broken.py").write_text("import nowhere_at_all\n")
    (folder / "gone.py").write_text("print('{}')\nimport os\nos._exit(0)\n")
    (folder / "_helper.py").write_text("1 / 0\n")
    async with project.client(era) as call:
        found = await call("list_workflows")
    shouts = next(one for one in found["workflows"] if one["workflow"] == "flows:shouts")
    assert shouts["input_schema"]["required"] == ["topic"]
    assert shouts["description"] == "Say it loudly."
    assert [Path(one["file"].split(":")[0]).name for one in found["broken"]] == [
        "broken.py",
        "gone.py",
    ]
    assert "nowhere_at_all" in found["broken"][0]["message"]
    assert found["roots"] == [str(project.folder)]
