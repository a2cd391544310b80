"""`init`: workflows worth running, and what agents need to know of them, as files of a project."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import JsonFlag, Option, example
from smithers.cli._failures import Usage
from smithers.cli._streams import give, give_json, paint, say, shown
from smithers.texts import near_name

if TYPE_CHECKING:
    import typer

    from smithers.cli._pack import Outcome, PackFile, Planned

__all__ = ["register"]

_COLOURS: dict[Outcome, str] = {"created": "green", "updated": "green", "edited": "yellow"}


def register(app: typer.Typer) -> None:
    app.command(
        "init",
        short_help="Add workflows to a project, and what agents must know of them.",
        help=example(
            "smithers init",
            "smithers init --dry-run",
            "smithers init --template fix_until_green",
            says="Write workflows to .smithers/workflows in this folder, settings to"
            " smithers.toml, and skills and instructions for agents, and list each"
            " file. A file that `smithers init` did not write, or that was edited since,"
            " is left as it is; the others are updated. Doing it twice changes nothing.",
        ),
    )(init)


def init(
    template: Annotated[
        str | None,
        Option(
            "--template",
            metavar="NAME",
            help="Write this workflow only, with what it needs.",
            show_default=False,
        ),
    ] = None,
    list_templates: Annotated[
        bool, Option("--list", help="List the available workflows, and write nothing.")
    ] = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="List what would be written, and write nothing.")
    ] = False,
    json: JsonFlag = False,
) -> int:
    from smithers.cli._pack import plan, read_pack, write

    pack = read_pack()
    templates = {one.template: one for one in pack if one.template is not None}
    if list_templates:
        _list(templates, json)
        return 0
    if template is not None:
        pack = _only(template, templates, pack)
    folder = Path.cwd()
    planned = plan(folder, pack)
    if not dry_run:
        write(folder, planned)
    if json:
        give_json(_as_json(folder, planned, dry_run))
        return 0
    _show(planned, dry_run)
    return 0


def _only(template: str, templates: dict[str, PackFile], pack: list[PackFile]) -> list[PackFile]:
    name = template.removesuffix(".py").replace("-", "_")
    if name not in templates:
        near = near_name(name, list(templates), cutoff=0.5)
        hint = f"did you mean {near}?" if near else "list them with `smithers init --list`"
        raise Usage(f"there is no template {template!r}", hint=hint)
    return [one for one in pack if one.always or one.template == name]


def _list(templates: dict[str, PackFile], json: bool) -> None:
    if json:
        found = [{"name": name, "summary": one.summary} for name, one in templates.items()]
        give_json({"version": 1, "templates": found})
        return
    width = max(map(len, templates))
    for name, one in templates.items():
        give(f"{paint(name.ljust(width), 'bold', sys.stdout)}  {one.summary}")


def _as_json(folder: Path, planned: list[Planned], dry_run: bool) -> dict[str, object]:
    files = [{"path": str(one.file.target), "outcome": one.outcome} for one in planned]
    return {"version": 1, "folder": str(folder), "written": not dry_run, "files": files}


def _show(planned: list[Planned], dry_run: bool) -> None:
    for one in planned:
        outcome = one.outcome.ljust(9)
        if colour := _COLOURS.get(one.outcome):
            outcome = paint(outcome, colour, sys.stdout)
        give(f"{outcome}  {shown(str(one.file.target))}")
    for outcome, why in (
        ("edited", "was edited after `smithers init` wrote it"),
        ("present", "was there before"),
    ):
        for one in planned:
            if one.outcome == outcome and not one.file.section:
                say(shown(f"{one.file.target} {why}, so it is left as it is"))
    sections = [one.file for one in planned if one.file.section and one.outcome == "present"]
    for file in sections:
        say(shown(f"{file.target} is yours and is left as it is; you may add this section:"))
    if sections:
        say(sections[0].text.strip())
    if dry_run:
        say("nothing was written: this was a dry run")
    else:
        say("list the workflows with `smithers workflows`; commit these files to share them")
        targets = (str(one.file.target) for one in planned)
        workflows = [one for one in targets if "/workflows/" in one and "/_" not in one]
        if workflows:
            what = shown(workflows[0])
            say(f"without an account, `smithers up {what} --dry-run` shows what one would do")
