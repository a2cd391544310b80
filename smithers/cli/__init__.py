"""The command `smithers`: a thin face over `Hub`.

Data goes to stdout, everything else to stderr, and nothing ever asks. What a command needs is
imported when it runs, so that `--version` and `ps` cost little.
"""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]

_OBJECTS_A_COLLECTION = 100_000


def main() -> None:
    """Run the command line of this process, and exit with its code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from smithers import __version__

        sys.stdout.write(f"smithers {__version__}\n")
        sys.exit(0)
    # What is imported stays, and making it would start a hundred collections that free nothing.
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    from smithers.cli._signals import SIGNALS

    if os.getpid() == 1:  # of a container: the kernel makes it the parent of every orphan there
        from smithers.cli._init import run_as_child

        run_as_child()

    SIGNALS.catch()
    try:
        with SIGNALS.handled(SIGNALS.interrupt):
            from smithers.cli._main import run

            code = run(arguments)
    except KeyboardInterrupt:  # while the command line was imported
        code = 130
    with SIGNALS.handled(SIGNALS.note):
        from smithers.cli._streams import last_words

        last_words()
    sys.exit(SIGNALS.final_code(code))
