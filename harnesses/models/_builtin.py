"""The tools that ship: `read`, `write`, `edit`, `grep` and `bash`. None is on by default.

The first four see the working folder of the task and nothing else. `bash` starts there and goes
where its user may go: it is no sandbox. Its environment holds no key of any vendor.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator
from typing import Annotated

from pydantic import Field

from harnesses.models import _folder
from harnesses.models._files import file_of
from harnesses.models._guarded import guarded, said_by, spawned_by
from harnesses.models._tools import Place, Result, tool_of
from smithers.agent import Spawned

__all__ = ["bash", "edit", "grep", "read", "write"]

_SEARCH_S = 20.0
_LINES = 2000
_SHOWN = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf")

_Path = Annotated[str, Field(description="the path of the file, relative to the working folder")]


def _read(
    place: Place,
    path: _Path,
    offset: Annotated[int, Field(ge=1, description="the number of the first line")] = 1,
    limit: Annotated[int, Field(ge=1, le=_LINES, description="the number of lines")] = _LINES,
) -> Result:
    """Read a text file, an image or a PDF of the working folder."""
    with _folder.Folder(str(place.cwd)) as folder:
        data = folder.read(path)
    if path.lower().endswith(_SHOWN):
        return Result(f"contents of {path}", files=(file_of(path, data),))
    if b"\0" in data[:8192]:
        return Result(f"{path} is not a text file", failed=True)
    lines = data.decode("utf-8", "replace").splitlines(keepends=True)
    shown = lines[offset - 1 : offset - 1 + limit]
    text = "".join(shown)
    if len(shown) < len(lines):
        last = offset - 1 + len(shown)
        text += f"\n[these are the lines {offset} to {last} of {len(lines)}]"
    return Result(text)


def _write(place: Place, path: _Path, content: str) -> str:
    """Write a text file of the working folder, whole; its folders are made where they lack."""
    with _folder.Folder(str(place.cwd)) as folder:
        folder.write(path, content.encode("utf-8", "replace"))
    return f"wrote {path}"


def _edit(
    place: Place,
    path: _Path,
    old: Annotated[str, Field(min_length=1, description="the exact text in the file")],
    new: Annotated[str, Field(description="the text that replaces it")],
    everywhere: Annotated[bool, Field(description="replace every occurrence")] = False,
) -> str:
    """Replace a piece of text in a file of the working folder. It must occur once, or say so."""
    with _folder.Folder(str(place.cwd)) as folder:
        before = folder.read(path).decode("utf-8", "surrogateescape")
        found = before.count(old)
        if found == 0:
            raise ValueError(f"the text does not occur in {path}")
        if found > 1 and not everywhere:
            raise ValueError(
                f"the text occurs {found} times in {path}: include more of the surrounding text"
            )
        folder.write(path, before.replace(old, new).encode("utf-8", "surrogateescape"))
    return f"{path} is changed in {found} place{'s' if found > 1 else ''}"


async def _grep(
    place: Place,
    pattern: Annotated[str, Field(description="a regular expression, as in Python's re")],
    path: Annotated[str, Field(description="the folder or file to search")] = ".",
    glob: Annotated[str, Field(description="the names of the files to search, such as *.py")] = "*",
) -> AsyncGenerator[Spawned | Result, None]:
    """Search the files of the working folder for lines that match. Gives file, line and text."""
    asked = json.dumps({"pattern": pattern, "path": path, "glob": glob})
    words = ("-I", "-S", "-X", "utf8", _folder.__file__, str(place.cwd))
    async with guarded(
        sys.executable, *words, argument=asked, cwd=place.cwd, env=place.env
    ) as child:
        text = ended = ""
        for process in await spawned_by(child):
            yield process
        async for told in said_by(child, min(_SEARCH_S, place.limit_s)):
            if isinstance(told, Spawned):
                yield told
            else:
                text, ended = told
    if ended and not ended.startswith("exit code"):
        text = f"{text}\n[{ended}]"
    yield Result(text.strip() or "nothing found", failed=bool(ended))


async def _bash(
    place: Place,
    command: str,
    timeout_s: Annotated[
        int, Field(ge=1, le=600, description="stop after this many seconds")
    ] = 120,
) -> AsyncGenerator[Spawned | Result, None]:
    """Run a command by bash, in the working folder. What it leaves running is ended with it."""
    async with guarded("bash", "-c", argument=command, cwd=place.cwd, env=place.env) as child:
        text = ended = ""
        for process in await spawned_by(child):
            yield process
        async for told in said_by(child, min(timeout_s, place.limit_s)):
            if isinstance(told, Spawned):
                yield told
            else:
                text, ended = told
    yield Result("\n".join(filter(None, (text, f"[{ended}]" if ended else ""))), failed=bool(ended))


read = tool_of(_read, name="read", placed=True)
write = tool_of(_write, name="write", placed=True)
edit = tool_of(_edit, name="edit", placed=True)
grep = tool_of(_grep, name="grep", placed=True)
bash = tool_of(_bash, name="bash", placed=True)
