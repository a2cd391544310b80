"""Metrics in a file, as the textfile collector of node_exporter reads them."""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from smithers.cli._failures import Usage
from smithers.cli._streams import say, shown
from smithers.errors import Refused, SmithersError
from smithers.hub import Hub

__all__ = ["check_metrics_file", "keep_writing", "write_metrics"]

_EVERY_S = 15.0
_READABLE = 0o644


def check_metrics_file(path: Path) -> None:
    """Refuse a file that would not be read, or cannot be made."""
    if path.suffix != ".prom":
        raise Usage(
            f"--metrics-file {path} does not end in .prom",
            hint="node_exporter reads only such files: name it, for example, smithers.prom",
        )
    if not path.parent.is_dir():
        raise Usage(
            f"--metrics-file {path}: there is no folder {path.parent}",
            hint="name a file in the folder of node_exporter's --collector.textfile.directory",
        )


def write_metrics(hub: Hub, path: Path) -> None:
    """Replace the file in one step, so that nobody reads half of it. Other users may read it.

    Raises `Refused`.
    """
    page, _ = hub.metrics_page()
    try:
        # A name that does not end in .prom is not collected.
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(page)
                os.fchmod(file.fileno(), _READABLE)
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise Refused(
            f"{path} cannot be written: {error.strerror}",
            hint="choose a folder with free space that this user may write to",
        ) from error


async def keep_writing(hub: Hub, path: Path, every_s: float = _EVERY_S) -> None:
    """Write the file again and again, until this is cancelled. A failure is said once, and tried
    again.
    """
    last = ""
    while True:
        try:
            await asyncio.to_thread(write_metrics, hub, path)
            last = ""
        except SmithersError as error:
            if error.said != last:
                say(f"metrics are not written: {shown(error.said)}")
            last = error.said
        await asyncio.sleep(every_s)
