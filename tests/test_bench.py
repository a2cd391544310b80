"""The bench works, and the tables that it wrote into the documents are whole."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.__main__ import COST, END, PLOT, README, START, into
from bench.crashes.__main__ import COMPARE, SCENARIOS, TOOLS, Site
from bench.curves import PANELS
from bench.edits import __main__ as edits
from bench.figures import curves_in, keep, lines_in
from bench.measuring import Figure, file_systems
from bench.plot import svg
from bench.rows import FULL, PEERS, QUICK, Row, rows
from bench.table import BRIEF, HEADINGS, Line, markdown

ROOT = Path(__file__).parents[1]


def bench(*arguments: str, timeout_s: float = 110) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.mark.long
def test_rows_of_each_sort_can_be_measured() -> None:
    names = ("fan-out-cpu", "flow-gather", "agents-running", "audit-memory", "waiting-handles")
    done = bench("--quick", "--json", *names)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    assert {*found} == {*names}
    assert all(row["measured"]["median"] >= 0 for row in found.values())


@pytest.mark.trust
@pytest.mark.timeout(900)
def test_every_row_can_be_measured() -> None:
    done = bench("--quick", "--json", timeout_s=800)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    assert list(found) == [row.name for row in rows(QUICK)]
    for name, row in found.items():
        if name.endswith(("-commits", "-syncs")) and row["measured"] is None:
            assert "strace" in row["not_measured"][0]
        else:
            assert row["measured"]["median"] >= 0, row
    if commits := found["sequence-commits"]["measured"]:
        assert commits["median"] == QUICK.more
    assert found["agents-running"]["measured"]["median"] == QUICK.agents
    assert found["waiting-processes"]["measured"]["median"] == 0
    assert found["waiting-handles"]["measured"]["median"] == 0


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_row_can_be_asked_for_by_name() -> None:
    done = bench("--quick", "sequence-commits")
    assert done.returncode == 0, done.stderr
    heading, row, *_ = done.stdout.splitlines()
    assert all(word in heading for word in HEADINGS)
    assert row.startswith(f"synced commits of {QUICK.more} more steps in sequence")
    assert row.endswith("make bench ARGS=sequence-commits")


def test_a_row_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = bench("nonesuch")
    assert done.returncode == 2
    assert "no row nonesuch" in done.stderr
    assert "sequence-cpu" in done.stderr


def test_a_limit_holds_for_the_median_and_may_exclude_itself() -> None:
    by_name = {row.name: row for row in rows(FULL)}
    at_most, under = by_name["sequence-cpu"], by_name["audit-memory"]
    assert at_most.holds(Figure(at_most.limit, 0))
    assert not at_most.holds(Figure(at_most.limit * 1.01, 0))
    assert not under.holds(Figure(under.limit, 0))


def table_in(document: Path) -> list[list[str]]:
    written = document.read_text().split(START)[1].split(END)[0]
    lines = [line for line in written.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_in_the_documents_has_the_rows_that_the_bench_has() -> None:
    table = table_in(COST)
    assert tuple(table[0]) == HEADINGS
    assert {len(cells) for cells in table} == {len(HEADINGS)}
    own = [(row.what, f"`make bench ARGS={row.name}`") for row in rows(FULL)]
    assert [(cells[0], cells[-1]) for cells in table[2:]] == own
    for row, cells in zip(rows(FULL), table[2:], strict=True):
        assert re.fullmatch(r"held( ×\d+\.\d)?|missed", cells[3])
        beside = dict(zip(PEERS, cells[4:-1], strict=True))
        assert {name for name, cell in beside.items() if cell} == set(row.peers)


def test_the_documents_are_written_from_the_figures_that_are_kept() -> None:
    table = "\n".join(markdown(lines_in(rows(FULL))))
    assert into(COST.read_text(), table) == COST.read_text()
    assert svg(curves_in()) == PLOT.read_text()


def test_the_plot_has_a_panel_for_each_shape_and_a_line_for_each_tool() -> None:
    curves, drawn = curves_in(), PLOT.read_text()
    assert tuple(curves) == PANELS
    for panel in ("sequence", "fan-out"):
        assert set(curves[panel]) == {"Smithers", *PEERS}
    ElementTree.fromstring(drawn)
    assert drawn.count("<polyline") == sum(len(lines) for lines in curves.values())


def test_a_part_is_measured_again_and_the_rest_stays(tmp_path: Path) -> None:
    first, second, third, *_ = every = rows(QUICK)

    def measured(row: Row, value: float, setting: str) -> Line:
        figure = Figure(value, value)
        return Line(row=row, figure=figure, peers={}, why=(), setting=setting)

    file = tmp_path / "figures.json"
    keep([measured(row, 1, "Monday") for row in (first, second, third)], file=file)
    keep([measured(second, 2, "Tuesday")], file=file)
    lines = lines_in(every, file)
    found = [line.figure.median for line in lines if line.figure is not None]
    assert found == [1, 2, 1]
    *_, most, _, other = markdown(lines)
    assert (most, other) == ("Measured on Monday.", f"Measured on Tuesday: `{second.name}`.")
    keep(names=[first.name], file=file)
    assert [line.figure is not None for line in lines_in(every, file)][:3] == [True, False, False]


@pytest.mark.skipif(sys.platform != "linux", reason="what is in memory is a tmpfs on Linux alone")
def test_what_is_measured_in_memory_and_on_disk_is_named() -> None:
    memory, disk = file_systems()
    assert disk
    assert memory == "tmpfs" or not Path("/dev/shm").is_dir()


def test_the_readme_shows_four_of_these_rows() -> None:
    whole = {row[0]: [row[2], *row[4:-1]] for row in table_in(COST)}
    own = {row.name: row.what for row in rows(FULL)}
    shown = table_in(README)[2:]
    assert [row[0] for row in shown] == [own[name] for name in BRIEF]
    for what, *figures in shown:
        assert figures == whole[what]


def test_the_table_of_edits_has_what_the_script_measures() -> None:
    table = COMPARE.read_text().split(edits.START)[1].split(edits.END)[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert [row[0].removeprefix("| ") for row in rows] == list(edits.SCENARIOS)
    assert [row[1][0] for row in rows] == ["1", "2", "0", "1"]


@pytest.mark.long
def test_our_half_of_the_table_of_edits_is_what_the_script_measures() -> None:
    found = [len(ours()) for ours, _ in edits.SCENARIOS.values()]
    assert found == [1, 2, 0, 1]


def test_the_table_of_crashes_has_what_the_script_tries() -> None:
    heading, _, *lines = table_in(COMPARE)
    assert heading[1:] == [tool.name for tool in TOOLS]
    assert [line[0] for line in lines] == list(SCENARIOS)


def test_a_killed_run_repeats_the_step_that_was_at_work(tmp_path: Path) -> None:
    first, *_ = SCENARIOS.values()
    assert first(Site(TOOLS[0], tmp_path, within_s=50)) == "one 1, two 1, three 2, four 1, five 1"


def test_what_stands_around_the_table_stays() -> None:
    assert into(f"a\n{START}\nold\n{END}\nb", "new") == f"a\n{START}\nnew\n{END}\nb"
