"""A session is for the processes of its user; another user has no use for its cookie."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from smithers.access import Sessions
from smithers.engine.peers import Peer, find_peer
from smithers.hub import Hub
from smithers.web import make_app
from tests.cli.command import environment
from tests.web.flows import ships
from tests.web.serving import FakeTokens, serving

_PATIENCE_S = 60
_CALLS = """
import http.client, json, os, sys
host, cookie, *users = sys.argv[1:]

def ask():
    asked = http.client.HTTPConnection(host, timeout=60)
    head = {"Cookie": f"smithers_session={cookie}", "X-Forwarded-For": "203.0.113.5"}
    asked.request("GET", "/api/v1/runs", headers=head)
    answer = asked.getresponse()
    told = json.dumps([os.getuid(), answer.status, json.load(answer).get("kind")])
    os.write(1, f"{told}\\n".encode())

ask()  # first as this user, who can read the modules that it imports
for uid in map(int, users):
    if os.fork() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(uid)
        ask()
        os._exit(0)
    assert os.wait()[1] == 0
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's table is Linux's")


@linux
@pytest.mark.skipif(os.getuid() != 0, reason="only root has processes of other users")
def test_a_cookie_of_another_users_process_is_refused(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    env = environment({"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))})
    sessions = Sessions(env)
    opened = sessions.open(sessions.offer("ann"))
    assert opened is not None
    nobody, proxy = pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("daemon").pw_uid
    with serving(tmp_path, env, "--proxy", "daemon") as told:
        host = told["url"].removeprefix("http://")
        command = [sys.executable, "-I", "-c", _CALLS, host, opened[1]]
        said = subprocess.run(
            [*command, *map(str, (nobody, proxy))],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=True,
        )
    assert [json.loads(line) for line in said.stdout.splitlines()] == [
        [0, 200, None],
        [nobody, 403, "OtherUser"],
        [proxy, 200, None],
    ]


@linux
def test_an_end_that_is_closed_belongs_to_nobody() -> None:
    """The kernel says 0 for its user, which is root's number."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        address = client.getsockname()
        with server.accept()[0]:
            found = find_peer(address, server.getsockname())
            assert (found.uid, found.is_closed, found.is_there) == (os.getuid(), False, True)
            client.close()
            found = find_peer(address, server.getsockname())
            assert (found.uid, found.is_closed, found.processes) == (None, True, ())


_HIDES = """
import ctypes, json, os, signal, socket
from smithers.engine.peers import find_peer

prctl = ctypes.CDLL(None).prctl

def look(shows):
    with socket.create_server(("127.0.0.1", 0)) as server:
        if (pid := os.fork()) == 0:
            signal.alarm(30)
            assert prctl(4, shows, 0, 0, 0) == 0
            client = socket.socket()
            client.connect(server.getsockname())
            signal.pause()
        at, address = server.accept()
        found = find_peer(address, server.getsockname())
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return [[one for one, _ in found.processes] == [pid], found.may_hide]

told = [look(1)]  # as this user, who can read the modules that it imports
if os.getuid() == 0:  # who sees all
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    prctl(4, 1, 0, 0, 0)
print(json.dumps([*told, look(1), look(0)]))
"""


@linux
def test_a_process_that_hides_is_told_from_one_that_is_elsewhere() -> None:
    """A process may forbid that others of its user see what it has open."""
    command = [sys.executable, "-P", "-c", _HIDES]
    said = subprocess.run(
        command, capture_output=True, text=True, timeout=_PATIENCE_S, check=True, env=environment()
    )
    assert json.loads(said.stdout) == [[True, False], [True, False], [False, True]]


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        (Peer(uid=os.getuid(), may_hide=True), "UnknownProcess"),
        (Peer(is_closed=True), "OtherUser"),
        (Peer(uid=os.getuid(), processes=((2**22 + 1, "1"),)), "UnknownProcess"),
        (Peer(uid=os.getuid()), None),
    ],
)
def test_a_session_is_of_no_use_to_a_process_that_hides_or_is_gone(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peer: Peer, said: str | None
) -> None:
    """An agent can read the cookies of a browser, hide itself, or end once it has sent."""
    asyncio.run(hub.run(ships, run_id="r1"))

    def found(client: object, server: object) -> Peer:
        del client, server
        return peer

    monkeypatch.setattr("smithers.web._peers.find_peer", found)
    sessions = Sessions({"XDG_STATE_HOME": str(tmp_path / "state")})
    opened = sessions.open(sessions.offer("ann"))
    assert opened is not None
    proved = sessions.find(opened[1])
    assert proved is not None
    app = make_app(hub, FakeTokens(), sessions=sessions)
    with TestClient(app, "http://127.0.0.1:7331", client=("127.0.0.1", 9)) as client:
        client.cookies["smithers_session"] = opened[1]
        head = {"x-csrf-token": proved.csrf}
        answer = client.post("/api/v1/runs/r1/answers", json={"approved": True}, headers=head)
        assert answer.json().get("kind") == said
        if said == "UnknownProcess":
            assert client.get("/api/v1/runs/r1").status_code == 200
