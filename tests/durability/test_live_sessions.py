"""The real programs through `smithers up`: copies of a session, and a kill in the middle of one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.durability.commands import Project, until
from tests.harness.helpers import antigravity_python, installed
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
    if agent == "antigravity":
        project.environment["ANTIGRAVITY_PYTHON"] = antigravity_python()
    else:
        installed(agent)
    for name in ("SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"):
        del project.environment[name]
    project.home.mkdir()
    project.environment.update(
        AGENTS=agent,
        HOME=str(project.home),
        XDG_STATE_HOME=str(project.home / "state"),
        CLAUDE_CONFIG_DIR=str(project.home / "config"),
        ANTHROPIC_BASE_URL=model.url,
        ANTHROPIC_API_KEY="scripted-key",
        CODEX_URL=f"{model.url}/v1",
        PI_URL=model.url,
        MODEL_URL=model.url,
        SCRIPTED_KEY="scripted-key",
    )


def histories(model: ScriptedModel, said: str) -> list[str]:
    """What the model was sent in the requests that say so."""
    bodies = [request.body for request in model.requests if request.step is not None]
    sent = [
        str(body.get("messages") or body.get("input") or body.get("contents")) for body in bodies
    ]
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
        # Pi writes what it was told with the first answer.
        text = "Read the code" if agent == "pi" else "Part b"
        until(lambda: project.has_written(copy, text), "the session of part b")
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


def sessions_of(project: Project) -> dict[Path, bytes]:
    """The files in which programs have their sessions, byte for byte."""
    found = (path for path in project.home.rglob("*") if path.suffix in (".jsonl", ".db"))
    kept = {path: path.read_bytes() for path in found if "essions" in str(path.parent)}
    kept |= {path: path.read_bytes() for path in project.home.glob("config/projects/*/*.jsonl")}
    assert kept
    return kept


def end_of(project: Project, task: str) -> int:
    """The frame in which the first attempt of a task ended."""
    with closing(sqlite3.connect(project.database)) as db:
        sql = "SELECT ended FROM attempts WHERE run_id = 'r1' AND task = ? ORDER BY serial"
        frame: int = db.execute(sql, (task,)).fetchone()[0]
    return frame


@pytest.mark.parametrize("agent", ["claude", "codex", "pi", "gemini", "antigravity"])
def test_a_retry_and_a_fork_go_on_from_the_session_as_it_was(agent: str, project: Project) -> None:
    told = ("A heron.", "A willow.", "A trout.", "An oak.", "An ash.", "A carp.")
    with ScriptedModel([Text(each) for each in told]) as model:
        live(project, model, agent)
        done = project.run("up", "travelled.py", "--run-id", "r1", within_s=120)
        assert done.returncode == 0, done.stderr
        before = sessions_of(project)
        again = project.run("retry", "r1", "tree", within_s=120)
        assert again.returncode == 0, again.stderr
        last = histories(model, "Which tree?")[-1]
        assert "A heron." in last
        assert not any(said in last for said in ("A willow.", "A trout.", "Which fish?"))
        assert before.items() <= sessions_of(project).items()
        before, frame = sessions_of(project), end_of(project, "bird")
        fork = project.run("fork", "r1", "--frame", str(frame), "--up", within_s=120)
        assert fork.returncode == 0, fork.stderr
        assert before.items() <= sessions_of(project).items()
    tasks, forks = project.tasks(), project.tasks("r1-fork")
    assert [each["output"] for each in (tasks["tree"], tasks["fish"])] == ["An oak.", "A trout."]
    assert [forks[id]["output"] for id in ("bird", "tree", "fish")] == [*told[:1], *told[4:]]
    last = histories(model, "Which fish?")[-1]
    assert all(said in last for said in ("A heron.", "Which tree?", "An ash."))
    assert not any(said in last for said in ("A willow.", "An oak.", "A trout."))
    assert "new session" not in again.stderr + fork.stderr
