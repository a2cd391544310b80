"""The parts of a task's page: edits of calls, outputs as fields, and files that are kept."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from smithers.texts import json_text
from smithers.views import ChangedFile, ChangedFiles
from smithers.web.pages._edits import edits_of
from smithers.web.pages._known_files import KnownFiles
from smithers.web.pages._outputs import output_of

_PATCH = """*** Begin Patch
*** Update File: a.py
@@ def f():
 one
-two
+2
*** Add File: b.py
+new
*** End Patch"""


def _rows(arguments: dict[str, Any]) -> list[tuple[str, str]]:
    """Each file of a call with its changed lines."""
    signs = {"added": "+", "removed": "-"}
    return [
        (part.file, "".join(signs[row.kind] + row.text for row in part.rows if row.kind in signs))
        for part in edits_of(arguments)
    ]


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (
            {"file_path": "a.py", "old_string": "one\ntwo", "new_string": "one\n2"},
            ["a.py", "-two+2"],
        ),
        ({"path": "a.py", "oldText": "two", "newText": "2"}, ["a.py", "-two+2"]),
        ({"path": "a.py", "edits": [{"old_text": "two", "new_text": "2"}]}, ["a.py", "-two+2"]),
        ({"file_path": "a.py", "content": "one\ntwo\n"}, ["a.py", "+one+two"]),
        ({"changes": [{"path": "a.py", "kind": "add", "diff": "one\n"}]}, ["a.py", "+one"]),
        ({"changes": [{"path": "a.py", "diff": "@@ -1 +1 @@\n-two\n+2"}]}, ["a.py", "-two+2"]),
        ({"input": _PATCH}, ["a.py", "-two+2", "b.py", "+new"]),
    ],
)
def test_an_edit_is_recognized_by_the_form_of_its_arguments(
    arguments: dict[str, Any], rows: list[str]
) -> None:
    assert [text for one in _rows(arguments) for text in one] == rows


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": "ls", "description": "lists"},
        {"path": "a.py"},
        {"content": "a message without a file"},
        {"edits": "none", "changes": [1, None, {"path": "a.py"}]},
        {"changes": [{"changes": [{"path": "a.py", "content": "too deep"}]}]},
        {"diff": "@@ -1 +1 @@\n-a\n+b"},
    ],
)
def test_other_calls_are_not_edits(arguments: dict[str, Any]) -> None:
    assert edits_of(arguments) == []


def test_an_edit_of_a_long_text_is_cut_and_not_compared() -> None:
    old, new = ("\n".join(f"{word} {n}" for n in range(50_000)) for word in ("old", "new"))
    [part] = edits_of({"path": "a.py", "old_string": old, "new_string": new})
    assert 400 < part.added < 3_000
    assert 400 < part.removed < 3_000


def test_a_long_output_is_shown_in_part() -> None:
    found = output_of(json_text({"a": "x" * 150_000, "b": "y" * 100_000, "c": ["z"]}))
    shown = {one.name: sum(len(part.text) for part in one.parts) for one in found.fields}
    assert shown == {"a": 150_000, "b": 50_000}
    assert found.left_out == 50_000 + len(json_text(["z"], indent=2))
    assert len(output_of(json_text({str(n): n for n in range(5_000)})).fields) == 200


def _files(size: int) -> ChangedFiles:
    one = ChangedFile(path="a.py", change="changed", diff="x" * size)
    return ChangedFiles(folder="/x", files=(one,))


def test_files_are_looked_for_once_by_all_who_ask_at_the_same_time() -> None:
    looked, known, is_looking, go_on = (
        list[int](),
        KnownFiles(),
        threading.Event(),
        threading.Event(),
    )

    def look() -> ChangedFiles:
        looked.append(1)
        is_looking.set()
        assert go_on.wait(30)
        return _files(10)

    found = list[ChangedFiles | None]()
    threads = [
        threading.Thread(target=lambda: found.append(known.find(("r1",), look))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert is_looking.wait(30)
    assert known.find(("r2",), lambda: None) is None  # another task does not wait for them
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert (len(looked), found) == (1, [_files(10)] * 4)


def test_files_are_kept_for_a_time_and_up_to_a_size() -> None:
    now = [0.0]
    known = KnownFiles(clock=lambda: now[0], most_bytes=10_000)

    def took_a_second() -> ChangedFiles:
        now[0] += 1.0
        return _files(3_000)

    known.find(("r1",), took_a_second)
    assert known.find(("r1",), lambda: None) == _files(3_000)
    now[0] += 3.9  # four times as long as the look took
    assert known.find(("r1",), lambda: None) == _files(3_000)
    now[0] += 0.2
    assert known.find(("r1",), lambda: None) is None
    for number in range(20):
        known.find((str(number),), lambda: _files(3_000))
        assert known.size <= 10_000
    assert known.find(("19",), lambda: None) == _files(3_000)
    assert known.find(("0",), lambda: None) is None


def test_a_look_that_fails_is_made_again() -> None:
    known = KnownFiles()

    def fail() -> None:
        raise OSError("git")

    with pytest.raises(OSError, match="git"):
        known.find(("r1",), fail)
    assert known.find(("r1",), lambda: _files(1)) == _files(1)
