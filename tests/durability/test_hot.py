"""`up --hot` with real processes: edits of files, refusals, questions, and kills."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.durability.commands import Project, until

FILE = "hot.py"
GATED = "Sequence(first, gate, last, result=last)"
OPEN = "Sequence(first, last, result=last)"
RUNNING = "it was saved while code of this run was running"
COMMAND = """
from smithers import Command, Context, Node, NoInput, Sequence, Step, workflow

@workflow
def hot(ctx: Context[NoInput]) -> Node:
    script = "sed -i s/before/after/ words.py; while ! test -e go; do sleep 0.1; done"
    first = Command("hold", ["sh", "-c", script])
    last = Step("last", last_of, output=str)
    return Sequence(first, last, result=last)
"""


CONTINUES = """
from pathlib import Path
from pydantic import BaseModel
from smithers import Context, ContinueAsNew, Node, Sequence, Step, Timer, workflow

class Page(BaseModel):
    number: int = 1

def note(word):
    with Path("ledger").open("a") as ledger:
        ledger.write(word + "\\n")

def hold():
    me = Path("continues.py")
    me.write_text(me.read_text().replace("be" + "fore", "after"))

@workflow(input=Page)
def continues(ctx: Context[Page]) -> Node:
    if ctx.input.number == 1:
        return Sequence(Step("hold", hold), ContinueAsNew(Page(number=2)))
    return Sequence(Step("say", lambda: note("before")), Timer("pause", seconds=300))
"""


def edit(project: Project, before: str, after: str, file: str = FILE) -> None:
    """Change the file as an editor does that writes another one and renames it."""
    path = project.folder / file
    text = path.read_text()
    assert before in text
    other = path.with_suffix(".new")
    other.write_text(text.replace(before, after))
    other.rename(path)


def line_of(project: Project, text: str) -> int:
    """The line of the file that has this."""
    lines = (project.folder / FILE).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


class Owner:
    """A run that is driven with `--hot`, and what it prints."""

    def __init__(self, project: Project, process: subprocess.Popen[str], log: Path) -> None:
        self.project, self.process, self._log = project, process, log

    @property
    def printed(self) -> str:
        return self._log.read_text()

    def says(self, text: str) -> None:
        """Wait until it has said this."""
        until(lambda: text in self.printed, f"{text!r} in:\n{self.printed}", within_s=90)

    def end(self) -> int:
        """Let it go on to its end."""
        (self.project.folder / "go").touch()
        return self.process.wait(60)


@contextmanager
def driven(project: Project, *arguments: str, file: str = FILE) -> Generator[Owner]:
    with typed(project, "up", file, "--run-id", "r1", "--hot", *arguments) as owner:
        yield owner


@contextmanager
def typed(project: Project, *command: str) -> Generator[Owner]:
    log = project.folder / "printed"
    with log.open("w") as out:
        process = subprocess.Popen(
            project.command(*command),
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
        owner = Owner(project, process, log)
        try:
            owner.says("hold started")
            yield owner
        finally:
            process.kill()
            process.wait(10)


def answer(project: Project, verb: str) -> None:
    until(lambda: "'the run'" in json.dumps(project.json("why", "r1")), "the question")
    done = project.run(verb, "r1", "the run", "--by", "ann")
    assert done.returncode == 0, done.stderr


def test_an_edit_is_taken_while_a_step_runs_and_a_wrong_one_is_not(project: Project) -> None:
    with driven(project) as owner:
        edit(project, GATED, GATED.replace("(first", "((first"))
        owner.says("edit refused")
        assert f"{project.folder / FILE}:{line_of(project, GATED[-20:])}:" in owner.printed
        assert "not valid Python" in owner.printed
        edit(project, GATED.replace("(first", "((first"), GATED)
        edit(project, "WORD = ", 'WORD = "new " + ', "hot_words.py")
        owner.says(RUNNING)
        answer(project, "approve")
        owner.says(" taken\n")
        edit(project, "old {", "late {")
        until(lambda: owner.printed.count("waits for a person: ") == 2, owner.printed)
        answer(project, "approve")
        until(lambda: owner.printed.count(" taken\n") == 2, owner.printed)
        assert owner.end() == 3
    assert project.run("approve", "r1", "gate", "--by", "ann").returncode == 0
    done = project.run("resume", "r1")
    assert (done.returncode, done.stdout) == (0, "late new word\n")
    assert project.ledger == ["hold", "late new word"]
    assert project.run("verify", "r1").returncode == 0


@pytest.mark.long
def test_an_edit_that_takes_an_approval_away_waits_for_a_person(project: Project) -> None:
    with driven(project) as owner:
        edit(project, GATED, OPEN)
        owner.says(RUNNING)
        until(
            lambda: "approve r1 'the run'" in json.dumps(project.json("why", "r1")), "the question"
        )
        assert project.tasks()["gate"]["state"] == "pending"
        answer(project, "approve")
        owner.says(" taken\n")
        assert owner.end() == 0
    assert project.ledger == ["hold", "old word"]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("then", ["approve", "deny and restore", "deny and insist"])
def test_killed_while_an_edit_waits_it_is_not_taken_before_the_answer(
    project: Project, then: str
) -> None:
    with driven(project) as owner:
        edit(project, GATED, OPEN)
        owner.says(RUNNING)
        until(lambda: "'the run'" in json.dumps(project.json("why", "r1")), "the question")
        owner.process.kill()
    (project.folder / "go").touch()
    left = project.run("resume", "r1")
    assert left.returncode == 2
    assert f"an edit of {FILE} waits for a person's decision" in left.stderr
    answer(project, then.split()[0])
    done = project.run("resume", "r1")
    if then == "approve":
        assert (done.returncode, project.ledger[-1]) == (0, "old word"), done.stderr
        return
    assert (done.returncode, "was denied by ann" in done.stderr) == (2, True)
    if then == "deny and restore":
        edit(project, OPEN, GATED)
        assert project.run("resume", "r1").returncode == 3
        assert "old word" not in project.ledger
    else:
        assert project.run("up", FILE, "--run-id", "r1", "--resume").returncode == 0
        assert project.ledger[-1] == "old word"


def test_what_a_command_of_the_run_writes_is_not_executed_before_a_person_confirms(
    project: Project,
) -> None:
    (project.folder / "words.py").write_text(
        'from pathlib import Path\nWORD = "before"\nPath(WORD).touch()\n'
    )
    (project.folder / "written.py").write_text(
        f"import words\n{COMMAND}\ndef last_of() -> str:\n    return words.WORD\n"
    )
    with driven(project, file="written.py") as owner:
        owner.says(RUNNING)
        until(lambda: "'the run'" in json.dumps(project.json("why", "r1")), "the question")
        answer(project, "deny")
        owner.says("was denied by ann")
        assert owner.end() == 0
        assert "before\n" in owner.printed
    assert not (project.folder / "after").exists()


@pytest.mark.long
def test_a_run_that_continues_does_not_take_what_its_own_code_has_written(
    project: Project,
) -> None:
    (project.folder / "continues.py").write_text(CONTINUES)
    with driven(project, "--linger", "600", file="continues.py") as owner:
        owner.says("continued as r1-2")
        owner.says(RUNNING)
        until(lambda: "'the run'" in json.dumps(project.json("why", "r1-2")), "the question")
        assert project.ledger == ["before"]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (GATED, OPEN, "it takes gate away"),
        ('ask="Ship it?"', 'ask="Ship?"', "Approval('gate', …) is removed or changed"),
    ],
)
def test_without_a_person_a_resume_leaves_an_edit_that_takes_a_gate_away(
    project: Project, before: str, after: str, said: str
) -> None:
    with driven(project) as owner:
        owner.process.kill()
    edit(project, before, after)
    (project.folder / "go").touch()
    alone = Project(project.folder, {**project.environment, "SMITHERS_DETACHED": "1"})
    alone.environment["SMITHERS_DETACHED"] = "1"
    left = alone.run("resume", "r1")
    assert (left.returncode, said in left.stderr) == (2, True), left.stderr
    assert project.run("resume", "r1").returncode == (0 if after == OPEN else 3)


@pytest.mark.long
def test_without_a_person_a_resume_asks_again_what_was_approved_before_another_edit(
    project: Project,
) -> None:
    bounded, free = "@workflow(budget=Budget(tokens=5))", "@workflow"
    edit(project, "import Approval", "import Approval, Budget, Timer")
    edit(project, GATED, GATED.replace("gate,", 'Timer("pause", seconds=300), gate,'))
    edit(project, free, bounded)
    (project.folder / "go").touch()
    with driven(project, "--linger", "600") as owner:
        until(lambda: project.tasks()["pause"]["state"] == "waiting", "the timer")
        edit(project, bounded, free)
        owner.says("waits for a person: ")
        answer(project, "approve")
        owner.says(" taken\n")
        edit(project, free, bounded)  # nothing runs, and it takes nothing away
        until(lambda: owner.printed.count(" taken\n") == 2, owner.printed)
        assert owner.printed.count("waits for a person: ") == 1
        owner.process.kill()
    edit(project, bounded, free)
    alone = Project(project.folder, {**project.environment, "SMITHERS_DETACHED": "1"})
    left = alone.run("resume", "r1")
    assert (left.returncode, "budget= of workflow is removed" in left.stderr) == (2, True), left


@pytest.mark.long
def test_killed_while_an_edit_with_a_new_module_waits_only_what_was_restored_is_taken(
    project: Project,
) -> None:
    with driven(project) as owner:
        (project.folder / "hot_new.py").write_text("")
        edit(project, "import hot_words", "import hot_new\nimport hot_words")
        owner.says(RUNNING)
        until(lambda: "'the run'" in json.dumps(project.json("why", "r1")), "the question")
        owner.process.kill()
    (project.folder / "go").touch()
    edit(project, "import hot_new\n", "LATE = 1\n")
    (project.folder / "hot_new.py").unlink()
    left = project.run("resume", "r1")
    assert (left.returncode, "waits for a person's decision" in left.stderr) == (2, True), left
    edit(project, "LATE = 1\n", "")
    (project.folder / "hot_new.py").write_text("")
    assert project.run("resume", "r1").returncode == 3


@pytest.mark.long
def test_a_resume_takes_edits_also_after_a_crash_with_the_settings_that_it_has_read(
    project: Project,
) -> None:
    settings = project.folder / "smithers.toml"
    settings.write_text('[agents]\nearly = "echo"\n')
    with typed(project, "up", FILE, "--run-id", "r1") as owner:
        owner.process.kill()
    with typed(project, "resume", "r1", "--hot") as owner:
        settings.write_text('[agents]\nlate = "echo"\n')
        owner.says(f"{settings} was changed: the run keeps the settings that its process has read")
        edit(project, "import Approval", "import Task, Approval")
        edit(project, GATED, 'Sequence(first, gate, last, Task("more", agent="early", prompt=""))')
        owner.says(RUNNING)
        answer(project, "approve")
        owner.says(" taken\n")
        edit(project, 'agent="early"', 'agent="late"')
        until(lambda: owner.printed.count(RUNNING) == 2, owner.printed)
        answer(project, "approve")
        owner.says("edit refused: ")
        assert "no settings define an agent 'late'" in owner.printed
        owner.process.kill()
    with typed(project, "resume", "r1") as owner:  # it reads them, and takes edits as before
        edit(project, 'prompt=""', 'prompt="Ho"')
        owner.says(RUNNING)
        answer(project, "approve")
        owner.says(" taken\n")
    assert "more" in project.tasks()
