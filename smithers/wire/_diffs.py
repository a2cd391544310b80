"""What differs between two runs, and the source of a run, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.texts import object_from

if TYPE_CHECKING:
    from smithers.sources import SourceView
    from smithers.views import Difference, DiffView
    from smithers.wire._values import Json

__all__ = ["diff_json", "source_json"]


def diff_json(view: DiffView) -> Json:
    return {
        "version": 1,
        "old": {"run_id": view.old[0], "frame": view.old[1]},
        "new": {"run_id": view.new[0], "frame": view.new[1]},
        "equal": view.equal,
        "differences": [_difference(one) for one in view.differences],
    }


def _difference(one: Difference) -> Json:
    return {
        "task": None if one.key is None else one.key.id,
        "iteration": [] if one.key is None else list(one.key.path),
        "part": one.part,
        "file": one.file,
        "old": one.old,
        "new": one.new,
        "diff": one.lines,
    }


def source_json(view: SourceView) -> Json:
    return {
        "version": 1,
        "run_id": view.run_id,
        "frame": view.frame,
        "source": view.source,
        "about": object_from(view.about) or {},
        "files": [{"path": one.path, "digest": one.digest, "text": one.text} for one in view.files],
    }
