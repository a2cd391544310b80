"""The command `smithers`: a thin face over `Hub`.

Data goes to stdout, everything else to stderr, and nothing ever asks. What a command needs is
imported when it runs, so that `--version` and `ps` cost little.
"""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process, and exit with its code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from smithers import __version__

        sys.stdout.write(f"smithers {__version__}\n")
        sys.exit(0)
    if os.getpid() == 1:  # of a container: the kernel makes it the parent of every orphan there
        from smithers.cli._init import run_as_child

        run_as_child()
    from smithers.cli._main import run
    from smithers.cli._streams import last_words

    code = run(arguments)
    last_words()
    sys.exit(code)
