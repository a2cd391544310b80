"""The files that a task has changed, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.wire._values import optional_time

if TYPE_CHECKING:
    from smithers.views import ChangedFiles
    from smithers.wire._values import Json

__all__ = ["changed_files_json"]


def changed_files_json(view: ChangedFiles) -> Json:
    return {
        "folder": view.folder,
        "base": view.base,
        "since": optional_time(view.since),
        "until": optional_time(view.until),
        "files": [
            {
                "path": one.path,
                "change": one.change,
                "named": one.is_named,
                "diff": one.diff,
                "note": one.note or None,
            }
            for one in view.files
        ],
        "later": list(view.later),
        "note": view.note or None,
    }
