"""Sessions: opened by a person at a terminal, once per code, and of no use to other pages."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import segno
from starlette.testclient import TestClient

from smithers.access import Sessions
from smithers.hub import Hub
from smithers.web import make_app
from tests.cli.command import environment, smithers
from tests.web.flows import asks_ann, ships
from tests.web.serving import EVERYTHING, FakeTokens, serving

_CSRF = "x-csrf-token"


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 12, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    return Sessions({"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}, now=clock)


@pytest.fixture
def browser(hub: Hub, sessions: Sessions) -> Iterator[TestClient]:
    """A browser that has opened a session."""
    with TestClient(make_app(hub, FakeTokens(), sessions=sessions), "http://127.0.0.1:7331") as one:
        assert one.get("/session", params={"code": sessions.offer("ann")}).status_code == 200
        yield one


def test_a_look_at_the_head_does_not_use_up_a_code(browser: TestClient, sessions: Sessions) -> None:
    code = {"code": sessions.offer("ann")}
    assert browser.head("/session", params=code).status_code == 405
    assert browser.get("/session", params=code).status_code == 200


def test_a_session_reads_and_decides_by_its_name(
    hub: Hub, browser: TestClient, sessions: Sessions
) -> None:
    asyncio.run(hub.run(ships, run_id="r1"))
    assert browser.get("/api/v1/runs/r1").status_code == 200
    cookie = browser.get("/session", params={"code": sessions.offer("ann")}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    opened = sessions.find(re.split("[=;]", cookie)[1])
    assert opened is not None
    given = {"task": "ship", "approved": True}
    answer = browser.post("/api/v1/runs/r1/answers", json=given, headers={_CSRF: opened.csrf})
    assert (answer.status_code, answer.json()["by"]) == (200, "ann")
    kept = next(iter(Path(str(sessions._file.path)).parent.glob("access.json"))).read_text()  # pyright: ignore[reportPrivateUsage]  # that nothing of it is kept
    assert opened.csrf not in kept
    assert re.split("[=;]", cookie)[1] not in kept
    browser.post("/session/end", headers={_CSRF: opened.csrf})
    assert browser.get("/api/v1/runs/r1").status_code == 401
    late = browser.post("/runs/r1/ask", data={}, headers={"accept": "text/html"})
    assert (late.status_code, "Nothing was recorded" in late.text) == (401, True)
    assert "Nothing was recorded" not in browser.get("/", headers={"accept": "text/html"}).text
    code, by_tls = {"code": sessions.offer("ann")}, {"x-forwarded-proto": "https"}
    assert "Secure" in browser.get("/session", params=code, headers=by_tls).headers["set-cookie"]


@pytest.mark.parametrize("form", [False, True])
def test_a_page_of_another_site_changes_nothing(hub: Hub, browser: TestClient, form: bool) -> None:
    """Browsers send cookies with its requests, so a POST needs what only our pages know."""
    asyncio.run(hub.run(ships, run_id="r1"))
    for text in ("", "wrong", "é"):
        if form:
            sent: dict[str, Any] = {"data": {"csrf_token": text, "approved": "true"}}
        else:
            sent = {"json": {"approved": True}, "headers": {_CSRF: text.encode()}}
        answer = browser.post("/api/v1/runs/r1/answers", **sent)
        assert (answer.status_code, answer.json()["kind"]) == (403, "WrongCsrfToken")
    for origin in ("https://evil.example", "http://127.0.0.1:3000", "null"):
        answer = browser.post("/api/v1/runs/r1/answers", json={}, headers={"origin": origin})
        assert (answer.status_code, answer.json()["kind"]) == (403, "WrongOrigin")
    assert hub.asks("r1", None).task == "ship"


def test_allowed_by_counts_the_name_of_the_session_or_token(
    hub: Hub, browser: TestClient, sessions: Sessions
) -> None:
    asyncio.run(hub.run(asks_ann, run_id="r1"))
    given = {"task": "ship", "approved": True}
    browser.get("/session", params={"code": sessions.offer("bob")})
    opened = sessions.find(browser.cookies["smithers_session"])
    assert opened is not None
    head = {_CSRF: opened.csrf}
    refused = browser.post("/api/v1/runs/r1/answers", json=given, headers=head)
    assert (refused.status_code, refused.json()["kind"]) == (422, "Refused")
    assert "'bob' may not decide ship, ann may" in refused.json()["message"]
    head = {"authorization": f"Bearer {EVERYTHING}"}
    answer = browser.post("/api/v1/runs/r1/answers", json=given, headers=head)
    assert (answer.status_code, answer.json()["login"]) == (200, "ann")


def test_a_form_that_cannot_be_read_is_refused(hub: Hub, browser: TestClient) -> None:
    asyncio.run(hub.run(ships, run_id="r1"))
    for form in ("&".join(f"a{number}=1" for number in range(2_000)), "%ff=%00&csrf_token=%ff"):
        head = {"content-type": "application/x-www-form-urlencoded"}
        refused = browser.post("/runs/r1/ask", content=form, headers=head)
        assert refused.status_code in (400, 403)


def test_a_code_counts_once_and_for_a_minute(hub: Hub, sessions: Sessions, clock: Clock) -> None:
    with TestClient(make_app(hub, FakeTokens(), sessions=sessions), "http://127.0.0.1:7331") as one:
        used, late = sessions.offer("ann"), sessions.offer("ann")
        assert one.get("/session", params={"code": used}).status_code == 200
        clock.at += timedelta(seconds=60)
        for code in (used, late, "", "é"):
            answer = one.get("/session", params={"code": code})
            assert (answer.status_code, answer.json()["kind"]) == (403, "WrongCode")
            assert "set-cookie" not in answer.headers
    assert len(sessions.all()) == 1


def test_a_session_ends_when_it_is_idle_and_after_a_week(
    browser: TestClient, clock: Clock, sessions: Sessions
) -> None:
    for _ in range(15):
        clock.at += timedelta(hours=11)
        assert browser.get("/api/v1/runs").status_code == 200
    clock.at += timedelta(hours=11)
    assert browser.get("/api/v1/runs").status_code == 401, "a week is over"
    browser.get("/session", params={"code": sessions.offer("ann")})
    clock.at += timedelta(hours=12)
    assert browser.get("/api/v1/runs").status_code == 401, "nobody has used it"
    page = browser.get("/", headers={"accept": "text/html,*/*"})
    assert (page.status_code, "smithers ui" in page.text) == (401, True)
    head = {"authorization": f"Bearer {EVERYTHING}"}
    assert browser.get("/api/v1/runs", headers=head).status_code == 200


def test_a_person_at_a_terminal_gets_a_session_and_nobody_else(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The address is in no argument of a program, which every user of the machine could read."""
    import pexpect

    state = tmp_path_factory.mktemp("state")
    browser = state / "browser"
    browser.write_text(
        f"#!{sys.executable}\nimport re, sys, urllib.request\n"
        "page = urllib.request.urlopen(sys.argv[1]).read().decode()\n"
        "assert 'code=' not in sys.argv[1]\n"
        "urllib.request.urlopen(re.search('url=(.*?)\"', page)[1])\n"
    )
    browser.chmod(0o700)
    env = environment({"XDG_STATE_HOME": str(state), "BROWSER": f"{browser} %s"})
    piped = smithers(tmp_path, "ui", env=env)
    assert (piped.code, "only a person at a terminal can open a session" in piped.err) == (2, True)

    def typed(*words: str) -> str:
        command = shlex.join([sys.executable, "-m", "smithers", *words])
        run: Any = getattr(pexpect, "run")  # noqa: B009  # its type is not known in full
        said: bytes = run(command, cwd=str(tmp_path), env=env, timeout=60)
        return said.decode()

    assert "smithers serve" in typed("ui")
    with serving(tmp_path, env, "--name", "laptop.example") as told:
        assert "is open in a browser that is signed in" in typed("ui")
        address = re.search(r"(http\S+)/session\?code=(\S+)", typed("ui", "--print"))
        assert address is not None
        assert address[1] == told["url"]
        _is_drawn(typed("ui", "--name", "laptop.example"))
        assert "does not have the name 'other'" in typed("ui", "--name", "other")
        assert not list((state / "smithers").glob("ui-*"))
        listed = smithers(tmp_path, "token", "list", "--json", env=env).document
        assert len(listed["sessions"]) == 1
        ended = smithers(tmp_path, "token", "revoke", listed["sessions"][0]["id"], env=env)
        assert ended.out.startswith("session ")
        browser.write_text("#!/bin/sh\nexit 1\n")
        assert "no browser has opened the page" in typed("ui")


def _is_drawn(said: str) -> None:
    """The address by a name of the server is there as text, and as a QR code of just that text."""
    address = re.search(r"https://laptop\.example/session\?code=\S+", said)
    assert address is not None
    lines = re.findall("\x1b\\[97;40m([ ▀▄█]+)\x1b", said)
    halves = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}  # 1 is dark, as on paper
    rows = [[halves[one][half] for one in line] for line in lines for half in (0, 1)]
    wanted = segno.make(address[0], error="l", micro=False)
    assert rows[: len(lines) * 2 - 1] == [list(row) for row in wanted.matrix_iter(border=2)]
