"""A SOCKS proxy, as the environment names it: requests go through it, or the error says how."""

from __future__ import annotations

import select
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from smithers.agent import Answered
from smithers.errors import NotInstalled
from tests.harness.helpers import events_of
from tests.models.cases import Vendor, ask
from tests.scripted_model import ScriptedModel, Text

pytestmark = pytest.mark.anyio


@dataclass
class Socks:
    """A SOCKS5 proxy on loopback without a password; `targets` are the ports it connected to."""

    port: int
    targets: list[int] = field(default_factory=list[int])


@contextmanager
def socks_proxy() -> Generator[Socks]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        proxy = Socks(server.getsockname()[1])

        def accept() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:  # it is closed: the test is over
                    return
                threading.Thread(target=_serve, args=(client, proxy), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield proxy


def _serve(client: socket.socket, proxy: Socks) -> None:
    with client:
        client.recv(262)  # the methods of authentication
        client.sendall(b"\x05\x00")
        request = client.recv(262)
        port = int.from_bytes(request[-2:], "big")
        proxy.targets.append(port)
        try:
            target = socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:  # a client that connects ahead, after the last request
            return
        with target:
            client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
            while True:
                ready, _, _ = select.select([client, target], [], [], 30)
                if not ready or not all(_pass_on(one, client, target) for one in ready):
                    return


def _pass_on(one: socket.socket, client: socket.socket, target: socket.socket) -> bool:
    data = one.recv(1 << 16)
    (target if one is client else client).sendall(data)
    return bool(data)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what would keep requests to loopback from the proxy."""
    for name in ("NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def test_requests_go_through_a_socks_proxy(
    vendor: Vendor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("socksio", reason="an environment from before it was among the extras")
    with ScriptedModel([Text("Done.")]) as model, socks_proxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        events = await events_of(vendor.at(model), ask(folder))
        assert events[-1] == Answered("Done.")
        assert f":{proxy.targets[0]}" in model.url


async def test_a_socks_proxy_without_its_package_says_what_to_install(
    vendor: Vendor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with ScriptedModel([Text("Done.")]) as model:
        monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:9")
        with pytest.raises(NotInstalled) as caught:
            await events_of(vendor.at(model), ask(folder))
    assert caught.value.said.startswith("the Python package socksio, which a SOCKS proxy needs")
    assert caught.value.hint == "install it with `pip install socksio`"
