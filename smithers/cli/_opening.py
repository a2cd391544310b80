"""`ui`: a browser that is signed in, let in by a person in a terminal."""

from __future__ import annotations

import os
import secrets
import sys
import time
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Db, JsonFlag, Option, example
from smithers.cli._deciding import login
from smithers.cli._places import place
from smithers.cli._streams import give, give_json, is_terminal, paint, say
from smithers.errors import Refused
from smithers.hub import Hub

if TYPE_CHECKING:
    import typer

    from smithers.access import RunningServer

__all__ = ["register"]

_LOOKS_S = 0.2
_PAGE = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={address}"><title>Smithers</title>
"""

Name = Annotated[
    str | None,
    Option(
        "--name",
        metavar="NAME",
        help="Print the address by this name of the server (see its --name), and draw it as a QR"
        " code for the camera of a phone.",
        show_default=False,
    ),
]
Print = Annotated[bool, Option("--print", help="Print the address; do not open a browser.")]


def register(app: typer.Typer) -> None:
    app.command(
        "ui",
        short_help="Open the server's pages in a browser that is signed in.",
        help=example(
            "smithers ui",
            "smithers ui --print",
            "smithers ui --name laptop.example.ts.net",
            says="Open a browser that is signed in to the server of `smithers serve`. The address"
            " works once, within a minute, and only a person at a terminal gets one. What the"
            " browser does is recorded by your name.",
        ),
    )(ui)


def ui(printed: Print = False, name: Name = None, json: JsonFlag = False, db: Db = None) -> int:
    from smithers.access import CODE_LIFE

    hub = Hub(place(db).path)
    if not sys.stdin.isatty():
        raise Refused(
            "only a person at a terminal can open a session, and this is not a terminal",
            hint="type `smithers ui` in a terminal",
        )
    server = hub.running_server()
    if server is None:
        raise Refused(
            f"no server of {hub.database} is running",
            hint="start one in another terminal: `smithers serve`",
        )
    host = _host(server, name)
    by, valid_s = login(), CODE_LIFE.total_seconds()
    code = hub.offer_session(by)
    address = f"{host}/session?code={code}"
    if json:
        give_json({"version": 1, "url": address, "name": by})
        return 0
    if printed or name is not None:
        give(address)
        if name is not None:
            _show_code(address)
        say(f"it signs one browser in as {by}, once, within {valid_s:.0f} s")
        return 0
    with _page(hub, address) as page:
        if webbrowser.open(page.as_uri()):
            end = time.monotonic() + valid_s
            while hub.is_offered(code) and time.monotonic() < end:
                time.sleep(_LOOKS_S)
            if not hub.is_offered(code) and time.monotonic() < end:
                say(f"{host} is open in a browser that is signed in as {by}")
                return 0
    raise Refused(
        "no browser has opened the page", hint="open the address yourself: `smithers ui --print`"
    )


def _host(server: RunningServer, name: str | None) -> str:
    """The address of a server, or that by one of its names, which a proxy with TLS has."""
    if name is None:
        return server.url
    if name not in server.names:
        raise Refused(
            f"the server does not have the name {name!r}",
            hint="start it with `smithers serve --name NAME`",
        )
    return f"https://{name}"


def _show_code(address: str) -> None:
    """Draw an address for the camera of a phone, on a terminal that is wide enough."""
    if not is_terminal(sys.stderr):
        return
    with suppress(ImportError):  # an extra of the server's environment, which may be another
        import segno

        drawn = StringIO()
        segno.make(address, error="l", micro=False).terminal(drawn, border=2, compact=True)
        lines = drawn.getvalue().splitlines()
        if len(lines[0]) <= get_terminal_size().columns:
            for line in lines:
                say(paint(line, "white on black", sys.stderr))


@contextmanager
def _page(hub: Hub, address: str) -> Generator[Path]:
    """A private page that leads to the address: the arguments of a program can be read by every
    user of the machine, so it is not one of a browser's.
    """
    folder = hub.private_folder()
    path = folder / f"ui-{secrets.token_hex(8)}.html"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as stream:
        stream.write(_PAGE.format(address=address))
    try:
        yield path
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
