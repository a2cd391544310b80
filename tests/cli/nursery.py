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
from typing import Any

import typer.main

from smithers.cli import main

__all__ = ["COMMANDS", "build_once", "serve"]

COMMANDS = (
    *("smithers.cli._app", "smithers.cli._driving", "smithers.cli._plain", "smithers.cli._main"),
    *("smithers.engine.deciding", "smithers.engine.driving", "smithers.engine.replying"),
    *("smithers.engine.attempts.agent_attempt", "smithers.engine.attempts.next_agent"),
    *("smithers.reports._snapshot", "smithers.settings.keys", "smithers.views._why"),
    *("harnesses.echo", "pydantic", "typer._adapters", "typer._click.decorators"),
)
"""What most commands import."""
_WARM = (
    *COMMANDS,
    *("smithers.doctor", "harnesses.claude_code", "harnesses._checkups"),
    *("concurrent.futures.thread", "email.parser"),
)


def serve() -> None:
    """Run what is asked for, one after the other, until stdin ends."""
    for name in _WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
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
    _write_methods()
    gc.collect()
    gc.freeze()


def _write_methods() -> None:
    """Those of our dataclasses, which are else written when they are first used."""
    ours = [module for name, module in sys.modules.items() if name.startswith("smithers.")]
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
