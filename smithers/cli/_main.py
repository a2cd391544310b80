"""What surrounds every command: errors, broken pipes, Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from smithers.callers import Origin, called_from
from smithers.cli._failures import REFUSED, OnlyHelp, error_data, tell
from smithers.cli._places import current_folder
from smithers.cli._signals import SIGNALS
from smithers.cli._streams import give_json, prepare, quiet_end, say
from smithers.cli._user import complete_user
from smithers.errors import Refused, SmithersError

__all__ = ["run"]


_NEED_NO_FOLDER = frozenset({"--help", "-h", "--version", "-V"})


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    prepare()
    complete_user(os.environ)
    try:
        with called_from(Origin(face="command line")):
            code = _told(arguments)
        _mention_copies()
        sys.stdout.flush()
    except BrokenPipeError:
        quiet_end()
        return 0
    except KeyboardInterrupt as error:
        return _interrupted(arguments, getattr(error, "number", signal.SIGINT))
    return code


def _interrupted(arguments: Sequence[str], number: int) -> int:
    """Tell that a signal ended the command before it was done."""
    name = signal.Signals(number).name
    with SIGNALS.handled(SIGNALS.note):
        if _wants_json(arguments):
            with contextlib.suppress(BrokenPipeError, Refused):
                _give(InterruptedError(f"stopped by {name}"), arguments)
        say("interrupted" if number == signal.SIGINT else f"stopped by {name}")
    return 128 + number


def _mention_copies() -> None:
    """Say on stderr where something was read from a private copy, and why."""
    if "smithers.store.looking" in sys.modules:  # else nothing was read
        from smithers.store.looking import copies

        for why in copies.values():
            say(f"note: read from a private copy: {why}")


def _told(arguments: Sequence[str]) -> int:
    """The command's own code, or an error told to whom it concerns."""
    try:
        return _command(arguments)
    except BrokenPipeError:
        raise
    except OnlyHelp as help:
        say(str(help))
    except Exception as raised:
        error = _blamed(raised) or raised
        if _wants_json(arguments):
            with contextlib.suppress(BrokenPipeError, Refused):
                _give(error, arguments)
        tell(error)
    return REFUSED


def _blamed(error: Exception) -> Refused | None:
    """The words for an error that comes from another distribution in one of our packages."""
    if isinstance(error, SmithersError):
        return None
    from _smithers_orchestrator.damage import blame

    damage = blame(error)
    return Refused(damage.said, hint=damage.hint) if damage else None


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether that is said to us, and not to the program that `record` runs."""
    records = arguments[:1] == ["record"] or arguments[:2] == ["harness", "record"]
    return not records and not {"--json", "--events"}.isdisjoint(arguments)


def _command(arguments: Sequence[str]) -> int:
    if arguments and _NEED_NO_FOLDER.isdisjoint(arguments):
        current_folder()  # every command says so alike, and before it does anything
    from smithers.cli._plain import plain_call

    if (plain := plain_call(arguments)) is not None:
        return plain()
    from smithers.cli._app import call

    return call(arguments)


def _give(error: Exception, arguments: Sequence[str]) -> None:
    """The one document of a command that could not do its work."""
    if arguments[0] not in ("up", "resume"):
        give_json({"version": 1, "error": error_data(error)})
        return
    from smithers.cli._ending import failure
    from smithers.wire import end_json

    document = failure(error, None, None)
    give_json(end_json(document) if "--events" in arguments else document)
