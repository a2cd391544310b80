"""The live tree of a run, as it stands on terminals of two sizes."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from smithers.agent import ToolCalled
from smithers.changes import AttemptStarted, CameUp, Frame, Key, WaitOpened
from smithers.cli import _places
from smithers.cli._live import _Drawing, draw  # pyright: ignore[reportPrivateUsage]  # with rich
from smithers.cli._live_tree import LiveTree
from tests.calls import calls_of
from tests.cli.scene import BEGAN, NOW, Scene
from tests.cli.screen import Screen

SMALL, LARGE = (80, 24), (200, 50)


@pytest.fixture(autouse=True)
def no_named_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that other tests ran in this process have named none."""
    monkeypatch.setattr(_places, "_named", [])


def drawn(tree: LiveTree, width: int, height: int) -> list[str]:
    """The lines on a terminal, after they went through rich."""
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    lines = draw(tree, "r1", BEGAN, NOW, width, height)
    with console.capture() as captured:
        for line in lines:
            console.print(line)
    shown = Screen(width, height).feed(captured.get().replace("\n", "\r\n")).history[:-1]
    assert len(shown) == len(lines) < height
    return shown


def of(scene: Scene) -> LiveTree:
    return LiveTree.of(scene.state)


def five() -> Scene:
    """Five tasks, two of them in a loop that is in its second iteration."""
    scene = Scene().node("sequence", "sequence").tasks("sequence", "research", "plan")
    scene.node("review", "loop", "sequence").tasks("review", "write", "critique")
    scene.node("ship", "approval", "sequence")
    scene.finishes("research", tokens=2300, usd="0.0120").finishes("plan", tokens=15)
    scene.finishes("write", 0, tokens=100_000).finishes("critique", 0).ends("review", 0)
    return scene.runs("write", 1).budget(usd="5", calls=50)


def fan_out(
    number: int, *, fails: Iterable[int] = (), runs: Iterable[int] = (), name: str = "src/{}.py"
) -> Scene:
    """Tasks side by side, the first third of them finished."""
    scene = Scene().node("sequence", "sequence").tasks("sequence", "plan")
    scene.node("files", "foreach", "sequence")
    ids = [name.format(n) for n in range(number)]
    scene.tasks("files", *ids).node("ship", "approval", "sequence").finishes("plan")
    failing, running = set(fails), set(runs)
    for n, id in enumerate(ids):
        if n in failing:
            scene.fails(id)
        elif n in running:
            scene.runs(id)
        elif n < number // 3:
            scene.finishes(id)
    return scene


def test_five_tasks_are_shown_whole_on_a_small_terminal() -> None:
    assert drawn(of(five()), *SMALL) == [
        "▶ r1 running  4/6  12 m 34 s  102.3k tokens  $0.012 of $5.00  5 of 50 calls",
        "▶ sequence",
        "├─ ✓ research          claude-code     55.0 s",
        "├─ ✓ plan              claude-code     55.0 s",
        "├─ ▶ review",
        "│  ├─ ✓ iteration 0",
        "│  │  ├─ ✓ write       claude-code     55.0 s",
        "│  │  └─ ✓ critique    claude-code     55.0 s",
        "│  └─ ▶ iteration 1",
        "│     ├─ ▶ write       claude-code   1 m 15 s",
        "│     └─ · critique",
        "└─ · ship",
    ]


def test_a_large_terminal_has_tokens_and_costs_as_well() -> None:
    shown = drawn(of(five()), *LARGE)
    assert shown[2] == ("├─ ✓ research          claude-code     55.0 s    2.3k tokens    $0.0120")
    assert len(shown) == 12


def test_fifty_tasks_fold_on_a_small_terminal() -> None:
    tree = of(fan_out(50, fails=[17, 44], runs=[20, 21]))
    tree.event(Key("src/20.py"), ToolCalled(call="1", name="Read", arguments={"path": "a.py"}))
    assert drawn(tree, *SMALL) == [
        "▶ r1 running  17/52  2 failed  12 m 34 s",
        "▶ sequence",
        "├─ ✓ plan             claude-code     55.0 s",
        "├─ ▶ files 16/50      2 failed, 2 running",
        "│  ├─ ✗ src/17.py     claude-code     55.0 s  the bottle broke",
        "│  ├─ ▶ src/20.py     claude-code   1 m 15 s  Read: a.py",
        "│  ├─ ▶ src/21.py     claude-code   1 m 15 s",
        "│  └─ ✗ src/44.py     claude-code     55.0 s  the bottle broke",
        "└─ · ship",
        "… and 16 finished, 30 pending",
    ]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_of_five_thousand_tasks_those_that_run_or_failed_are_shown(size: tuple[int, int]) -> None:
    shown = drawn(of(fan_out(5000, fails=[2100, 4999], runs=range(3000, 3008))), *size)
    names = [line.split()[3] for line in shown if line.startswith("│  ")]
    assert names == ["src/2100.py", *(f"src/{n}.py" for n in range(3000, 3008)), "src/4999.py"]
    assert any(line.startswith("├─ ▶ files 1666/5000") for line in shown)
    assert shown[-1] == "… and 1666 finished, 3324 pending"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_many_failures_hide_neither_what_runs_nor_their_number(size: tuple[int, int]) -> None:
    shown = drawn(of(fan_out(5000, fails=range(2000, 2600), runs=range(3000, 3040))), *size)
    failed = sum("✗ src" in line for line in shown)
    running = sum("▶ src" in line for line in shown)
    assert failed == running == (size[1] - 6) // 2
    assert "  600 failed  " in shown[0]
    assert f", {600 - failed} failed, " in shown[-1] + ","
    assert f"{40 - running} running" in shown[-1]


def test_a_question_is_shown_whatever_else_waits() -> None:
    scene = fan_out(5000)
    for n in range(2000, 4000):
        key = Key(f"src/{n}.py")
        scene.changes += [CameUp(key=key), WaitOpened(key=key, kind="retry")]
    shown = drawn(of(scene.asks("ship", "Ship it?\nAll of it, now.")), *SMALL)
    assert "  1 to decide  " in shown[0]
    (line,) = (line for line in shown if "ship" in line)
    assert line.endswith("  waiting for a decision: Ship it?")


def asked(question: str, *more: str) -> LiveTree:
    scene = Scene().node("sequence", "sequence").tasks("sequence", "plan", "ship", *more)
    scene.finishes("plan").asks("ship", question)
    for id in more:
        scene.asks(id, f"{id}?")
    return of(scene)


def test_the_question_is_below_the_tree_once_nothing_else_goes_on() -> None:
    tree = asked("Ship it?\n\tAll of it, now.\n\n" + "word " * 30)
    assert drawn(tree, 60, 24)[4:] == [
        "| Ship it?",
        "|         All of it, now.",
        "|",
        "| word word word word word word word word word word word",
        "| word word word word word word word word word word word",
        "| word word word word word word word word",
    ]
    scene = Scene().node("parallel", "parallel").tasks("parallel", "plan", "ship")
    shown = drawn(of(scene.runs("plan").asks("ship", "Ship it?\nNow.")), *SMALL)
    assert not any(line.startswith("| ") for line in shown)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_long_question_leaves_the_tree_its_space_and_says_how_to_read_it(
    size: tuple[int, int],
) -> None:
    shown = drawn(asked("\n".join(f"line {n}" for n in range(5000))), *size)
    assert [line.split()[-1] for line in shown[1:3]] == ["sequence", "s"]
    assert shown[4] == "| line 0"
    assert shown[-1] == "… more: `smithers asks r1 ship`"
    assert len(shown) == size[1] - 3


def test_of_several_questions_the_first_is_shown() -> None:
    shown = drawn(asked("Ship it?", "other", "third"), *SMALL)
    assert shown[-2:] == ["| Ship it?", "… and 2 more questions: `smithers asks r1`"]
    assert drawn(asked("Ship it?", "other"), 33, 24)[-1] == "… more: `smithers asks`"


def test_a_sequence_is_shown_around_the_current_task() -> None:
    scene = Scene().node("sequence", "sequence")
    scene.tasks("sequence", *(f"step {n}" for n in range(50)))
    for n in range(25):
        scene.finishes(f"step {n}")
    shown = drawn(of(scene.runs("step 25")), *SMALL)
    numbers = [int(line.split()[3]) for line in shown[2:-1]]
    assert numbers == list(range(numbers[0], numbers[0] + 18))
    assert 5 <= 25 - numbers[0] <= 13
    assert shown[1] == "▶ sequence 25/50  1 running"


def nested() -> Scene:
    """A loop in each item of a fan-out; the items and loops have no ids of their author's."""
    scene = Scene().node("sequence", "sequence").node("docs", "foreach", "sequence")
    for n in range(30):
        item, loop = f"docs/chapter {n}", f"docs/chapter {n}/loop1"
        scene.node(item, "sequence", "docs").tasks(item, f"outline {n}")
        scene.node(loop, "loop", item).tasks(loop, f"write {n}", f"review {n}")
        if n < 10 or n == 12:
            scene.finishes(f"outline {n}").finishes(f"write {n}", 0).finishes(f"review {n}", 0)
            scene.ends(loop, 0)
        if n < 10:
            scene.ends(loop).ends(item)
        elif n == 12:
            scene.runs(f"write {n}", 1)
        elif n == 20:
            scene.finishes(f"outline {n}").fails(f"write {n}", 0)
            scene.ends(loop, 0, outcome="failed").ends(loop, outcome="failed")
            scene.ends(item, outcome="failed")
    return scene


def test_a_loop_in_a_fan_out_nests_by_items_and_iterations() -> None:
    shown = drawn(of(nested()), *SMALL)
    at = next(n for n, line in enumerate(shown) if "chapter 12" in line)
    assert [line.split("  claude")[0].rstrip() for line in shown[at : at + 8]] == [
        "   ├─ ▶ chapter 12",
        "   │  ├─ ✓ outline 12",
        "   │  └─ ▶ loop",
        "   │     ├─ ✓ iteration 0",
        "   │     └─ ▶ iteration 1",
        "   │        ├─ ▶ write 12",
        "   │        └─ · review 12",
        "   └─ ✗ chapter 20",
    ]
    assert "docs/" not in "".join(shown)
    assert "loop1" not in "".join(shown)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize(
    "name", ["src/{}.py", "src/" + "deep/" * 60 + "{}.py", "翻訳" * 40 + "{}", "👍 {}"]
)
def test_columns_stay_where_they_are(size: tuple[int, int], name: str) -> None:
    starts = set[int]()
    for runs in (range(20, 23), range(40, 45)):
        for line in drawn(of(fan_out(50, runs=runs, name=name)), *size):
            assert cell_len(line) <= size[0]
            if "claude-code" in line:
                starts.add(cell_len(line.partition("claude-code")[0]))
    assert len(starts) == 1
    assert starts.pop() < size[0] // 2


def test_a_container_says_that_its_failure_is_tolerated() -> None:
    scene = Scene().node("files", "foreach").node("files/a", "sequence", "files")
    scene.tasks("files/a", "read", "write").fails("read").cancels("write")
    scene.ends("files/a", outcome="failed").ends("files")
    assert drawn(of(scene.tolerates("read", "write")), *SMALL) == [
        "▶ r1 running  2/2  1 tolerated  12 m 34 s",
        "✓ files",
        "└─ ✗ a            tolerated",
        "   ├─ ✗ read      claude-code     55.0 s  tolerated: the bottle broke",
        "   └─ ⊘ write",
    ]


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    tree = of(fan_out(50, runs=[20], name="src/" + "deep/" * 60 + "file{}.py"))
    (line,) = (line for line in drawn(tree, *SMALL) if "▶ src" in line)
    assert line.split()[3].startswith("src/deep/deep/")
    assert line.split()[3].endswith("…file20.py")


def test_a_run_that_was_stopped_says_so_in_its_title() -> None:
    shown = drawn(of(five().is_stopped("SIGINT")), *SMALL)
    assert shown[0].startswith("! r1 stopped by SIGINT  4/6  12 m 34 s")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_drawing_costs_as_much_for_five_thousand_tasks_as_for_two_hundred(
    size: tuple[int, int],
) -> None:
    def cost(number: int) -> int:
        tree = of(fan_out(number, fails=[150], runs=range(100, 108)))
        draw(tree, "r1", BEGAN, NOW, *size)  # the children of containers are sorted once
        return calls_of(lambda: draw(tree, "r1", BEGAN, NOW, *size))

    few, many = cost(200), cost(5000)
    assert many < 1.1 * few
    assert many < 20_000


def test_a_frame_costs_as_much_in_a_run_of_five_thousand_tasks() -> None:
    def cost(number: int) -> int:
        scene = fan_out(number)
        state = scene.state
        tree = LiveTree.of(state)
        key = Key("src/150.py")
        change = AttemptStarted(
            serial=9999, key=key, number=1, agent="a", prompt=None, session=None, at=NOW
        )
        frame = Frame(number=1, at=NOW, changes=(CameUp(key=key), change))
        state.apply_frame(frame)
        return calls_of(lambda: tree.frame(frame, state))

    few, many = cost(200), cost(5000)
    assert few < 100
    assert many < 100


def redrawn(columns: int, typed: str) -> list[str]:
    """What is on a terminal of 80 columns that was drawn on twice, `typed` being echoed after the
    first time, and the terminal made as narrow as `columns` before the second.
    """
    console = Console(
        file=io.StringIO(), width=80, height=24, force_terminal=True, legacy_windows=False
    )
    ids = [f"task {n}" for n in range(5)]
    scene = Scene().node("parallel", "parallel").tasks("parallel", *ids)
    for id in ids:
        scene.runs(id)
    tree = of(scene)
    tree.said = {Key(id): "reads a very long file " * 9 for id in ids}

    def lines(width: int, height: int) -> list[Text]:
        return draw(tree, "r1", BEGAN, NOW, width, height)

    assert isinstance(console.file, io.StringIO)
    screen = Screen(80, 24)
    drawing = _Drawing(console, lines)
    drawing.auto_refresh = False
    drawing.start(refresh=True)
    screen.feed(console.file.getvalue().replace("\n", "\r\n") + typed)
    console.file.seek(0)
    console.file.truncate()
    screen.resize(columns)
    console.width = columns
    drawing.stop()
    return screen.feed(console.file.getvalue().replace("\n", "\r\n")).history


@pytest.mark.parametrize("columns", [80, 60, 33])
def test_a_terminal_that_is_made_narrower_has_one_title(columns: int) -> None:
    shown = redrawn(columns, "")
    assert [line for line in shown if "running" in line and "r1" in line] == shown[:1]


def test_ctrl_c_leaves_one_title() -> None:
    shown = redrawn(80, "^C")
    assert [line for line in shown if "running" in line and "r1" in line] == shown[:1]
