"""The real programs through `smithers up`: copies of a session, and a kill in the middle of one."""

from __future__ import annotations

import pytest

from tests.durability.commands import Project, until
from tests.harness.helpers import installed
from tests.scripted_model import Hang, Script, ScriptedModel, Text

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SCRIPT: Script = {
    "Read the code": [Text("The word is heron.")],
    "Part a": [Text("A.")],
    "Part b": [Hang("I will look at")],
    "You were interrupted": [Text("B.")],
    "Sum up": [Text("Done.")],
}


def live(project: Project, model: ScriptedModel, agent: str) -> None:
    """Let the agent be the real program, with the scripted model as its provider."""
    installed(agent)
    for name in ("SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"):
        del project.environment[name]
    project.home.mkdir()
    project.environment.update(
        AGENTS=agent,
        HOME=str(project.home),
        CLAUDE_CONFIG_DIR=str(project.home / "config"),
        ANTHROPIC_BASE_URL=model.url,
        ANTHROPIC_API_KEY="scripted-key",
        CODEX_URL=f"{model.url}/v1",
        PI_URL=model.url,
        SCRIPTED_KEY="scripted-key",
    )


def histories(model: ScriptedModel, said: str) -> list[str]:
    """What the model was sent in the requests that say so."""
    bodies = [request.body for request in model.requests if request.step is not None]
    sent = [str(body.get("messages") or body.get("input")) for body in bodies]
    return [each for each in sent if said in each]


@pytest.mark.parametrize("agent", ["claude", "codex", "pi"])
def test_forks_know_what_was_read_and_go_on_in_their_copies_after_a_kill(
    agent: str, project: Project
) -> None:
    with ScriptedModel(SCRIPT) as model:
        live(project, model, agent)
        process = project.start("up", "forked.py", "--run-id", "r1")

        def half_done() -> bool:
            parts = project.tasks() if len(histories(model, "Part b")) else {}
            return bool(parts) and parts["part a"]["state"] == "finished"

        until(half_done, "the answer of part a, and the request of part b", within_s=90)
        copy = project.tasks()["part b"]["attempts"][0]["session_id"]
        project.kill(process)
        until(lambda: not project.processes(), "the end of the program", within_s=5)
        done = project.run("up", "forked.py", "--run-id", "r1", "--resume", within_s=120)
        assert done.returncode == 0, done.stderr
        for part in ("Part a", "Part b", "Sum up"):
            assert all("The word is heron." in sent for sent in histories(model, part))
        (again,) = histories(model, "You were interrupted")
        assert "Part b" in again
        assert "Part a" not in again
        (last,) = histories(model, "Sum up")
        assert "Part" not in last
    tasks = project.tasks()
    first, second = tasks["part b"]["attempts"]
    assert (first["state"], second["state"]) == ("interrupted", "succeeded")
    assert first["session_id"] == second["session_id"] == copy
    (read,), (a,), (total,) = (tasks[id]["attempts"] for id in ("read", "part a", "total"))
    assert len({read["session_id"], a["session_id"], copy}) == 3
    assert total["session_id"] == read["session_id"]
    assert tasks["total"]["output"] == "Done."
