"""What a resume asks of an edit that a run with `--hot` has found, or that came after its owner.

Such an edit waits for a person, and the next owner does not take it instead. A person who names the
file, as `smithers up FILE --run-id RUN --resume` does, has decided.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smithers import waits
from smithers.changes import Frame, WaitClosed, WaitOpened
from smithers.engine.gate_texts import lost_texts
from smithers.engine.importing import Imports
from smithers.engine.replying import given_answers
from smithers.errors import Refused
from smithers.naming import first_names
from smithers.shapes import asks_person, runs_command
from smithers.sources import Sources, read_sources
from smithers.state import RunState
from smithers.store import History, RunRow, Store
from smithers.texts import object_from

__all__ = ["check_edit", "check_gone"]


async def check_edit(store: Store, history: History, *, is_attended: bool) -> None:
    """Raise `Refused` if the files have an edit now that waits for a person, or was denied; without
    a person also for one that takes a gate away from a run with `--hot`. Nothing is imported.
    """
    run, found = history.run, _last_question(history.frames)
    if found is not None:
        number, opened, closed = found
        answer = None if closed is None else closed.answer
        if closed is None:
            answer = await _given(store, history, number)
        now = _read(run, opened.on[1:])
        if now is None or await _is_restored(store, run, opened.on[1:]):
            return
        decision: dict[str, Any] = object_from(answer or "null") or {}
        is_asked = now.digest == opened.on[0]
        is_approved = is_asked and bool(decision.get("approved"))
        if is_approved and closed is None:
            return
        if not is_approved and (closed is None or (is_asked and answer is not None)):
            raise _refused(run, decision)
        # An approval that an owner has taken was for that time: another edit may have come since.
    if run.is_hot and not is_attended:
        await _check_gates(store, run)


def _last_question(
    frames: Sequence[Frame],
) -> tuple[int, WaitOpened, WaitClosed | None] | None:
    """The last edit that a person was asked about, and its frame; how it ended, if it has."""
    closed: WaitClosed | None = None
    for frame in reversed(frames):
        for change in reversed(frame.changes):
            match change:
                case WaitClosed() if (change.key, change.kind) == waits.THE_EDIT:
                    closed = closed or change
                case WaitOpened() if (change.key, change.kind) == waits.THE_EDIT:
                    if closed is not None and closed.opened != frame.number:
                        closed = None
                    return frame.number, change, closed
                case _:
                    pass
    return None


async def _given(store: Store, history: History, opened: int) -> str | None:
    """An answer that no owner has taken yet."""
    key, _ = waits.THE_EDIT
    return (await given_answers(store, history)).get((key, opened))


def _read(run: RunRow, paths: Sequence[str]) -> Sources | None:
    """Those of the files that are there; None without that of the workflow: the load says so."""
    file = Path(run.file)
    found = (file.parent / path for path in paths)
    try:
        return read_sources([one for one in found if one == file or one.is_file()], file.parent)
    except OSError:
        return None


async def _is_restored(store: Store, run: RunRow, asked: Sequence[str]) -> bool:
    """Whether the files are those that the run has, and none that was asked about is imported
    beside them.
    """
    before = [one.path for one in await store.files(run.source)] or asked
    now = _read(run, before)
    if now is None or now.digest != run.source:
        return False
    file = Path(run.file)
    imported = {one.relative_to(file.parent).as_posix() for one in Imports(file).files}
    return not imported & ({*asked} - {*before})


def _refused(run: RunRow, decision: dict[str, Any]) -> Refused:
    name, quoted = Path(run.file).name, shlex.quote(run.run_id)
    if decision:
        return Refused(
            f"the edit of {name} was denied by {decision.get('by')}",
            hint=f"restore {name}; or to take it, type"
            f" `smithers up {shlex.quote(run.file)} --run-id {quoted} --resume`",
        )
    return Refused(
        f"an edit of {name} waits for a person's decision",
        hint=f"`smithers why {quoted}` shows it; type `smithers approve {quoted} 'the run'`,"
        f" or `smithers deny {quoted} 'the run'`, or restore {name}",
    )


async def _check_gates(store: Store, run: RunRow) -> None:
    before = await store.files(run.source)
    now = _read(run, [one.path for one in before]) if before else None
    if now is None or now.digest == run.source:
        return
    if lost := list(lost_texts(before, now.files)):
        raise _unattended(run, "; ".join(lost))


def check_gone(run: RunRow, state: RunState, gone: Sequence[str]) -> None:
    """Raise `Refused` if one of the tasks that have left the tree is a gate; nobody is there."""
    kinds = {id: row.kind for id in gone if (row := state.gone.get(id)) is not None}
    if lost := [id for id, kind in kinds.items() if asks_person(kind) or runs_command(kind)]:
        raise _unattended(run, f"it takes {first_names(lost)} away")


def _unattended(run: RunRow, why: str) -> Refused:
    return Refused(
        f"an edit of {Path(run.file).name} waits for a person: {why}",
        hint=f"to take it, type `smithers resume {shlex.quote(run.run_id)}`",
    )
