"""Who may change what this user trusts, and who may call: a person, and nothing below a run.

That is the user's and counts for every database, so it is not enough that the process is below no
run of the database that the command names: its own may be another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from smithers.engine.authority import refuse_below, refuse_below_others
from smithers.engine.launching import RUN_DATABASE
from smithers.engine.trust import Trusts

__all__ = ["refuse_to_change_trust"]

_WHAT = "change what is trusted"


def refuse_to_change_trust(
    named: Sequence[Path], environment: Mapping[str, str], what: str = _WHAT
) -> None:
    """Raises `Refused` below a run of one of the `named` databases, of one that the environment
    names, or of any that this user trusts; and if the environment carries the mark of any run.

    `what` completes the sentence "an agent may not ...".
    """
    variable, mark = (environment.get(name) for name in ("SMITHERS_DB", RUN_DATABASE))
    chosen = [Path(variable)] if variable else []
    checked = dict.fromkeys([*named, *chosen])
    for one in checked:
        refuse_below(one, {}, what)
    trusted = (one.path for one in reversed(Trusts(environment).all()))
    others = dict.fromkeys(Path(one) for one in (mark, *trusted) if one)
    refuse_below_others([one for one in others if one not in checked], what)
    marks = {name: text for name, text in environment.items() if name != RUN_DATABASE}
    for one in checked:
        refuse_below(one, marks, what)
