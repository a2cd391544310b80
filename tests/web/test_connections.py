"""Connections that cheat: bodies that trickle, two lengths, lines in headers, requests in a row."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from smithers.hub import Hub
from smithers.web import _serving, make_app
from smithers.web._guarding import Limits
from smithers.web._serving import Listening
from tests.web.serving import EVERYTHING, FakeTokens

_HEAD = f"Host: 127.0.0.1\r\nAuthorization: Bearer {EVERYTHING}\r\nContent-Type: application/json"
_PATIENCE_S = 30.0


@pytest.fixture
def listening(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    """A server on a port of its own, which is soon tired of waiting."""
    monkeypatch.setattr(_serving, "_HEADERS_S", 0.3)
    app = make_app(hub, FakeTokens(), limits=Limits(body_s=0.3))
    made = Listening(app, "127.0.0.1", 0)
    thread = threading.Thread(target=lambda: asyncio.run(made.run()))
    thread.start()
    yield made
    made.stop()
    thread.join(_PATIENCE_S)
    assert not thread.is_alive()


def _exchange(listening: Listening, text: str, *, more: bytes = b"") -> str:
    """All that the server says until it closes the connection, which it must."""
    with closing(socket.create_connection((listening.host, listening.port), _PATIENCE_S)) as to:
        to.sendall(text.encode("latin-1") + more)
        said = b""
        while part := to.recv(65_536):
            said += part
    return said.decode()


def test_headers_that_do_not_arrive_end_the_connection(listening: Listening) -> None:
    assert _exchange(listening, "") == ""
    assert _exchange(listening, "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: 1") == ""


def test_a_body_that_does_not_arrive_is_refused(listening: Listening) -> None:
    said = _exchange(
        listening,
        f"POST /api/v1/runs HTTP/1.1\r\n{_HEAD}\r\nContent-Length: 100\r\n\r\n{{",
    )
    assert said.startswith("HTTP/1.1 408 ")
    assert "application/problem+json" in said


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "lengths",
    [
        "Content-Length: 2\r\nContent-Length: 20",
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked",
        "Content-Length: +2",
        "Content-Length: 2, 3",
    ],
)
def test_a_request_with_two_lengths_is_never_two_requests(
    listening: Listening, lengths: str
) -> None:
    """What one server takes for the body, another takes for a second request."""
    hidden = f"GET /api/v1/runs HTTP/1.1\r\n{_HEAD}\r\n\r\n"
    said = _exchange(
        listening,
        f"POST /api/v1/runs HTTP/1.1\r\n{_HEAD}\r\n{lengths}\r\nConnection: close\r\n\r\n"
        f"{{}}{hidden}",
    )
    assert said.count("HTTP/1.1 ") == 1
    assert said.startswith(("HTTP/1.1 4", "HTTP/1.1 501"))


@pytest.mark.parametrize("line", ["X: a\r\n Y: b", "X : a", "X: a\x00b", "X\x01: a", ": a"])
def test_a_header_with_a_line_in_it_is_refused(listening: Listening, line: str) -> None:
    said = _exchange(
        listening, f"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n{line}\r\nConnection: close\r\n\r\n"
    )
    assert said.count("HTTP/1.1 ") == 1
    assert "\r\ny: b" not in said.lower()


def test_no_header_of_an_answer_has_what_a_caller_gave(listening: Listening) -> None:
    path = "/api/v1/runs/x%0d%0aSet-Cookie:%20a=b"
    said = _exchange(listening, f"GET {path} HTTP/1.1\r\n{_HEAD}\r\nConnection: close\r\n\r\n")
    assert said.startswith("HTTP/1.1 404 ")
    assert "set-cookie" not in said.lower()


def test_requests_in_a_row_are_answered_in_order_and_each_is_checked(listening: Listening) -> None:
    first = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    second = "GET /api/v1/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    said = _exchange(listening, first + second)
    assert said.index("HTTP/1.1 200") < said.index("HTTP/1.1 421")


def _post(body: str, *, event: str = "paid") -> str:
    path = "/api/v1/runs/none/signals"
    given = f'{{"event": "{event}", "data": "{body}"}}'
    return f"POST {path} HTTP/1.1\r\n{_HEAD}\r\nContent-Length: {len(given)}\r\n\r\n{given}"


def test_bodies_in_a_row_are_each_read_to_their_end(listening: Listening) -> None:
    """A body may look like a request; one that is refused before it is read is none either."""
    inner = f"GET /api/v1/runs HTTP/1.1\r\n{_HEAD}\r\n\r\n"
    shown = inner.replace("\r\n", " ")
    last = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    said = _exchange(listening, _post("a") + _post(shown) + _post("b" * 100_000) + last)
    found = re.findall(r"HTTP/1.1 (\d+)", said)
    assert found == ["404", "404", "404", "200"], said
    refused = f"POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(inner)}"
    said = _exchange(listening, f"{refused}\r\n\r\n{inner}")
    assert re.findall(r"HTTP/1.1 (\d+)", said) == ["401"]


def test_a_body_of_unknown_length_ends_at_the_limit(listening: Listening) -> None:
    head = f"POST /api/v1/runs HTTP/1.1\r\n{_HEAD}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with closing(socket.create_connection((listening.host, listening.port), _PATIENCE_S)) as to:
        said = b""
        with suppress(ConnectionError):  # it may be closed while we send
            to.sendall(head.encode())
            for _ in range(40):
                to.sendall(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
        with suppress(ConnectionError):
            while part := to.recv(65_536):
                said += part
    assert said.startswith(b"HTTP/1.1 413 ") or not said


def test_a_stream_is_not_asked_for_its_head(listening: Listening) -> None:
    """It would stay open, with nothing to say."""
    said = _exchange(
        listening, f"HEAD /api/v1/events HTTP/1.1\r\n{_HEAD}\r\nConnection: close\r\n\r\n"
    )
    assert said.startswith("HTTP/1.1 405 ")


def test_large_headers_and_bodies_are_refused_before_they_are_read(listening: Listening) -> None:
    many = "\r\n".join(f"X-{number}: 1" for number in range(100))
    said = _exchange(listening, f"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n{many}\r\n\r\n")
    assert said.startswith("HTTP/1.1 431 ")
    long = f"X: {'a' * 40_000}"
    said = _exchange(listening, f"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n{long}\r\n\r\n")
    assert said.startswith(("HTTP/1.1 400 ", "HTTP/1.1 431 "))
    head = f"{_HEAD}\r\nContent-Length: 10000000"
    said = _exchange(listening, f"POST /api/v1/runs HTTP/1.1\r\n{head}\r\n\r\n")
    assert said.startswith("HTTP/1.1 413 ")
