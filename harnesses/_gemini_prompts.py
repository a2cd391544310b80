"""Prompts as Gemini CLI reads them: what it would interpret is given to it as a command of ours.

It expands `@file` anywhere in a text, and runs a text that begins with `/` as a command. The text
that a command gives is expanded by neither. So such a prompt is the text of a command in our home,
of a name that nobody can guess, and what is written to stdin is its name.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from harnesses import _state

__all__ = ["command_text", "given_as_text"]

_ENDING = ".toml"
_NOTHING = "!{}"
"""A command may have the output of shell commands in its text; this one is none, and gives none."""


@contextmanager
def given_as_text(prompt: str, home: Path | None) -> Generator[str | None, None, None]:
    """What to write to stdin in place of the prompt, if anything. Without a home, no file is made.

    Raises `MachineError` if the command cannot be kept.
    """
    if "@" not in prompt and not prompt.startswith("/"):
        yield None
        return
    name = f"smithers-{uuid.uuid4().hex}"
    if home is None:
        yield f"/{name}"
        return
    command = home / ".gemini" / "commands" / (name + _ENDING)
    try:
        command.parent.mkdir(mode=0o700, exist_ok=True)
        command.touch(mode=0o600, exist_ok=False)
        command.write_text(command_text(prompt), encoding="utf-8", errors="replace")
    except OSError as error:
        raise _state.not_kept(error, command.parent, "the prompt cannot be stored") from error
    try:
        yield f"/{name}"
    finally:
        command.unlink(missing_ok=True)


def command_text(prompt: str) -> str:
    r"""The file of a command that gives exactly this text.

    `!{…}`, `@{…}` and `{{args}}` mean something in it, so none of them may appear in it whole.

    >>> command_text("a!{b}")
    'prompt = "a!!{}{b}"\n'
    """
    parted = re.sub(r"([!@])\{", rf"\1{_NOTHING}{{", prompt)
    parted = parted.replace("{{args}}", f"{{{{{_NOTHING}args}}}}")
    quoted = json.dumps(parted, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"prompt = {quoted}\n"
