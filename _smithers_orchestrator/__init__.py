"""Starts the command, or says which other distribution has taken the place of our packages.

No other distribution has a package of this name, and it imports nothing else of ours at first.
"""

from __future__ import annotations

import sys

__all__ = ["NAME", "main"]

NAME = "smithers-orchestrator"


def main() -> None:
    """Run the command of this process, or say why there is none."""
    try:
        import smithers

        if getattr(smithers, "__distribution__", None) != NAME:
            raise ImportError("the package smithers is another one", name="smithers")
        from smithers.cli import main as run
    except ImportError as error:
        from _smithers_orchestrator.damage import blame

        if (damage := blame(error)) is None:
            raise
        _tell(damage.said, damage.hint)
        sys.exit(2)
    run()


def _tell(said: str, hint: str) -> None:
    import json

    if not {"--json", "--events"}.isdisjoint(sys.argv[1:]):
        error = {"kind": "Damage", "message": said, "hint": hint, "place": None}
        sys.stdout.write(json.dumps({"version": 1, "error": error}) + "\n")
    sys.stderr.write(f"error: {said}\nhint: {hint}\n")
