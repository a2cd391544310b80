"""Who a person is: the names that are proved, beside the one that they give.

The user of a process is proved by its user id, and by `[people]` of their own settings under the
name that workflows have for them. Who calls over a network is proved by a token or a session. A
name that is only given, as with `--by`, is recorded as such and allows nothing.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Collection, Mapping, Sequence

from smithers.callers import Caller
from smithers.errors import Refused
from smithers.settings import people_of, user_file
from smithers.values import dataclass

__all__ = ["Person", "login_name", "person_of"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person by the names that are proved, of which the first is recorded. `known` gives all
    names that tokens and sessions have, and those of `[people]` in `file`.
    """

    names: tuple[str, ...]
    known: Callable[[], Collection[str]] = tuple
    file: str = "your own config.toml"

    @property
    def name(self) -> str:
        return self.names[0]

    def may(self, allowed: Collection[str]) -> bool:
        """Whether `allowed_by=` of a question lets them answer it."""
        return not allowed or not {*allowed}.isdisjoint(self.names)

    def check(self, allowed: Sequence[str], what: str, *, claimed: str | None = None) -> None:
        """Raises `Refused` if they may not; `what` completes the sentence "ann may not ...".
        `claimed` is the name that they give.
        """
        if self.may(allowed):
            return
        said = f"{self.name!r} may not {what}, {' or '.join(allowed)} may"
        if claimed in allowed:
            said += f"; --by {claimed} does not prove who you are"
        if not any(name in self.known() or _is_login(name) for name in allowed):
            said += ", and nobody can prove that name: no login, no token and no line of [people]"
            said += " in your settings has it"
        raise Refused(
            said,
            hint=f'if that is you, write {login_name()} = "{allowed[0]}" below [people] in'
            f" {self.file}",
        )


def login_name() -> str:
    """The name of the user whose process this is."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without an entry, as in a container
        return f"uid-{os.getuid()}"


def person_of(
    environment: Mapping[str, str],
    caller: Caller | None = None,
    *,
    callers: Callable[[], Collection[str]] = tuple,
) -> Person:
    """Who this process acts for: who called it, or its user. `callers` gives the names of all who
    may call. Raises `Refused` if the settings are wrong.
    """
    people, login = people_of(environment), login_name()
    names = (people.get(login, login), login) if caller is None else (caller.name,)
    return Person(
        names=tuple(dict.fromkeys(names)),
        known=lambda: {*people.values(), *callers()},
        file=str(user_file(environment) or Person.file),
    )


def _is_login(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):
        return False
    return True
