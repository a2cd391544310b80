"""What every part of the hub has: its database, and what may be changed in it from here."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from smithers import reports
from smithers.errors import Refused, StoreError
from smithers.secrets import Secrets

if TYPE_CHECKING:
    from smithers.callers import AuditRow, Caller
    from smithers.engine.describing import Descriptions
    from smithers.engine.detaching import Detaching
    from smithers.engine.driving import Driving
    from smithers.engine.people import Person
    from smithers.engine.reloading import Judged
    from smithers.settings import Found
    from smithers.views import Snapshot

__all__ = ["HubCore"]


class HubCore:
    """One database, and the environment of this process."""

    def __init__(
        self, database: Path | str, *, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.database = Path(database)
        self.environment = environment
        self._driving: Driving | None = None
        self._detaching: Detaching | None = None

    @cached_property
    def secrets(self) -> Secrets:
        """What a face masks in displayed texts: the secrets in this process's environment."""
        return Secrets(self.environment)

    @cached_property
    def _descriptions(self) -> Descriptions:
        from smithers.engine.describing import Descriptions

        return Descriptions(self.environment)

    def _drive(self) -> Driving:
        from smithers.engine.driving import Driving

        if self._driving is None:
            self._driving = Driving(self.database, self.environment)
        return self._driving

    def _judge(self, file: Path, name: str, run_id: str, settings: Found) -> Awaitable[Judged]:
        """Judge an edit of a file for a run; see `Judge` of `driving`."""
        from smithers.checks import judge_edit

        database = self.database.absolute()
        return judge_edit(file, name, database, run_id, settings, self.environment)

    def check_may(self, what: str) -> None:
        """Raises `Refused` if this process was started by a run of the database, since such a
        process may not change it, or if the database belongs to another user. `what` completes the
        sentence "an agent may not ...".
        """
        from smithers.engine.authority import refuse_below

        refuse_below(self.database, self.environment, what)
        self._check_not_foreign()

    def person(self, caller: Caller | None = None) -> Person:
        """Who acts, by names that are proved: the user of this process, or who called it over a
        network. Raises `Refused` if the user's settings are wrong.
        """
        from smithers.engine.people import person_of

        return person_of(self.environment, caller, callers=self._callers)

    def _row(
        self,
        what: str,
        run_id: str = "",
        *,
        about: str = "",
        by: str | None = None,
        caller: Caller | None = None,
    ) -> AuditRow | None:
        """Who does something, to be kept with it. Who gets here has passed `check_may`."""
        from smithers.engine.auditing import row_of

        return row_of(self.environment, what, run_id, about=about, by=by, caller=caller)

    def _record(
        self,
        what: str,
        run_id: str = "",
        *,
        about: str = "",
        by: str | None = None,
        caller: Caller | None = None,
    ) -> None:
        """Keep who has done something. It is done, as the `StoreError` says that this raises."""
        from smithers.engine.auditing import record

        try:
            record(self.database, self._row(what, run_id, about=about, by=by, caller=caller))
        except StoreError as error:
            name = " ".join(one for one in (what, run_id, about) if one)
            said = f"{name}: it is done, but who did it could not be recorded: {error.said}"
            raise StoreError(said, hint=error.hint) from error

    def _callers(self) -> set[str]:
        """The names of all who may call."""
        from smithers.access import Sessions, Tokens

        tokens, sessions = Tokens(self.environment).all(), Sessions(self.environment).all()
        return {one.name for one in tokens} | {one.name for one in sessions}

    def check_caller(self, pid: int, what: str) -> None:
        """As `check_may`, for another process of this machine, in whose name this one acts.
        Raises `Refused`.
        """
        from smithers.engine.authority import refuse_caller_below

        refuse_caller_below(self.database, pid, what)

    def _check_not_foreign(self) -> None:
        from smithers.engine.trust import Trusts

        Trusts(self.environment).check_not_foreign(self.database)

    def may_import(self, folder: Path) -> bool:
        """Whether this user trusts the workflow files in a folder, so that they may be imported
        without being named by a person.
        """
        from smithers.engine.trust import Trusts

        try:
            return Trusts(self.environment).may_import(self.database, folder)
        except Refused:
            return False

    def _may_resume(self, run_id: str) -> bool:
        """Whether an agent resumes the run, which it has started. Raises `Refused`."""
        from smithers.engine.authority import check_resume_below

        is_below = check_resume_below(self.database, self.environment, run_id)
        self._check_not_foreign()
        return is_below

    def _detach(self) -> Detaching:
        from smithers.engine.detaching import Detaching
        from smithers.engine.launching import Launcher
        from smithers.engine.trust import Trusts

        if self._detaching is None:
            launcher = Launcher(self.database, self.environment)
            trusts = Trusts(self.environment)
            self._detaching = Detaching(
                self.database, self.environment, launcher, trusts, self._descriptions
            )
        return self._detaching

    def complete(self, hint: str) -> str:
        """A hint with this database named in each command that uses it."""
        return reports.name_database(hint, self.database.absolute())

    def _snapshot(self, run_id: str) -> Snapshot:
        return reports.snapshot(self.database, run_id)
