"""`serve`: the HTTP API."""

from __future__ import annotations

import ipaddress
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from smithers.cli._arguments import Db, JsonFlag, Option, example
from smithers.cli._beside import OPENS
from smithers.cli._deciding import login
from smithers.cli._failures import Usage
from smithers.cli._given import check_port
from smithers.cli._places import place
from smithers.cli._scraping import scrape_config
from smithers.cli._serving import Roots, folder_at
from smithers.cli._signals import SIGNALS
from smithers.cli._streams import give_json, say
from smithers.errors import Refused
from smithers.hub import Hub

if TYPE_CHECKING:
    import typer

    from smithers.web._serving import Listening

__all__ = ["register"]

_LEAVES_S = 10.0


def register(app: typer.Typer) -> None:
    app.command(
        "serve",
        short_help="Serve the HTTP API of your runs.",
        help=example(
            "smithers serve",
            "smithers serve --port 0 --json",
            says="Serve the runs over HTTP until this command is stopped; each request needs a"
            " token of `smithers token list`. Runs have their own processes and continue. While"
            " the server is running, it wakes runs as `smithers supervise` does. With --json, the"
            " first line has its `url`, and the `token_file` of your programs on this machine.",
        ),
    )(serve)


def serve(
    host: Annotated[
        str, Option("--host", metavar="ADDRESS", help="Listen on this address.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        Option("--port", min=0, metavar="N", help="Listen on this port; 0 picks one."),
    ] = 7331,
    roots: Roots = None,
    names: Annotated[
        list[str] | None,
        Option(
            "--name",
            metavar="NAME",
            help="Also answer to this host name, by which a proxy of yours reaches the server;"
            " repeatable.",
            show_default=False,
        ),
    ] = None,
    proxies: Annotated[
        list[str] | None,
        Option(
            "--proxy",
            metavar="USER|ADDRESS",
            help="Trust the X-Forwarded-For header of this proxy: the user whose process it is on"
            " this machine, or its address; repeatable.",
            show_default=False,
        ),
    ] = None,
    insecure: Annotated[
        bool, Option("--insecure", help="Allow an address beyond this machine, without TLS.")
    ] = False,
    metrics: Annotated[
        bool,
        Option("--metrics", help="Print what Prometheus needs in its settings to read `/metrics`."),
    ] = False,
    json: JsonFlag = False,
    with_input: Annotated[bool, Option("--with-input", hidden=True)] = False,
    db: Db = None,
) -> int:
    check_port(port)
    is_only_way = _check_address(host, insecure=insecure, proxies=proxies or ())
    allowed = [Path.cwd(), *map(folder_at, roots or ())]
    hub = Hub(place(db).path)
    hub.check_may("serve the runs of this database")
    try:
        from smithers.web import Proxies
        from smithers.web import serve as serve_http
    except ModuleNotFoundError as error:
        raise Refused(
            f"the server needs the package {error.name!r}, which is not installed",
            hint="install it with `pip install 'smithers-orchestrator[serve]'`",
        ) from error
    if metrics:
        hub.metrics_page()  # says what is missing, before anything is served
    from smithers.access import Sessions, Tokens

    trusted = Proxies.named(proxies or (), is_only_way=is_only_way)
    tokens = Tokens(os.environ)
    file = tokens.own(login())
    started: list[Listening] = []
    is_over = threading.Event()

    def tell(listening: Listening) -> None:
        started.append(listening)
        if is_over.is_set():
            listening.stop()
        hub.note_server(listening.url, names or ())
        if metrics:
            say(scrape_config(listening.url, str(file)))
        if json:
            told = {"version": 1, "url": listening.url, "token_file": str(file)}
            give_json({**told, "pid": os.getpid()})
            sys.stdout.flush()
        else:
            say(f"serving {listening.url}; your programs' token is in {file}")
            say(hub.complete(OPENS))

    def stop(_number: int) -> None:
        is_over.set()
        for listening in started:
            listening.stop()

    if with_input:
        threading.Thread(target=_end_with_input, args=(stop,), daemon=True).start()
    with SIGNALS.handled(stop):
        serve_http(
            hub,
            tokens,
            sessions=Sessions(os.environ),
            host=host,
            port=port,
            roots=allowed,
            hosts=names or (),
            proxies=trusted,
            tell=tell,
        )
    return 0


def _end_with_input(stop: Callable[[int], None]) -> None:
    """End this process when its standard input does: that is in the hands of the one it serves."""
    while os.read(0, 1024):
        pass
    stop(0)
    time.sleep(_LEAVES_S)
    os._exit(1)


def _check_address(host: str, *, insecure: bool, proxies: Sequence[str]) -> bool:
    """Refuse an address that other machines reach, where everybody on the way reads tokens; whether
    they reach it by proxies with an address only.
    """
    try:
        is_local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = False
    is_by_proxy = any(map(_is_address, proxies))
    if not (is_local or insecure or is_by_proxy):
        raise Usage(
            f"--host {host} can be reached from other machines, and the server has no TLS",
            hint="leave out --host and put a proxy with TLS before it (see docs/http.md), name the"
            " address of one with --proxy ADDRESS, or add --insecure if everybody on the network"
            " may read and use your tokens",
        )
    return not (is_local or insecure)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
