"""`graph`: the tree of a run, or of a workflow before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, example, known_runs
from smithers.cli._failures import Usage
from smithers.cli._given import file_and_name, names_file
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, shown
from smithers.cli._trees import Drawn, mermaid, of_run, of_workflow, svg, tree_lines
from smithers.errors import StoreError
from smithers.hub import Hub, RunsQuery
from smithers.wire import graph_json

if TYPE_CHECKING:
    import typer

__all__ = ["graph", "register"]


def register(app: typer.Typer) -> None:
    app.command(
        "graph",
        short_help="Draw the tree of a run or of a workflow.",
        help=example(
            "smithers graph r1",
            "smithers graph ship_it.py",
            "smithers graph r1 --mermaid > graph.mmd",
            says="Draw the tree of a run with the state of each node, or of the workflow of a file"
            " as far as it is known before it runs. What ends in .py or .js, or has a slash, is a"
            " file; it is loaded as by `smithers check FILE`.",
        ),
    )(graph)


def graph(
    run: Annotated[
        str,
        Argument(
            metavar="RUN|FILE[:NAME]",
            help="The id of a run, or a file that contains a workflow.",
            show_default=False,
            autocompletion=known_runs,
        ),
    ],
    mermaid_: Annotated[
        bool, Option("--mermaid", help="Print a Mermaid flowchart instead.")
    ] = False,
    svg_: Annotated[bool, Option("--svg", help="Print an SVG image instead.")] = False,
    input: Annotated[
        str | None,
        Option(
            "--input",
            metavar="JSON",
            help="Render the workflow of a file for this input (default: one is made).",
            show_default=False,
        ),
    ] = None,
    json: JsonFlag = False,
    db: Db = None,
) -> int:
    if mermaid_ + svg_ + json > 1:
        raise Usage("choose one of --mermaid, --svg and --json", hint="leave the others out")
    is_file = names_file(run) and not _is_old_run(run, db)
    document, title, root = _of_file(run, input) if is_file else _of_run(run, input, db)
    if json:
        give_json(document)
        return 0
    lines = mermaid(root) if mermaid_ else svg(root) if svg_ else tree_lines(title, root)
    for line in lines:
        give(line)
    return 0


def _is_old_run(given: str, db: Any) -> bool:
    """Whether a run has this name: older runs, and those of tasks, may end as a file does."""
    if "/" in given or Path(file_and_name(given)[0]).exists():
        return False
    try:
        return given in Hub(place(db).path).run_ids(RunsQuery())
    except StoreError:
        return False  # there is no database


_Found = tuple[dict[str, Any], str, Drawn | None]
"""The document, a title, and what is drawn."""


def _of_run(run: str, input: str | None, db: Any) -> _Found:
    if input is not None:
        raise Usage("--input is for the workflow of a file", hint="leave it out: a run has its own")
    found = Hub(place(db).path).graph(run)
    title = f"{found.workflow}  {found.run_id}  {found.status}"
    return graph_json(found), title, of_run(found)


def _of_file(given: str, input: str | None) -> _Found:
    """Raises `AuthorError` or `Refused`, which is the first error of the check."""
    from smithers.cli._checking import check_given, first_error

    file, _ = file_and_name(given)
    found = check_given(given, input)
    if found.report is None:
        raise first_error(found)
    root = found.report["tree"]
    name = found.report["workflow"]
    document = {"version": 1, "file": found.file, "workflow": name, "root": root}
    return document, shown(f"{name}  {file}"), of_workflow(root)
