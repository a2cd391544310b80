"""What this user trusts, who may call, the settings, and the answers that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smithers import reports
from smithers.errors import Refused
from smithers.hub._core import HubCore

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from smithers.access import RunningServer, Session, Token
    from smithers.engine.configuring import SettingsView
    from smithers.engine.trust import Trusted, TrustedSettings
    from smithers.store.cached import CachedLine

__all__ = ["Trusting"]


class Trusting(HubCore):
    """What belongs to the user rather than to a run."""

    def is_trusted(self) -> bool:
        """Whether this user trusts the database, so that its runs may be woken unattended.

        Raises `Refused` for a file that another user could have written.
        """
        from smithers.engine.trust import Trusts

        return Trusts(self.environment).find(self.database) is not None

    def is_supervised(self) -> bool:
        """Whether a living process wakes the runs of the database, which this user trusts."""
        try:
            return self.is_trusted() and reports.is_supervised(self.database)
        except Refused:
            return False

    def trust(self, how: str, *, folders: Sequence[Path] = (), explicit: bool = False) -> None:
        """Trust the database as it is now, and the files in `folders` in addition to the project's.
        `how` is the command that the person typed; `explicit` allows root to trust a database in
        another user's folder.

        The database is created or upgraded if necessary, because it is recognised by the id in it.
        Raises `Refused`, or `StoreError`.
        """
        from smithers.engine.trust import trust
        from smithers.engine.trust_changes import refuse_to_change_trust

        refuse_to_change_trust([self.database], self.environment)
        trust(self.database, self.environment, how=how, folders=folders, explicit=explicit)

    def folders_elsewhere(self) -> list[str]:
        """The folders that unfinished runs of this database name and that are neither in its
        project nor in a folder that this user trusts with it.
        """
        from smithers.engine.trust import Trusts

        found = reports.places(self.database)
        return Trusts(self.environment).not_allowed(self.database, found)

    def cached_answers(self) -> list[CachedLine]:
        """The answers that are kept for later runs, oldest first, without their texts."""
        from smithers.store.cached import list_cached

        return list_cached(self.database)

    def clear_cache(self, *, before: datetime | None = None, task: str | None = None) -> int:
        """Forget the answers that were kept before a time and of a task (None: all of them); how
        many there were. Raises `Refused` if the caller is an agent of a run.
        """
        self.check_may("clear the cache")
        from smithers.store.cached import clear_cached

        cleared = clear_cached(self.database, before=before, task=task)
        if cleared:
            self._record("clear cache", about=task or "")
        return cleared

    def settings(self, database: Callable[[], Path] | None = None) -> SettingsView:
        """The settings of the current folder, each with its origin, those included for which a run
        would be refused since their file is not trusted. `database` finds the one to name if no
        setting does (None: that of this hub). Raises `Refused` for a file that is wrong.
        """
        from smithers.engine.configuring import view_settings

        return view_settings(Path.cwd(), self.environment, database or (lambda: self.database))

    def trust_settings(self, path: Path) -> None:
        """Trust a project's settings file as it is now. Raises `Refused` if it is wrong."""
        from smithers.engine.configuring import trust_settings

        trust_settings(path, self.environment, self.database)

    def distrust_settings(self, path: Path) -> bool:
        """Stop trusting a settings file; False if it was not trusted. Raises `Refused`."""
        from smithers.engine.configuring import refuse_to_agents
        from smithers.engine.trust import Trusts

        refuse_to_agents(path.absolute(), self.environment, self.database)
        removed = Trusts(self.environment).remove_settings(path)
        if removed:
            self._note_done("distrust settings", path)
        return removed

    def trusted_settings(self) -> list[TrustedSettings]:
        """Every settings file that this user trusts."""
        from smithers.engine.trust import Trusts

        return Trusts(self.environment).all_settings()

    def add_token(
        self, name: str, scopes: Iterable[str], *, expires_in: timedelta | None = None
    ) -> tuple[Token, str]:
        """Make a token with which `name` may call a server of this user: what is kept of it, and
        the secret, which is known only now. Raises `Refused`.
        """
        from smithers.access import Tokens

        self._check_may_change_tokens()
        return Tokens(self.environment).add(name, scopes, expires_in=expires_in)

    def tokens(self) -> list[Token]:
        """The tokens of this user, oldest first, without their secrets."""
        from smithers.access import Tokens

        return Tokens(self.environment).all()

    def revoke_token(self, named: str) -> list[Token | Session]:
        """Delete the token or the session with this id, or all that have this name. Raises
        `Refused` if there is none.
        """
        from smithers.access import Tokens

        self._check_may_change_tokens()
        return Tokens(self.environment).revoke(named)

    def offer_session(self, name: str) -> str:
        """A code that opens a session of `name` in a browser, once and within a minute. Raises
        `Refused`.
        """
        from smithers.access import Sessions

        self._check_may_change_tokens("open a session")
        return Sessions(self.environment).offer(name)

    def is_offered(self, code: str) -> bool:
        """Whether the code of `offer_session` still waits for its use."""
        from smithers.access import Sessions

        return Sessions(self.environment).is_offered(code)

    def sessions(self) -> list[Session]:
        """The sessions of this user that are open, oldest first."""
        from smithers.access import Sessions

        return Sessions(self.environment).all()

    def private_folder(self) -> Path:
        """The folder of this user's own files, outside every project. Raises `Refused`."""
        from smithers.engine.private_files import state_folder

        return state_folder(self.environment)

    def note_server(self, url: str, names: Sequence[str] = ()) -> None:
        """Note that this process serves the database, for `running_server`."""
        from smithers.access import Servers

        Servers(self.environment).note(self.database, url, names)

    def running_server(self) -> RunningServer | None:
        """The HTTP server of the database that was started last; None if none runs."""
        from smithers.access import Servers

        return Servers(self.environment).find(self.database)

    def _check_may_change_tokens(self, what: str = "add or revoke tokens") -> None:
        from smithers.engine.trust_changes import refuse_to_change_trust

        refuse_to_change_trust([self.database], self.environment, what)

    def trusted(self) -> list[Trusted]:
        """Every database that this user trusts."""
        from smithers.engine.trust import Trusts

        return Trusts(self.environment).all()

    def distrust(self) -> bool:
        """Stop trusting the database; False if it was not trusted. Raises `Refused`."""
        from smithers.engine.trust import Trusts
        from smithers.engine.trust_changes import refuse_to_change_trust

        refuse_to_change_trust([self.database], self.environment)
        removed = Trusts(self.environment).remove(self.database)
        if removed:
            self._note_done("distrust", self.database)
        return removed

    def _note_done(self, what: str, path: Path) -> None:
        from smithers.engine.own_audit import note_done

        note_done(self.environment, what, str(path.absolute()))
