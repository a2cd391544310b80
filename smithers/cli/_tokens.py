"""`token`: who may call a server of this user."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smithers.cli._arguments import Argument, Db, JsonFlag, Option, age, example
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, is_terminal, say, shown, table
from smithers.hub import Hub

if TYPE_CHECKING:
    from smithers.access import Session, Token

__all__ = ["register"]

Name = Annotated[
    str, Argument(metavar="NAME", help="Who calls with the token.", show_default=False)
]
Named = Annotated[
    str,
    Argument(
        metavar="NAME|ID", help="The name or the id of a token or session.", show_default=False
    ),
]
Scopes = Annotated[
    list[str] | None,
    Option(
        "--scope",
        metavar="SCOPES",
        help="What the caller may do: read, approve, run, admin; separated by commas.",
        show_default=False,
    ),
]
Expires = Annotated[
    str | None,
    Option(
        "--expires",
        metavar="AGE",
        help="How long it is valid, such as 30d or 12h (default: until it is revoked).",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    token = typer.Typer(
        name="token",
        rich_markup_mode=None,
        no_args_is_help=True,
        short_help="Add, list or revoke tokens for the HTTP API.",
        help=example(
            "smithers token list",
            says="Add, list or revoke the tokens with which programs and devices call the HTTP API"
            " of your runs.",
        ),
    )
    token.command(
        "add",
        short_help="Make a token and print it.",
        help=example(
            "smithers token add ann --scope approve",
            "smithers token add dashboard --scope read --expires 30d",
            says="Make a token and print it once; only its digest is kept. Every token may read;"
            " `approve` answers questions and sends signals and messages, `run` starts, resumes,"
            " cancels and forks runs, `admin` does everything, budgets included.",
        ),
    )(add)
    token.command(
        "list",
        short_help="List the tokens.",
        help=example(
            "smithers token list",
            says="List the tokens, oldest first, and the sessions of browsers that are open.",
        ),
    )(list_tokens)
    token.command(
        "revoke",
        short_help="Revoke tokens.",
        help=example(
            "smithers token revoke dashboard",
            "smithers token revoke 5f0c2a9e",
            says="Revoke the token or the session with this id, or all of this name. The next"
            " request with one is refused.",
        ),
    )(revoke)
    app.add_typer(token)


def add(
    name: Name, scope: Scopes = None, expires: Expires = None, json: JsonFlag = False, db: Db = None
) -> int:
    scopes = [one for text in scope or [] for one in text.split(",")]
    valid = None if expires is None else age("--expires", expires)
    token, secret = _hub(db).add_token(name, scopes, expires_in=valid)
    if json:
        give_json({"version": 1, "token": _data(token), "secret": secret})
        return 0
    give(secret)
    until = f", until {token.expires:%Y-%m-%d %H:%M} UTC" if token.expires else ""
    say(shown(f"{name} may {', '.join(token.scopes)} with this token{until}"))
    if is_terminal(sys.stdout):
        say("it is not shown again; send it as the header `Authorization: Bearer TOKEN`")
    return 0


def list_tokens(json: JsonFlag = False, db: Db = None) -> int:
    hub = _hub(db)
    found, sessions = hub.tokens(), hub.sessions()
    if json:
        told = {"tokens": [_data(one) for one in found]}
        give_json({"version": 1, **told, "sessions": [_session_data(one) for one in sessions]})
        return 0
    now = datetime.now(UTC)
    rows = [
        [one.id, one.name, ",".join(one.scopes), f"{one.created:%Y-%m-%d %H:%M}", _until(one, now)]
        for one in found
    ]
    rows += [
        [
            one.id,
            one.name,
            "session",
            f"{one.opened:%Y-%m-%d %H:%M}",
            f"{one.expires:%Y-%m-%d %H:%M}",
        ]
        for one in sessions
    ]
    heads = ["ID", "NAME", "SCOPES", "CREATED (UTC)", "EXPIRES (UTC)"]
    for line in table([heads, *rows]) if rows else ():
        give(shown(line))
    if not rows:
        say("there is no token; make one with `smithers token add NAME --scope read`")
    return 0


def revoke(named: Named, json: JsonFlag = False, db: Db = None) -> int:
    gone = _hub(db).revoke_token(named)
    if json:
        give_json({"version": 1, "revoked": [one.id for one in gone]})
        return 0
    from smithers.access import Token

    for one in gone:
        kind = "token" if isinstance(one, Token) else "session"
        give(shown(f"{kind} {one.id} of {one.name} is revoked"))
    return 0


def _hub(db: Db) -> Hub:
    """The database counts only for who may change tokens: nothing below one of its runs."""
    return Hub(place(db, checked=False).path)


def _until(token: Token, now: datetime) -> str:
    if token.expires is None:
        return "never"
    return f"{token.expires:%Y-%m-%d %H:%M}" + (" (over)" if token.is_over(now) else "")


def _session_data(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "name": session.name,
        "opened_at": session.opened.isoformat(),
        "used_at": session.used.isoformat(),
        "expires_at": session.expires.isoformat(),
    }


def _data(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": token.created.isoformat(),
        "expires_at": None if token.expires is None else token.expires.isoformat(),
    }
