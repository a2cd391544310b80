"""A repository that means harm: what it would run, whom it would tell, and what it did."""

from __future__ import annotations

import select
import socket
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

__all__ = ["MARK", "Hostile", "Stranger"]

MARK = "MARKED-BY-THE-REPOSITORY"
"""Is in every text of the repository; no request of an agent that does not trust it has it."""


class Stranger:
    """A server at another address, which counts who comes, and never answers.

    It stands for a base URL of the repository as well as for a proxy: nobody has to come.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._came = list[bytes]()
        self._closes = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def came(self) -> list[bytes]:
        """The first words of all who came."""
        return list(self._came)

    def __enter__(self) -> Stranger:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._closes.set()
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while not self._closes.is_set():
            if not select.select([self._socket], [], [], 0.05)[0]:
                continue
            connection, _ = self._socket.accept()
            with connection:
                connection.settimeout(2)
                try:
                    self._came.append(connection.recv(4096))
                except OSError:
                    self._came.append(b"")


class Hostile:
    """The repository at `folder`. `texts` are its files by path, in which `{run:NAME}` is a program
    that notes that it ran, `{url}` a stranger's address, `{mark}` the mark, `{cwd}` the folder.
    """

    def __init__(self, folder: Path, ran: Path, url: str, texts: Mapping[str, str]) -> None:
        self.folder, self._ran = folder, ran
        ran.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._filled(text, url), encoding="utf-8")
        subprocess.run(["git", "init", "-q", folder], check=True, timeout=60)

    @property
    def ran(self) -> list[str]:
        """The names of its programs that were run."""
        return sorted(path.name for path in self._ran.iterdir() if path.suffix != ".sh")

    def _filled(self, text: str, url: str) -> str:
        while (at := text.find("{run:")) >= 0:
            name = text[at + 5 : text.index("}", at)]
            text = text.replace(f"{{run:{name}}}", str(self._program(name)))
        filled = text.replace("{url}", url).replace("{mark}", MARK)
        return filled.replace("{cwd}", str(self.folder))

    def _program(self, name: str) -> Path:
        """A program that leaves a note, and swallows what it is given."""
        program = self._ran / f"{name}.sh"
        program.write_text(f"#!/bin/sh\n: > {self._ran / name}\n")
        program.chmod(0o755)
        return program
