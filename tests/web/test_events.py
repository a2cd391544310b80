"""Events over HTTP: what the command line prints, from any place on, for clients of any kind."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

import httpx2
import pytest
from starlette.testclient import TestClient

from smithers.access import Sessions
from smithers.hub import Hub
from smithers.web import _events, _serving
from smithers.web._guarding import Limits
from smithers.web._serving import Listening
from tests.cli.command import smithers
from tests.feed.writing import writing
from tests.web.flows import ships
from tests.web.process import PATIENCE_S, Message, listening, messages
from tests.web.serving import EVERYTHING

_EVENTS = "/api/v1/runs/r1/events"
_AUTHORIZED = {"authorization": f"Bearer {EVERYTHING}"}
_LINES = {"accept": "application/x-ndjson"}


def _eventually(check: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < end
        time.sleep(0.01)


async def _all(port: int, last: str | None = None) -> list[Message]:
    return [one async for one in messages(port, _EVENTS, last=last)]


async def _ended(hub: Hub) -> None:
    await hub.run(ships, run_id="r1")
    hub.decide("r1", "ship", approved=True, by="ann")
    await hub.resume("r1", workflow=ships)


def test_a_stream_has_all_events_and_continues_after_each_message(hub: Hub) -> None:
    asyncio.run(_ended(hub))
    wanted = [json.loads(json.dumps(one)) for one in _told(hub)]
    with listening(hub) as (server, _):
        *pages, end = asyncio.run(_all(server.port))
        assert [event for page in pages for event in page.data["events"]] == wanted
        assert {page.data["status"] for page in pages} == {"finished"}
        changed = [key["task"] for page in pages for key in page.data["changed"]]
        assert {"draft", "ship", "sequence", None} == set(changed)
        assert (end.event, end.data["status"], end.data["output"]) == ("end", "finished", "WHALES")
        assert end.id == f"{pages[-1].id}.end"
        for cursor in ("0.0", wanted[1]["cursor"], pages[-1].id):
            *rest, last = asyncio.run(_all(server.port, cursor))
            after = [event["frame"] for page in rest for event in page.data["events"]]
            frames = [event["frame"] for event in wanted]
            assert after == [one for one in frames if after and one >= after[0]]
            assert last == end
        assert asyncio.run(_all(server.port, end.id)) == []


def _told(hub: Hub) -> list[object]:
    said = smithers(hub.database.parent, "events", "r1", "--json", "--db", str(hub.database))
    lines = [json.loads(line) for line in said.out.splitlines()]
    return [{k: v for k, v in one.items() if k not in ("version", "run_id")} for one in lines]


def test_lines_are_those_of_the_command_line(hub: Hub, client: TestClient) -> None:
    asyncio.run(_ended(hub))
    folder, database = hub.database.parent, str(hub.database)
    said = smithers(folder, "events", "r1", "--json", "--follow", "--db", database)
    answer = client.get(_EVENTS, headers=_LINES)
    assert answer.headers["content-type"] == "application/x-ndjson"
    wanted = [json.loads(line) for line in said.out.splitlines()]
    assert [json.loads(line) for line in answer.text.splitlines()] == wanted
    after = client.get(_EVENTS, params={"after": wanted[2]["cursor"]}, headers=_LINES)
    assert [json.loads(line) for line in after.text.splitlines()] == wanted[3:]


def test_what_cannot_be_followed_is_refused(hub: Hub, client: TestClient) -> None:
    asyncio.run(_ended(hub))
    assert client.get("/api/v1/runs/gone/events").json()["kind"] == "UnknownRun"
    for query in ("after=99.0", "after=x", "after=..end", "from=1"):
        refused = client.get(f"{_EVENTS}?{query}")
        assert (refused.status_code, "etag" in refused.headers) == (422, False), query
    head = client.head(_EVENTS)
    assert (head.status_code, head.content) == (405, b"")


def test_the_list_of_runs_tells_what_changed_after_an_id(hub: Hub) -> None:
    async def follow(port: int) -> None:
        stream = messages(port, "/api/v1/events")
        first = await anext(stream)
        assert (first.data["every"], first.data["runs"]) == (True, [])
        await hub.run(ships, run_id="r1")
        assert (await anext(stream)).data["runs"] == ["r1"]
        missed = await anext(messages(port, "/api/v1/events", last=first.id))
        assert (missed.data["every"], missed.data["runs"]) == (False, ["r1"])
        other = await anext(messages(port, "/api/v1/events", last="other.7"))
        assert other.data["every"]

    with listening(hub) as (server, _):
        asyncio.run(follow(server.port))


def test_clients_beyond_a_number_are_told_when_to_come_back(hub: Hub) -> None:
    asyncio.run(hub.run(ships, run_id="r1"))
    for limits, status in ((Limits(streams_each=1), 429), (Limits(streams=1), 503)):
        with (
            listening(hub, limits) as (server, feed),
            httpx2.Client(base_url=server.url, headers=_AUTHORIZED) as client,
        ):
            with client.stream("GET", _EVENTS) as first:
                assert first.status_code == 200
                refused = client.get("/api/v1/events")
                assert (refused.status_code, refused.headers["retry-after"]) == (status, "5")
                assert client.get("/health").status_code == 200
            _eventually(lambda feed=feed: feed.clients == 0)  # type: ignore[misc]  # is bound now
            with client.stream("GET", "/api/v1/events") as other:
                assert other.status_code == 200


@pytest.mark.parametrize(("keys", "line"), [("true", "event: ping"), ("false", ": ping")])
def test_a_page_sees_that_its_connection_lives(
    keys: str, line: str, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script sees messages and no comments."""
    monkeypatch.setattr("smithers.web._events._Stream.DEFAULT_PING_INTERVAL", 0.05)
    asyncio.run(hub.run(ships, run_id="r1"))
    with listening(hub) as (server, _):
        address = f"{server.url}/api/v1/runs/r1/events?keys={keys}"
        with httpx2.stream("GET", address, headers=_AUTHORIZED, timeout=30) as stream:
            assert line in stream.iter_lines()


def test_the_oldest_stream_of_a_browser_ends_before_it_has_no_connection_left(
    hub: Hub, sessions: Sessions
) -> None:
    asyncio.run(hub.run(ships, run_id="r1"))

    def following(browser: httpx2.Client) -> Iterator[str]:
        with browser.stream("GET", f"{_EVENTS}?keys=true") as stream:
            assert stream.status_code == 200
            yield from stream.iter_lines()

    limits = Limits(streams_browser=2)
    with ExitStack() as stack:
        server, feed = stack.enter_context(listening(hub, limits, sessions))
        ann, other, program = (
            stack.enter_context(httpx2.Client(base_url=server.url, headers=headers))
            for headers in ({}, {}, _AUTHORIZED)
        )
        for browser in (ann, other):
            browser.get("/session", params={"code": sessions.offer("ann")})
        first, *rest = (following(one) for one in (ann, other, program, program, program, ann))
        assert next(first)
        assert all(map(next, rest))
        assert feed.clients == 6
        rest.append(following(ann))
        assert next(rest[-1])
        for _ in first:  # until its end
            pass
        _eventually(lambda: feed.clients == 6)


def test_a_client_that_reads_nothing_is_left_with_what_it_did_not_read(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what waits in the connection, which would be kept if it were closed in order."""
    monkeypatch.setattr(_serving, "_STUCK_S", 0.2)
    bind = _serving._bind  # pyright: ignore[reportPrivateUsage]

    def bind_small(host: str, port: int) -> socket.socket:
        made = bind(host, port)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return made

    monkeypatch.setattr(_serving, "_bind", bind_small)

    async def write() -> None:
        async with writing(hub.database) as writer:
            for _ in range(10):
                await writer.step(output=json.dumps("x" * 4000), tasks=20)

    asyncio.run(write())
    with listening(hub) as (server, feed), closing(socket.socket()) as to:
        to.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        to.connect(("127.0.0.1", server.port))
        head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {EVERYTHING}"
        to.sendall(f"GET {_EVENTS} HTTP/1.1\r\n{head}\r\n\r\n".encode())
        _eventually(lambda: feed.clients == 1)
        _eventually(lambda: feed.clients == 0)
        assert feed.held_bytes == 0
        to.settimeout(PATIENCE_S)
        parts = iter(partial(to.recv, 65_536), b"")
        assert sum(map(len, parts)) < 100_000


def test_the_end_of_the_server_ends_its_streams(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_serving, "_LEAVES_S", 2 * PATIENCE_S)  # it would wait so long for them
    asyncio.run(hub.run(ships, run_id="r1"))

    async def follow(server: Listening) -> None:
        stream = messages(server.port, _EVENTS)
        assert (await anext(stream)).data["status"] == "waiting"
        server.stop()
        assert [one async for one in stream] == []

    with listening(hub) as (server, _):
        asyncio.run(follow(server))


def test_a_stream_ends_after_a_time_so_that_its_token_is_looked_at_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_events, "_LONGEST_S", 0.2)
    asyncio.run(hub.run(ships, run_id="r1"))
    with listening(hub) as (server, feed):
        *_, last = asyncio.run(_all(server.port))
        assert last.event == "message"
        _eventually(lambda: feed.clients == 0)
