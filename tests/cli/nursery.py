"""A process that has imported the command already, and forks one that runs it for each request.

Start-up is most of what a command costs, and is tested by itself; here it is paid once. Requests
and answers are JSON lines on stdin and stdout.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import typer.main

from smithers.adapters import installed
from smithers.cli import main
from smithers.engine.syntax import keep_text, node_of

__all__ = ["build_once", "import_once", "parse_once", "serve"]

_OURS = ("smithers.", "harnesses.")
_WHOLE = ("smithers.engine", "smithers.reports", "smithers.store", "smithers.views")
_PARTS = (
    *("smithers.cli._app", "smithers.cli._driving", "smithers.cli._plain", "smithers.cli._main"),
    *("smithers.cli._saying", "smithers.settings.keys"),
    *("harnesses.echo", "pydantic", "pydantic._internal._dataclasses"),
    *("typer._adapters", "typer._click.decorators"),
)


def import_once(*more: str) -> None:
    """What most commands import."""
    inner = (walk_packages(importlib.import_module(name).__path__, f"{name}.") for name in _WHOLE)
    for name in (*(one.name for each in inner for one in each), *_PARTS, *more):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def serve() -> None:
    """Run what is asked for, one after the other, until stdin ends."""
    import_once("smithers.doctor", "harnesses.claude_code", "harnesses._checkups", "email.parser")
    parse_once(Path(__file__).parent.glob("*flows.py"))
    build_once()
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(request)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(json.dumps(os.waitstatus_to_exitcode(status)) + "\n")
        sys.stdout.flush()


def build_once() -> None:
    """Make what typer makes of all commands anew for each, and let forks share the memory."""
    from smithers.cli._app import app
    from smithers.cli._mcp import register_clients

    register_clients()
    typer.main.__dict__["get_command"] = once = functools.cache(typer.main.get_command)
    once(app)
    installed()
    _write_methods()
    gc.collect()
    gc.freeze()


def parse_once(files: Iterable[Path]) -> None:
    """Parse the files of the steps of many commands; one that is edited is parsed again."""
    for file in files:
        keep_text(str(file), file.read_bytes())
        node_of(compile("", file, "exec"))


def _write_methods() -> None:
    """Those of our dataclasses, which are else written when they are first used."""
    ours = [module for name, module in sys.modules.items() if name.startswith(_OURS)]
    for one in [one for module in ours for one in vars(module).values()]:
        if isinstance(one, type) and dataclasses.is_dataclass(one):
            for name in ("__init__", "__eq__", "__hash__"):
                getattr(one, name)


def _run(request: dict[str, Any]) -> None:
    code: object = 70
    try:
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        for fd, name, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, request["out"], os.O_WRONLY | os.O_CREAT),
            (2, request["err"], os.O_WRONLY | os.O_CREAT),
        ):
            os.dup2(os.open(name, flags), fd)
        signal.alarm(request["within_s"])
        sys.argv = ["smithers", *request["arguments"]]
        main()
    except SystemExit as done:
        code = done.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    serve()
