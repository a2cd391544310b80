"""What differs between two runs, or between one run at two frames."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import TYPE_CHECKING

from smithers.naming import node_name
from smithers.texts import from_json
from smithers.values import dataclass
from smithers.views._cost import view_cost
from smithers.views._tasks import task_lines
from smithers.words import count_of

if TYPE_CHECKING:
    from smithers.changes import Failure, Key, Large
    from smithers.sources import SourceFile
    from smithers.views._snapshot import Snapshot
    from smithers.views._tasks import TaskLine

__all__ = ["DiffView", "Difference", "compare"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A part of a run, or of one of its tasks, that is another text; None where it is missing.
    `file` is the path of a file of the source, where their texts are known.
    """

    part: str
    key: Key | None
    old: str | None
    new: str | None
    file: str | None = None

    @property
    def lines(self) -> list[str]:
        """The unified diff of the two texts, without its head."""
        old, new = ((text or "").splitlines() for text in (self.old, self.new))
        return list(unified_diff(old, new, lineterm=""))[2:]


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffView:
    """What differs from the run `old` as of its frame to the run `new` as of its own."""

    old: tuple[str, int]
    new: tuple[str, int]
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        return not self.differences


Parts = Mapping[str, str | None]
_NO_PARTS: Parts = {}


def compare(old: Snapshot, new: Snapshot, *, everything: bool = False) -> DiffView:
    """States, outputs, prompts, the tree and the source: its files, or its digest where they are
    not known. Times, attempts, cost and run ids differ between any two runs: they are compared with
    `everything`.
    """
    found = list(_differences(None, _run(old, everything), _run(new, everything)))
    found += _files(old, new)
    olds, news = _lines(old), _lines(new)
    for key in dict.fromkeys([*olds, *news]):
        parts: list[Parts] = [
            _NO_PARTS if (line := lines.get(key)) is None else _task(snapshot, line, everything)
            for snapshot, lines in ((old, olds), (new, news))
        ]
        if _given(old, key) != _given(new, key):  # a large output is known by its digest
            parts = [
                {**part, "output": _output(snapshot, key)}
                for part, snapshot in zip(parts, (old, new), strict=True)
            ]
        found += _differences(key, *parts)
    return DiffView(
        old=(old.run_id, old.state.frame),
        new=(new.run_id, new.state.frame),
        differences=tuple(found),
    )


def _differences(key: Key | None, old: Parts, new: Parts) -> Iterator[Difference]:
    for part in dict.fromkeys([*old, *new]):
        before, after = old.get(part), new.get(part)
        if before != after:
            yield Difference(part=part, key=key, old=before, new=after)


def _files(old: Snapshot, new: Snapshot) -> Iterator[Difference]:
    """The files of the source that differ."""
    if _knows_files(old) and _knows_files(new):
        before, after = ({one.path: one for one in _source_files(each)} for each in (old, new))
        for path in dict.fromkeys([*before, *after]):
            texts = [_text_of(files.get(path)) for files in (before, after)]
            if texts[0] != texts[1]:
                yield Difference(part="source", key=None, old=texts[0], new=texts[1], file=path)
    elif _digest(old) != _digest(new):
        yield Difference(part="source", key=None, old=_digest(old), new=_digest(new))


def _source_files(snapshot: Snapshot) -> tuple[SourceFile, ...]:
    return () if snapshot.source is None else snapshot.source.files


def _knows_files(snapshot: Snapshot) -> bool:
    return bool(_source_files(snapshot))


def _digest(snapshot: Snapshot) -> str:
    return snapshot.run.source if snapshot.source is None else snapshot.source.source


def _text_of(file: SourceFile | None) -> str | None:
    if file is None or file.text is not None:
        return None if file is None else file.text
    return f"not stored: sha256 {file.digest}"


def _lines(snapshot: Snapshot) -> dict[Key, TaskLine]:
    return {line.key: line for line in task_lines(snapshot)}


def _run(snapshot: Snapshot, everything: bool) -> Parts:
    run, status = snapshot.run, snapshot.state.status
    parts = {
        "status": snapshot.status,
        "workflow": run.workflow,
        "input": _pretty(run.input),
        "tree": "\n".join(_tree(snapshot)),
        "error": _failure(status.error),
        "output": None if status.output is None else _pretty(status.output),
    }
    if everything:
        total = view_cost(snapshot).total
        parts |= {
            "run id": snapshot.run_id,
            "created at": run.created_at.isoformat(),
            "last frame at": snapshot.state.time_of(snapshot.state.frame).isoformat(),
            "usage": _usage(total.tokens_in, total.tokens_out, total.cost),
        }
    return parts


def _tree(snapshot: Snapshot) -> Iterator[str]:
    """Each node on a line, indented by its depth."""
    tree = snapshot.tree
    for id, _ in tree.walk():
        depth = sum(1 for _ in tree.around(id)) - 1
        yield f"{'  ' * depth}{tree.kinds[id]} {node_name(id)}"


def _task(snapshot: Snapshot, line: TaskLine, everything: bool) -> Parts:
    state = snapshot.state
    tries = state.tries.get(line.key, ())
    parts = {
        "state": f"{line.state} (tolerated)" if line.tolerated else line.state,
        "error": _failure(line.error),
        "prompt": snapshot.texts.prompt(tries[-1].serial) if tries else None,
    }
    if everything:
        parts["attempts"] = "\n".join(
            f"attempt {one.number} {one.state}, {one.agent}, {one.started_at.isoformat()}"
            f" to {'now' if one.ended_at is None else one.ended_at.isoformat()}"
            for one in tries
        )
    return parts


def _given(snapshot: Snapshot, key: Key) -> str | Large | None:
    """The output of a task as the state has it."""
    ended = snapshot.state.ended.get(key)
    return None if ended is None else ended.output


def _output(snapshot: Snapshot, key: Key) -> str | None:
    ended = snapshot.state.ended.get(key)
    if ended is None or ended.output is None:
        return None
    return _pretty(snapshot.texts.output(key, ended))


def _usage(tokens_in: int, tokens_out: int, cost: object) -> str:
    money = "" if cost is None else f", {cost} USD"
    return f"{count_of(tokens_in, 'token')} in, {tokens_out} out{money}"


def _failure(error: Failure | None) -> str | None:
    return None if error is None else f"{error.kind}: {error.message}"


def _pretty(text: str) -> str:
    """JSON text as lines that can be compared; a text is its own lines."""
    value = from_json(text)
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
