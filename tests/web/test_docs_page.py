"""The curl commands of docs/http.md and of the manual, typed by a shell against a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from smithers.errors import SmithersError
from smithers.hub import Hub
from smithers.manual import FOLDER
from smithers.web._table import ROUTES
from tests.cli.command import environment, eventually, started
from tests.web import curled_flow

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text("utf-8")
CURLS = re.findall(r"^curl .*$", PAGE, re.M)
MANUAL = re.findall(r"^curl .*$", (FOLDER / "approvals.md").read_text("utf-8"), re.M)
_PATIENCE_S = 60


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_each_curl_of_the_page_is_answered(hub: Hub) -> None:
    *others, answered = MANUAL
    deciding = next(line for line in CURLS if "/answers" in line)
    assert answered.split(', "appr')[0] == deciding.replace("ship", "ok").split(', "appr')[0]
    workflows = hub.database.parent / ".smithers" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "ship_it.py").write_text("from tests.web.curled_flow import ship_it\n")
    hub.trust("trust", folders=[hub.database.parent, workflows])
    up = ["up", f"{curled_flow.__file__}:reviewed", "--run-id", "r1", "--db", str(hub.database)]
    command = [sys.executable, "-P", "-m", "smithers", "serve", "--port", "0", "--json"]
    command += ["--db", str(hub.database)]
    with ExitStack() as stack:
        stack.enter_context(started(hub.database.parent, *up))
        eventually(_is_at_work(hub))
        server = stack.enter_context(
            subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        )
        stack.callback(server.kill)  # else a failure would wait for its end
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        secret, pid = Path(told["token_file"]), told["pid"]
        assert secret.stat().st_mode & 0o077 == 0
        env = {**os.environ, "URL": told["url"], "TOKEN": secret.read_text().strip()}
        for line in [*others, *CURLS]:
            typed = ["bash", "-c", line.replace("curl -s", "exec curl --fail-with-body -s", 1)]
            if "/events" in line:
                assert _first_part(typed, env)["version"] == 1, line
                continue
            answers: list[str] = []
            eventually(partial(_is_answered, typed, env, answers))
            said = answers[-1]
            assert said.startswith("# HELP") if "/metrics" in line else json.loads(said)
        assert pid == server.pid
        server.send_signal(signal.SIGINT)
        assert server.wait(_PATIENCE_S) == 130


def _is_at_work(hub: Hub) -> Callable[[], bool]:
    """Whether the agent of r1 works, and its question is open."""

    def is_so() -> bool:
        with suppress(SmithersError):
            states = {one.key.id: one.state for one in hub.states("r1")}
            return (states.get("review"), states.get("ship")) == ("running", "waiting")
        return False

    return is_so


def _is_answered(typed: list[str], env: dict[str, str], told: list[str]) -> bool:
    """Whether a command is carried out; not while another process still holds its run."""
    said = subprocess.run(
        typed, env=env, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
    )
    told.append(said.stdout)
    assert said.returncode == 0 or '"Owned"' in said.stdout, (typed, said.stdout)
    return said.returncode == 0


def _first_part(typed: list[str], env: dict[str, str]) -> Any:
    """The first document of a stream, which has no end while the run waits."""
    with subprocess.Popen(typed, env=env, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        for line in curl.stdout:
            if (text := line.removeprefix("data: ")).startswith("{"):
                curl.kill()
                return json.loads(text)
    raise AssertionError(typed)


def test_the_page_names_every_route() -> None:
    for route in ROUTES:
        if route.path.startswith("/assets/") or (route.is_page and route.method == "POST"):
            continue  # no person types them: they are the forms of pages
        path = route.path.replace("{run}", "RUN").replace("{task}", "TASK")
        assert f"`{path.replace('{frame}', 'N')}`" in PAGE, route.path


def test_the_page_has_a_curl_for_each_route() -> None:
    for route in ROUTES:
        if route.is_page or route.path.startswith(("/session", "/hooks/")):
            continue  # a browser's, and the page of hooks has its own
        path = route.path.replace("{run}", "r[134]").replace("{task}", r"\w+")
        given = " -d " if route.method == "POST" else ""
        pattern = rf'"\$URL{path.replace("{frame}", "0")}(\?[^"]*)?"{given}'
        found = [one for one in CURLS if re.search(pattern, one)]
        assert [one for one in found if (" -d " in one) == bool(given)], route.path
