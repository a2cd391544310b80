"""A folder with a database of an awkward name, and commands that are typed as a hint has them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.command import FLOWS, Said, smithers

__all__ = ["DATABASE", "HEAD", "Shell", "error_of"]

DATABASE = "my runs.db"
HEAD = """\
from pathlib import Path
from pydantic import BaseModel
from harnesses import ClaudeCode, Echo
from smithers import *

echo = Echo()


class Brief(BaseModel):
    topic: str = "whales"


"""
_TYPED = re.compile(r"^(?:next|then): (smithers .*)$|`(smithers [^`]*)`", re.MULTILINE)


@dataclass(frozen=True)
class Shell:
    folder: Path

    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
        return smithers(self.folder, *arguments, "--db", DATABASE, env=env)

    def bare(self, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
        """A command as it is typed, without the database."""
        return smithers(self.folder, *arguments, env=env)

    def write(self, body: str, name: str = "flow.py") -> None:
        """A file of workflows; `body` begins with a decorator."""
        (self.folder / name).write_text(HEAD + body)

    def up(self, flow: str, run_id: str = "r1", *arguments: str) -> Said:
        """A run of one of the workflows of the tests of the command line."""
        return self("up", f"{FLOWS}:{flow}", "--run-id", run_id, "--linger", "0", *arguments)

    def typed(self, said: Said) -> list[str]:
        """The commands that were printed, in their order."""
        return [next(filter(None, found)) for found in _TYPED.findall(said.err + said.out)]

    def follow(self, said: Said, **filled: str) -> Said:
        """Type the last command that was printed, with the placeholders that it has filled in."""
        command = self.typed(said)[-1]
        for name, value in filled.items():
            assert name in command, command
            command = command.replace(name, shlex.quote(value))
        words = shlex.split(command)
        assert words[0] == "smithers"
        return smithers(self.folder, *words[1:])


def error_of(said: Said) -> str:
    """What a command said of its error, or of the failures of its run, without the hint."""
    lines = said.err.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    return errors[0] if errors else "\n".join(line for line in lines if line.startswith("  "))
