"""A session is for the processes of its user; another user has no use for its cookie."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from smithers.access import Sessions
from smithers.engine.peers import find_peer
from tests.cli.command import environment
from tests.web.serving import serving

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
