"""The files of one folder and none beyond it. Standard library only, and a program as well.

    python -I -S _folder.py FOLDER -- JSON     searches; the JSON is {"pattern", "path", "glob"}

A path is walked name by name, each opened below the one before and never through a symbolic link
(`O_NOFOLLOW`), so that nobody can swap a folder for a link between the check and the use. A link is
read and walked in the same way, so one that stays inside works and one that leads out is refused.
The search is a program of its own because a regular expression may run for ever, and would hold the
whole of an interpreter while it does.
"""

from __future__ import annotations

import errno
import fnmatch
import json
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator

__all__ = ["Folder", "Outside"]

_MOST_LINKS = 40
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_SEARCHED = {".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"}
_MOST_BYTES = 10_000_000
_MOST_HITS = 200
_LINE_CHARS = 300


class Outside(OSError):
    """A path that leads out of the folder."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EACCES, "is outside the working folder", path)


class Folder:
    """A folder that is held open; paths are relative to it, or absolute ones below it."""

    def __init__(self, path: str) -> None:
        self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._names = [os.path.abspath(path), os.path.realpath(path)]

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._root)

    def read(self, path: str) -> bytes:
        """The bytes of a regular file. Raises `OSError`."""
        folder, name = self._parent(path)
        try:
            return _read(folder, name, path)
        finally:
            os.close(folder)

    def write(self, path: str, data: bytes) -> None:
        """Puts `data` in the place of the file, in one step; makes the folders that lack."""
        folder, name = self._parent(path, make=True)
        draft = f".{secrets.token_hex(8)}.part"
        try:
            mode = _mode(folder, name, path)
            written = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC,
                              0o666, dir_fd=folder)  # fmt: skip
            try:
                with open(written, "wb") as file:
                    file.write(data)
                    if mode is not None:
                        os.fchmod(file.fileno(), mode)
                os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(draft, dir_fd=folder)
                raise
        finally:
            os.close(folder)

    def search(self, pattern: re.Pattern[str], path: str, glob: str) -> Iterator[str]:
        """`file:line: text` for each line that fits, of files below `path` named like `glob`."""
        parts, opened = self._walk(path)
        name, shown = parts[-1] if parts else "", "/".join(parts)
        try:
            info = os.stat(name or ".", dir_fd=opened[-1], follow_symlinks=False)
            if stat.S_ISREG(info.st_mode):
                yield from _lines(pattern, _read(opened[-1], name, path), shown)
                return
            if name:
                opened.append(os.open(name, _FOLDER, dir_fd=opened[-1]))
            for below, folders, files, fd in os.fwalk(".", dir_fd=opened[-1]):
                folders[:] = sorted(set(folders) - _NOT_SEARCHED)
                for file in sorted(files):
                    where = os.path.normpath(os.path.join(shown, below, file))
                    if fnmatch.fnmatch(file, glob) or fnmatch.fnmatch(where, glob):
                        try:
                            data = _read(fd, file, where)
                        except OSError:
                            continue
                        yield from _lines(pattern, data, where)
        finally:
            _close(opened, down_to=-1)

    def _parent(self, path: str, *, make: bool = False) -> tuple[int, str]:
        """The folder of a file, opened, and the name of the file in it, which is no link."""
        parts, opened = self._walk(path, make=make)
        folder = opened.pop()
        _close(opened, down_to=-1)
        if not parts:
            os.close(folder)
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        return folder, parts[-1]

    def _walk(self, path: str, *, make: bool = False) -> tuple[list[str], list[int]]:
        """The names that lead to `path`, and the open folders that these stand in."""
        waiting = self._parts(path, path)
        names: list[str] = []
        opened = [os.dup(self._root)]
        links = 0
        try:
            while waiting:
                name = waiting.pop(0)
                if name == "..":
                    if not names:
                        raise Outside(path)
                    names.pop()
                    _close(opened, down_to=len(names))
                    continue
                if len(opened) <= len(names):
                    opened.append(_opened(opened[-1], names[-1], make))
                if (target := _link(opened[-1], name)) is not None:
                    links += 1
                    if links > _MOST_LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                    if os.path.isabs(target):
                        names.clear()
                    _close(opened, down_to=len(names))
                    waiting = [*self._parts(target, path), *waiting]
                    continue
                names.append(name)
        except BaseException:
            _close(opened, down_to=-1)
            raise
        return names, opened

    def _parts(self, path: str, asked: str) -> list[str]:
        if "\0" in path:
            raise Outside(asked)
        if os.path.isabs(path):
            fits = [one for one in self._names if path == one or path.startswith(f"{one}/")]
            if not fits:
                raise Outside(asked)
            path = path[len(max(fits, key=len)) :]
        return [name for name in path.split("/") if name not in ("", ".")]


def _close(opened: list[int], *, down_to: int) -> None:
    """Closes the folders below the one that the name number `down_to` stands in; -1: all."""
    while len(opened) > (max(down_to, 1) if down_to >= 0 else 0):
        os.close(opened.pop())


def _opened(folder: int, name: str, make: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
        os.mkdir(name, dir_fd=folder)
        return os.open(name, _FOLDER, dir_fd=folder)


def _link(folder: int, name: str) -> str | None:
    """Where a link leads; None where `name` is no link, or nothing at all."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


def _mode(folder: int, name: str, path: str) -> int | None:
    """The permissions of the file that is there, if one is."""
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(info.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", path)
    return stat.S_IMODE(info.st_mode)


def _read(folder: int, name: str, path: str) -> bytes:
    with open(os.open(name, _FILE, dir_fd=folder), "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", path)
        if info.st_size > _MOST_BYTES:
            raise OSError(errno.EFBIG, "is larger than 10 MB", path)
        return file.read(_MOST_BYTES)


def _lines(pattern: re.Pattern[str], data: bytes, name: str) -> Iterator[str]:
    if b"\0" in data[:8192]:
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if pattern.search(line):
            yield f"{name}:{number}: {line[:_LINE_CHARS]}"


def main() -> None:
    asked = json.loads(sys.argv[-1])
    try:
        with Folder(sys.argv[1]) as folder:
            found = folder.search(re.compile(asked["pattern"]), asked["path"], asked["glob"])
            for number, line in enumerate(found):
                if number == _MOST_HITS:
                    print("[there is more: narrow the search]")  # noqa: T201
                    break
                print(line)  # noqa: T201
    except re.error as error:
        sys.exit(f"the pattern is not a regular expression: {error}")
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
