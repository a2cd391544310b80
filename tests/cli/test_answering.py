"""An answer is validated where it is typed: it is recorded as it was given, or not at all."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from smithers.cli import _editing
from smithers.cli._failures import Usage
from smithers.engine.people import Person
from smithers.forms import Form
from smithers.hub import Asked, Hub
from tests.cli.command import FLOWS, Said, database, environment, known_as, smithers

LOGIN = "ann"
SCHEMA = {
    "type": "object",
    "properties": {
        "steps": {"type": "array", "items": {"type": "string"}, "description": "What is done."},
        "days": {"type": "integer", "default": 3},
    },
    "required": ["steps"],
}


def up(folder: Path, workflow: str = "asks_people") -> Path:
    said = smithers(folder, "up", f"{FLOWS}:{workflow}", "--run-id", "r1")
    assert said.code == 3, said.err
    return folder


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose questions nobody answers."""
    return up(tmp_path_factory.mktemp("asking"))


@pytest.fixture(autouse=True)
def is_ann(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types is ann."""
    for name, value in known_as(tmp_path_factory.mktemp("own"), "ann").items():
        monkeypatch.setenv(name, value)


def answer(folder: Path, *words: str) -> Said:
    return smithers(folder, "answer", "r1", *words)


REFUSED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "a wrong choice": (
        ("colour", "--choice", "Blu"),
        "'Blu' is not one of the choices",
        "did you mean 'blue'? choose one of blue, dark green",
    ),
    "a wrong field": (
        ("plan", "--data", '{"step": [], "days": "x"}'),
        "days: 'x' is not of type 'integer'\n    | steps: is missing\n"
        "    | step: is not a field of the answer; did you mean 'steps'?",
        "its fields are steps, days",
    ),
    "a wrong item": (
        ("plan", "--data", '{"steps": ["a", 1]}'),
        "steps.1: 1 is not of type 'string'",
        "its fields are steps, days",
    ),
    "no object": (
        ("plan", "--text", "build"),
        "the answer: 'build' is not of type 'object'",
        "its fields are steps, days",
    ),
    "no JSON": (
        ("plan", "--data", "{steps}"),
        "the answer is not JSON: Expecting property name enclosed in double quotes: line 1",
        'for example --data \'{"name": "value"}\' or --data @FILE',
    ),
    "a file that is not there": (
        ("plan", "--data", "@missing.json"),
        "the answer missing.json cannot be read: No such file or directory",
        "give --data @FILE the path of a readable file",
    ),
    "an empty text": (("title", "--text", " ", "--by", "ann"), "the answer is empty", "write a"),
    "a decision that is none": (
        ("ship", "--choice", "yes"),
        "'yes' is not one of the choices",
        "choose one of approve, deny",
    ),
    "an unknown task": (
        ("colr", "--choice", "blue"),
        "run r1 has no question 'colr'",
        "name one that is open: colour, plan, ship, title",
    ),
    "no task where several ask": (
        ("--choice", "blue"),
        "several questions of run r1 are open",
        "name one of them after the run: colour, plan, ship, title",
    ),
    "another text": (
        ("colour", "--choice", "blue", "--digest", "00000000"),
        "the question of colour of run r1 does not match digest 00000000; nothing was recorded",
        "read the question with `smithers asks r1 colour`, then answer it",
    ),
    "no answer": (("colour",), "an answer is needed", "give one of --choice X, --data JSON"),
    "two answers": (
        ("colour", "--choice", "blue", "--text", "blue"),
        "only one answer can be given",
        "give one of --choice X, --data JSON",
    ),
    "an editor without a terminal": (
        ("plan", "--edit"),
        "--edit needs a terminal",
        "give the answer with --choice X, --data JSON or --text T",
    ),
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_answer_exits_2_with_the_fix_and_records_nothing(
    asking: Path, case: str
) -> None:
    words, wrong, fix = REFUSED[case]
    said = answer(asking, *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {wrong}")
    assert f"hint: {fix}" in said.err
    assert len(Hub(database(asking)).list_asks("r1")) == 4


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_what_asks_for_more_is_not_approved_and_the_command_is_named(
    asking: Path, verb: str
) -> None:
    said = smithers(asking, verb, "r1", "plan")
    assert said.code == 2
    assert "error: plan of run r1 asks for an answer (Plan), not for a decision" in said.err
    assert "hint: answer it with `smithers answer r1 plan --digest " in said.err


@pytest.mark.long
def test_who_is_asked_for_data_denies_what_can_be_sent_back(tmp_path: Path) -> None:
    folder = up(tmp_path, "asks_for_work")
    (ask,) = json.loads(smithers(folder, "asks", "--json").out)["asks"]
    assert ask["form"]["may_deny"] is True
    deny = ask["commands"]["deny"]
    assert shlex.split(deny)[:4] == ["smithers", "deny", "r1", "plan"]
    said = smithers(folder, "approve", "r1", "plan")
    assert said.code == 2
    assert "asks for an answer (Plan), not for a decision" in said.err
    said = smithers(folder, *shlex.split(deny)[1:], "--note", "shorter", "--resume")
    assert said.code == 3
    assert "plan of r1 denied by" in said.err
    assert "Round 2 of 3." in smithers(folder, "asks").out
    said = smithers(folder, "answer", "r1", "plan", "--data", '{"steps": ["a"]}', "--resume")
    assert said.code == 0, said.err


DENIES = """\
from smithers import Context, HumanTask, Node, NoInput, Rework, Sequence, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    draft = Step("draft", lambda: 1)
    plan = HumanTask("plan", ask="Which?", choices=["approve", "deny"], on_deny=Rework(draft))
    return Sequence(draft, plan)
"""


def test_a_choice_that_is_named_deny_stands_beside_the_command_that_sends_back(
    tmp_path: Path,
) -> None:
    (tmp_path / "flow.py").write_text(DENIES)
    smithers(tmp_path, "up", "flow.py", "--run-id", "r1")
    (ask,) = Hub(database(tmp_path)).list_asks("r1")
    assert list(ask.commands) == ["approve", "deny", "send back"]
    assert ask.commands["deny"].endswith(" --choice=deny")
    assert ask.commands["send back"] == ask.deny_command
    assert str(ask.deny_command).startswith("smithers deny r1 plan --digest ")
    assert ask.commands["send back"] in smithers(tmp_path, "asks").out


def test_asks_shows_what_an_answer_must_be(asking: Path) -> None:
    shown = smithers(asking, "asks", "r1").out
    assert "  the answer: blue or dark green\n" in shown
    assert "  the answer: text\n" in shown
    assert (
        "  the answer: Plan\n"
        "    steps (list of string, required): What is done, in order.\n"
        "    days (integer, default 3)\n"
    ) in shown
    asks = smithers(asking, "asks", "--json").document["asks"]
    (plan,) = [one for one in asks if one["task"] == "plan"]
    assert [field["name"] for field in plan["form"]["fields"]] == ["steps", "days"]
    assert plan["form"]["schema"]["required"] == ["steps"]
    assert list(plan["commands"]) == ["answer"]


@pytest.mark.long
def test_every_command_that_asks_prints_is_the_answer(tmp_path: Path) -> None:
    up(tmp_path)
    (colour,) = Hub(database(tmp_path)).list_asks("r1", "colour")
    assert list(colour.commands) == ["blue", "dark green"]
    said = smithers(tmp_path, *shlex.split(colour.commands["dark green"])[1:])
    assert said.out.startswith(f"colour of r1 answered by {LOGIN}\n  | Which colour?\n")
    again = answer(tmp_path, "colour", "--choice", "blue")
    assert again.code == 2
    assert f"error: colour of run r1 was answered by {LOGIN} at " in again.err
    assert "hint: the first answer counts" in again.err
    other = answer(tmp_path, "colr", "--choice", "blue")
    assert "hint: name one that is open: plan, ship, title\n" in other.err
    several = answer(tmp_path, "--choice", "blue")
    assert "error: several questions of run r1 are open: plan, ship, title\n" in several.err
    file = tmp_path / "plan.json"
    file.write_text('{"steps": ["build"]}')
    said = answer(tmp_path, "plan", "--data", "@plan.json", "--note", "so far", "--json")
    assert said.document["answer"] == {"steps": ["build"]}
    assert (said.document["note"], said.document["login"]) == ("so far", "ann")
    assert answer(tmp_path, "ship", "--choice", "deny", "--by", "ann").code == 0
    said = answer(tmp_path, "title", "--text", "-t", "--by", "bob", "--resume", "--json")
    assert (said.code, said.document["status"]) == (0, "finished")
    assert said.document["answered"]["answer"] == "-t"
    found = smithers(tmp_path, "inspect", "r1", "--json").document["tasks"]
    outputs = {one["id"]: one["output"] for one in found}
    assert (outputs["colour"], outputs["title"]) == ("dark green", "-t")
    assert outputs["plan"] == {"steps": ["build"], "days": 3}
    assert outputs["ship"]["approved"] is False
    assert {one["id"]: one["answered"]["by"] for one in found}["title"] == "bob"
    assert all(one["answered"]["login"] == LOGIN for one in found)
    timeline = smithers(tmp_path, "timeline", "r1").out
    assert f"title was answered by bob (login {LOGIN})" in timeline
    assert "ship was denied by ann" in timeline
    over = answer(tmp_path, "--choice", "blue")
    assert over.code == 2


def test_what_runs_below_a_run_may_not_answer(asking: Path) -> None:
    words = ("answer", "r1", "colour", "--choice", "blue")
    said = smithers(asking, *words, env={"SMITHERS_ATTEMPT": "r1:1"})
    assert said.code == 2
    assert "an agent may not answer for run r1" in said.err


def test_an_unknown_run_and_an_ended_one_are_told(tmp_path: Path) -> None:
    assert smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1").code == 0
    said = answer(tmp_path, "--text", "x")
    assert (said.code, "run r1 has ended: it is finished" in said.err) == (2, True)
    said = smithers(tmp_path, "answer", "r2", "--text", "x")
    assert (said.code, "no run 'r2'" in said.err) == (2, True)


# -- the editor


def editor(folder: Path, *answers: str) -> str:
    """The command of an editor that writes the first of these below the marker, then the next."""
    script = folder / "editor.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "file = pathlib.Path(sys.argv[1])\n"
        f"log = pathlib.Path({str(folder / 'seen.json')!r})\n"
        "seen = json.loads(log.read_text()) if log.exists() else []\n"
        "seen.append(file.read_text())\n"
        "log.write_text(json.dumps(seen))\n"
        f"text = {list(answers)!r}[len(seen) - 1]\n"
        "head, marker, _ = seen[-1].partition('this line. ----\\n')\n"
        "if text != 'as it is': file.write_text(head + marker + text)\n"
    )
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}"


def seen(folder: Path) -> list[str]:
    found: list[str] = json.loads((folder / "seen.json").read_text())
    return found


def edit(folder: Path, form: Form, *answers: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """What is recorded by an editor."""
    monkeypatch.setattr(_editing, "_check_terminal", lambda: None)
    if answers:
        monkeypatch.setenv("VISUAL", editor(folder, *answers))
    asked = Asked(
        run_id="r1",
        task="plan",
        iteration=(),
        opened=1,
        asked="What is the plan?\n# All of it.",
        digest="",
        due=None,
        allowed_by=(),
        form=form,
    )
    recorded: list[object] = []

    def record(value: object, asked: Asked) -> int:
        form.check(value)
        recorded.append(value)
        return 0

    assert _editing.edited(asked, Person(names=("ann",)), record) == 0
    (one,) = recorded
    return one


def test_an_editor_opens_with_the_question_and_the_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = Form(kind="data", schema=SCHEMA)
    given = '{"steps": ["build"], "days": 1}'
    assert edit(tmp_path, form, given, monkeypatch=monkeypatch) == json.loads(given)
    (text,) = seen(tmp_path)
    assert "#   What is the plan?\n" in text
    assert "#   steps (list of string, required): What is done.\n" in text
    assert "#   days (integer, default 3)\n" in text
    assert text.endswith('below this line. ----\n{\n  "steps": null,\n  "days": 3\n}\n')


def test_an_editor_opens_again_on_what_is_no_answer_with_the_error_on_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = Form(kind="data", schema=SCHEMA)
    tries = ["{", '{"step": []}', '{"steps": []}']
    assert edit(tmp_path, form, *tries, monkeypatch=monkeypatch) == {"steps": []}
    _, second, third = seen(tmp_path)
    assert second.startswith("# This is not an answer yet:\n#   this is not JSON: ")
    assert second.endswith("----\n{\n")
    assert "#   step: is not a field of the answer; did you mean 'steps'?\n" in third
    assert third.endswith('----\n{"step": []}\n')


def test_a_text_keeps_its_lines_and_a_choice_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = "# A title\n\n  a text\n"
    assert edit(tmp_path, Form(kind="text"), given, monkeypatch=monkeypatch) == given[:-1]
    (tmp_path / "seen.json").unlink()
    form = Form(kind="choice", choices=("blue", "green"), refused="too dark", given="blue")
    assert edit(tmp_path, form, "green\n", monkeypatch=monkeypatch) == "green"
    (text,) = seen(tmp_path)
    assert "# The last answer, which is below, was refused:\n#   too dark\n" in text
    assert text.endswith("----\nblue\n")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["as it is"], "the answer is unchanged: nothing was recorded"),
        ([" \n"], "the answer is empty: nothing was recorded"),
        (["{", "as it is"], "the answer is unchanged: nothing was recorded"),
    ],
)
def test_an_empty_or_unchanged_file_records_nothing(
    tmp_path: Path, answers: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Usage) as caught:
        edit(tmp_path, Form(kind="data", schema=SCHEMA), *answers, monkeypatch=monkeypatch)
    assert caught.value.said == said
    kept = caught.value.hint.removeprefix("what you typed is in ")
    assert (kept != caught.value.hint) == (len(answers) == 2)
    if len(answers) == 2:
        assert Path(kept).read_text().endswith("----\n{\n")
        Path(kept).unlink()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("false", "the editor ended with exit code 1: nothing was recorded"),
        ("/nowhere/editor", "the editor '/nowhere/editor' cannot be started"),
    ],
)
def test_an_editor_that_fails_records_nothing(
    tmp_path: Path, command: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", command)
    with pytest.raises(Usage, match=said):
        edit(tmp_path, Form(kind="text"), monkeypatch=monkeypatch)


@pytest.mark.long
def test_a_person_answers_in_their_editor_on_a_terminal(tmp_path: Path) -> None:
    up(tmp_path)
    env = environment({"VISUAL": editor(tmp_path, '{"steps": 1}', '{"steps": ["x"]}')})
    words = ["-m", "smithers", "answer", "r1", "plan", "--edit", "--by", "ann"]
    spawn: Any = pexpect.spawn
    child = spawn(sys.executable, words, cwd=str(tmp_path), env=env, encoding="utf-8")
    child.expect(pexpect.EOF, timeout=60)
    child.close()
    assert child.exitstatus == 0, child.before
    assert "plan of r1 answered by ann" in str(child.before)
    assert len(seen(tmp_path)) == 2
