"""A question that nobody answered in time is asked again by `resume`, as the file has it now."""

from __future__ import annotations

import getpass
import shlex
from pathlib import Path

import pytest

from tests.cli.command import Said, smithers

LOGIN = getpass.getuser()

_FLOW = """
from smithers import Approval, Context, Loop, Node, NoInput, Sequence, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    draft = Step("draft", lambda: "draft")
    ok = Approval("ok", ask={ask!r}, timeout_s={seconds}, on_timeout={how!r}, allowed_by={who!r})
    last = Step("last", lambda: "done")
    rounds = Loop(draft, ok, until=lambda: True, max_iterations=2, id="rounds")
    return Sequence(rounds, last, result=last)
"""


def _write(folder: Path, how: str, seconds: float, ask: str, who: list[str]) -> None:
    (folder / "flow.py").write_text(_FLOW.format(how=how, seconds=seconds, ask=ask, who=who))


def _typed(folder: Path, said: Said) -> Said:
    """Type the `next:` line that a command has printed."""
    (line,) = [line for line in said.err.splitlines() if line.startswith("next: ")]
    return smithers(folder, *shlex.split(line.removeprefix("next: smithers ")))


@pytest.mark.sampled(1)
@pytest.mark.parametrize("how", ["fail", "deny"])
def test_a_question_that_timed_out_is_asked_again_with_the_text_and_time_of_the_file(
    how: str, tmp_path: Path
) -> None:
    _write(tmp_path, how, 0.2, "Ship?", [])
    timed_out = smithers(tmp_path, "up", "flow.py", "--run-id", "r1", "--db", "my runs.db")
    assert timed_out.code == 1

    _write(tmp_path, how, 600, "Ship it now?", [LOGIN])
    asked = _typed(tmp_path, timed_out)
    assert asked.code == 3
    assert '"Ship it now?"' in asked.err
    approved = _typed(tmp_path, asked)
    assert "Ship it now?" in approved.out
    assert f"ok[0] of r1 approved by {LOGIN}" in approved.out
    done = _typed(tmp_path, approved)
    assert (done.code, done.out) == (0, "done\n")
    attempts = smithers(tmp_path, "sql", "SELECT task FROM attempts", "--csv", "--db", "my runs.db")
    assert attempts.out.split() == ["task", "draft", "last"]  # nothing ran twice


def test_a_denial_is_final_and_resume_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        "from smithers import *\n\n\n@workflow\ndef flow(ctx: Context[NoInput]) -> Node:\n"
        "    return Sequence(Approval('ok', ask='?'), Step('after', lambda: 1))\n"
    )
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 3
    assert smithers(tmp_path, "deny", "r1", "--note", "not today").code == 0
    denied = smithers(tmp_path, "resume", "r1")
    assert denied.code == 1
    assert "ok failed: denied by" in denied.err
    assert "hint: resuming the run does not change a person's denial" in denied.err
    assert "smithers resume" not in denied.err  # it would fail by the same denial
    again = smithers(tmp_path, "resume", "r1")
    assert (again.code, "waits" in again.err) == (1, False)


def test_a_question_whose_end_was_handled_stays_as_it_is(tmp_path: Path) -> None:
    flow = (
        "from smithers import *\n\n\n@workflow\ndef flow(ctx: Context[NoInput]) -> Node:\n"
        "    ask = lambda n: Approval(n, ask='?', timeout_s=0.2, on_timeout='fail')\n"
        "    each = ForEach(['a', 'b'], key=str, each=ask, on_failure='continue', id='all')\n"
        "    return Sequence(each, Step('after', lambda: {}))\n"
    )
    (tmp_path / "flow.py").write_text(flow.format("1 / 0"))
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 1
    (tmp_path / "flow.py").write_text(flow.format("1"))
    done = smithers(tmp_path, "resume", "r1", "--json")
    assert done.code == 6  # what its author allows is told, and nobody is asked again
    assert done.document["tasks"]["failed"] == 2
