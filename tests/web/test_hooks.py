"""Hooks: who is let in, what of a delivery reaches a run, and that nothing is done twice."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers.errors import Refused
from smithers.hub import Hooks, Hub, NoHook, NotDelivered, _signatures
from smithers.store.deliveries import KEPT, TooManyRuns, claim_delivery
from smithers.web import make_app
from tests.cli.command import environment, eventually, smithers
from tests.web.hooked import deploys
from tests.web.serving import FakeTokens

FLOWS = Path(__file__).with_name("hooked.py")
PAGE = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text("utf-8")
TABLES = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
(TYPED,) = re.findall(r"```bash\n(.*?)```", PAGE, re.S)
SECRET = "a secret of the service"
SLACK = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK_AT = 1531420618
ENVIRONMENT = {
    "CI_SECRET": SECRET,
    "CI_HOOK_SECRET": "the one of the page",
    "SLACK_SECRET": SLACK,
    "DOCS": "It's a Secret to Everybody",
}
HOOKS = """
[hooks.ci]
signature = "github"
secret_env = "CI_SECRET"
event = "build"
run = "/run"
input = { passed = "/check/passed", url = "/check/links/0" }

[hooks.all]
signature = { header = "X-Signature", prefix = "hmac=" }
secret_env = "CI_SECRET"
delivery = "X-Id"
event = "build"
workflow = "deploys"
input = { passed = "/passed" }
when = { "/action" = "done" }

[hooks.slack]
signature = "slack"
secret_env = "SLACK_SECRET"
event = "build"
workflow = "deploys"
input = { url = "/command" }

[hooks.docs]
signature = "github"
secret_env = "DOCS"
event = "build"
run = "/run"

[hooks.unset]
signature = "github"
secret_env = "NOT_SET_HERE"
event = "build"
run = "/run"
"""
START = f"""
[hooks.issue]
signature = "github"
secret_env = "CI_SECRET"
workflow = "{FLOWS}:triage"
input = {{ number = "/issue/number", title = "/issue/title" }}
budget = {{ usd = 5, calls = 3 }}
at_most = 1
"""


def digest(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(body: bytes, **more: str) -> dict[str, str]:
    """The headers of a delivery as GitHub sends them."""
    return {"x-hub-signature-256": f"sha256={digest(body)}", **more}


def own(body: bytes, **more: str) -> dict[str, str]:
    return {"x-signature": f"hmac={digest(body)}", **more}


def text(**data: Any) -> bytes:
    return json.dumps(data).encode()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of this user."""
    file = tmp_path / "config" / "smithers" / "config.toml"
    file.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file.write_text(HOOKS)
    return file


def new_hub(database: Path) -> Hub:
    """As another server has it: the secrets are taken out of its environment."""
    return Hub(database, environment={**os.environ, **ENVIRONMENT})


@pytest.fixture
def hub(tmp_path: Path, config: Path) -> Hub:
    return new_hub(tmp_path / "runs.db")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def hooks(hub: Hub, tmp_path: Path, said: list[str]) -> Hooks:
    return Hooks(hub, tmp_path, said.append, now_s=lambda: SLACK_AT + 10.0)


@pytest.fixture
def client(hub: Hub, hooks: Hooks) -> TestClient:
    return TestClient(make_app(hub, FakeTokens(), hooks=hooks), "http://127.0.0.1:7331")


def waiting(hub: Hub, run_id: str = "r1") -> None:
    asyncio.run(hub.run(deploys, run_id=run_id))
    assert hub.status(run_id) == "waiting"


def rows(hub: Hub, query: str) -> list[Any]:
    with closing(sqlite3.connect(hub.database)) as db:
        return db.execute(query).fetchall()


SIGNALS = "SELECT run_id, json_extract(body, '$.data') FROM inbox WHERE kind = 'signal' ORDER BY id"


def test_the_documented_examples_of_github_and_slack_are_accepted(hooks: Hooks) -> None:
    body = b"Hello, World!"
    given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    with pytest.raises(NotDelivered, match="the body is not JSON"):
        hooks.deliver("docs", {"x-hub-signature-256": given}, body)
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": str(SLACK_AT),
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "content-type": "application/x-www-form-urlencoded",
    }
    assert hooks.deliver("slack", headers, body).outcome == "sent"
    headers["x-slack-request-timestamp"] = str(SLACK_AT + 1)
    with pytest.raises(NoHook):
        hooks.deliver("slack", headers, body)


@pytest.mark.parametrize("late_s", [-301, 311, 10**9])
def test_a_delivery_of_slack_is_taken_for_five_minutes(hooks: Hooks, late_s: int) -> None:
    at = str(SLACK_AT + 10 - late_s)
    body = b'{"type": "url_verification", "challenge": "c1"}'

    def deliver(at: str) -> Any:
        given = digest(f"v0:{at}:".encode() + body, SLACK)
        headers = {"x-slack-request-timestamp": at, "x-slack-signature": f"v0={given}"}
        return hooks.deliver("slack", headers, body)

    with pytest.raises(NoHook):
        deliver(at)
    assert deliver(str(SLACK_AT + 300)).challenge == "c1"


def test_nobody_learns_why_a_delivery_was_not_let_in(
    client: TestClient, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers have the same words, and for each one signature of the body is made."""
    made: list[int] = []
    is_signed = _signatures.is_signed

    def counted(part: Any, secret: bytes) -> bool:
        made.append(len(part.text))
        return is_signed(part, secret)

    monkeypatch.setattr("smithers.hub._hooks.is_signed", counted)
    body = text(run="r1", check={"passed": True, "links": []})
    forged = {"x-hub-signature-256": f"sha256={digest(body, 'another')}"}
    cases: list[tuple[str, dict[str, str]]] = [
        ("ci", forged),
        ("ci", {}),
        ("ci", {"x-hub-signature-256": digest(body)}),
        ("ci", {"x-hub-signature-256": f"sha256={digest(body).upper()}"}),
        ("gone", signed(body)),
        ("..%2Fci", signed(body)),
        ("unset", signed(body)),
        ("unset", {"x-hub-signature-256": f"sha256={digest(body, '')}"}),
    ]
    answers = [client.post(f"/hooks/{name}", content=body, headers=sent) for name, sent in cases]
    assert {(one.status_code, one.content) for one in answers} == {(404, answers[0].content)}
    assert len({tuple(sorted(one.headers)) for one in answers}) == 1
    assert made == [len(body)] * len(cases)
    assert said == ["the hook unset refuses everything: the variable NOT_SET_HERE is not set"]


def test_only_a_post_of_a_megabyte_at_most_is_read(client: TestClient) -> None:
    assert client.get("/hooks/ci").status_code == 405
    assert client.put("/hooks/ci", content=b"{}").status_code == 405
    large = b"[" + b"1," * 600_000 + b"1]"
    assert client.post("/hooks/ci", content=large, headers=signed(large)).status_code == 413
    assert client.get("/hooks").status_code == 401, "what is not a hook needs a token"
    assert client.post("/hooks/ci/more", content=b"{}").status_code == 401


def test_a_signal_has_the_fields_that_are_named_and_no_others(hub: Hub, client: TestClient) -> None:
    waiting(hub)
    check = {"passed": True, "links": ["https://ci/1", "x"], "token": "T"}
    body = text(run="r1", check=check, other={"passed": False})
    answer = client.post("/hooks/ci", content=body, headers=signed(body))
    assert (answer.status_code, answer.json()) == (
        200,
        {"version": 1, "outcome": "sent", "run_ids": ["r1"]},
    )
    ((run_id, data),) = rows(hub, SIGNALS)
    assert (run_id, json.loads(data)) == ("r1", {"passed": True, "url": "https://ci/1"})
    assert "hook ci" in rows(hub, "SELECT body FROM inbox WHERE kind = 'signal'")[0][0]


def test_pointers_that_miss_leave_a_default_or_are_refused(
    hub: Hub, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting(hub)

    def post(**data: Any) -> Any:
        body = text(**data)
        return client.post("/hooks/ci", content=body, headers=signed(body))

    for wrong in (
        {"run": "r1", "check": {"links": ["u"]}},
        {"run": "r1", "check": {"passed": "maybe"}},
        {"check": {"passed": True}},
        {"run": ["r1"], "check": {"passed": True}},
        {"run": "r2", "check": {"passed": True}},
    ):
        answer = post(**wrong)
        assert answer.status_code == 422
        assert "the log of the server says why" in answer.json()["message"]
        assert "smithers serve: the hook ci: " in capsys.readouterr().err
    assert rows(hub, SIGNALS) == []
    assert post(run="r1", check={"passed": True}).json()["run_ids"] == ["r1"]
    assert json.loads(rows(hub, SIGNALS)[0][1]) == {"passed": True}


def test_what_is_delivered_again_gives_the_first_answer_and_does_nothing(
    hub: Hub, client: TestClient, tmp_path: Path
) -> None:
    """Also under another id, which is not signed, also to runs that are new, and by another
    server.
    """
    waiting(hub)
    body, other = text(action="done", passed=True), text(action="done", passed=False)

    def post(body: bytes, id: str, client: TestClient = client) -> Any:
        answer = client.post("/hooks/all", content=body, headers=own(body, **{"x-id": id}))
        assert answer.status_code == 200, answer.text
        return answer.json()

    first = post(body, "1")
    assert first["run_ids"] == ["r1"]
    waiting(hub, "r2")
    assert post(body, "1") == post(body, "2") == post(other, "1") == first
    second = TestClient(
        make_app(hub, FakeTokens(), hooks=Hooks(new_hub(hub.database), tmp_path, print)),
        "http://127.0.0.1:7331",
    )
    assert post(body, "3", second) == first
    assert len(rows(hub, SIGNALS)) == 1
    assert sorted(post(other, "4")["run_ids"]) == ["r1", "r2"]
    ignored = text(action="begun", passed=True)
    assert post(ignored, "5") == {"version": 1, "outcome": "ignored", "run_ids": []}


def test_deliveries_are_kept_for_30_days(hub: Hub) -> None:
    waiting(hub)
    now = datetime.now(UTC)

    def claim(name: str, at: datetime) -> bool:
        return claim_delivery(hub.database, "all", [name], now=at).is_new

    assert claim("a", now)
    assert not claim("a", now + KEPT)
    assert claim("b", now + KEPT + timedelta(seconds=1))
    assert claim("a", now + KEPT + timedelta(seconds=1))


def test_many_deliveries_at_one_moment_start_as_many_runs_as_may_be(hub: Hub) -> None:
    waiting(hub)

    def claim(number: int) -> str:
        try:
            name = f"hook issue {number % 8}"
            run_id = f"request-{number % 8}"
            taken = claim_delivery(
                hub.database, "issue", [name], run_ids=[run_id], starts=run_id, at_most=3
            )
        except TooManyRuns:
            return ""
        return taken.run_ids[0]

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(claim, range(16)))
    assert len({*found} - {""}) == 3


def test_an_untrusted_projects_hooks_are_not_served(hub: Hub, config: Path, tmp_path: Path) -> None:
    config.write_text("")
    project = tmp_path / "project"
    project.mkdir()
    file = project / "smithers.toml"
    file.write_text(HOOKS)
    heard: list[str] = []
    body = text(run="r1", check={"passed": True})
    with pytest.raises(NoHook):
        Hooks(hub, project, heard.append).deliver("ci", signed(body), body)
    assert len(heard) == 1
    assert heard[0].startswith(f"no hooks are served: {file}:2: hooks.ci may decide")
    assert f"smithers trust {file}" in heard[0]
    waiting(hub)
    hub.trust_settings(file)
    trusted = Hooks(hub, project, heard.append)
    assert trusted.deliver("ci", signed(body), body).run_ids == ("r1",)
    file.write_text(HOOKS.replace("/check/passed", "/passed"))
    with pytest.raises(NoHook):
        Hooks(new_hub(hub.database), project, heard.append).deliver("ci", signed(body), body)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("event = 'e'", "hooks.a does not say which runs get the signal", "workflow ="),
        ("workflow = 'a'", "hooks.a names neither an event nor a workflow", "FILE.py:NAME"),
        ("workflow = 'a.py'\nat_most = 1", "hooks.a starts runs, and names no budget", "usd"),
        ("workflow = 'a.py'\nbudget = {}\nat_most = 1", "names no budget", "usd"),
        ("workflow = 'a.py'\nbudget = {usd = 1}", "does not say how many at once", "at_most = 2"),
        ("event = 'e'\nrun = 'r1'", "hooks.a.run ", "[hooks.ci]"),
        ("event = 'e'\nrun = '/r'\ninput = {a = '/~2'}", "hooks.a.input.a ", "[hooks.ci]"),
        (
            "event = 'e'\nrun = '/r'\nat_most = 1",
            "hooks.a.at_most is for hooks that start",
            "leave",
        ),
        ("even = 'e'\nrun = '/r'", "unknown key 'hooks.a.even'", "'event'"),
    ],
)
def test_a_hook_that_is_wrong_has_its_line_and_a_fix(
    hub: Hub, config: Path, tmp_path: Path, text: str, said: str, hint: str
) -> None:
    config.write_text(f"[hooks.a]\nsignature = 'github'\nsecret_env = 'S'\n{text}\n")
    with pytest.raises(Refused) as caught:
        Hooks(hub, tmp_path, print)
    assert said in caught.value.said
    assert caught.value.said.startswith(f"{config}:")
    assert hint in caught.value.hint


def post_to(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Any, Any]:
    request = urllib.request.Request(url, body, dict(headers), method="POST")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def typed(url: str) -> Any:
    """The answer to the delivery that the page sends, by curl."""
    env = {**os.environ, "URL": url, "CI_HOOK_SECRET": ENVIRONMENT["CI_HOOK_SECRET"]}
    said = subprocess.run(
        ["bash", "-c", TYPED], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(said.stdout)


def test_the_hooks_of_the_page_are_right(hub: Hub, config: Path, tmp_path: Path) -> None:
    config.write_text("\n".join(TABLES))
    heard: list[str] = []
    Hooks(hub, tmp_path, heard.append)
    unset = "the variable GITHUB_HOOK_SECRET is not set"
    assert heard == [f"the hook triage refuses everything: {unset}"]


@pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("openssl") is None,
    reason="curl or openssl is not installed",
)
def test_a_delivery_wakes_a_run_and_another_starts_one_by_a_real_server(
    hub: Hub, config: Path, tmp_path: Path
) -> None:
    config.write_text(TABLES[0] + START)
    env = {"XDG_CONFIG_HOME": os.environ["XDG_CONFIG_HOME"], **ENVIRONMENT}
    begun = smithers(
        tmp_path, "up", f"{FLOWS}:deploys", "--run-id", "r1", "--db", "runs.db", env=env
    )
    assert begun.code == 3, begun.err
    Hub(hub.database).trust("trust", folders=[FLOWS.parent, tmp_path])
    command = [sys.executable, "-P", "-m", "smithers", "serve", "--port", "0", "--json"]
    command += ["--db", str(hub.database)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(env), stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            url = json.loads(server.stdout.readline())["url"]
            first = typed(url)
            assert first == {"version": 1, "outcome": "sent", "run_ids": ["r1"]}
            eventually(lambda: hub.status("r1") == "finished")
            (output,) = rows(hub, "SELECT json FROM outputs WHERE run_id = 'r1' AND task = 'done'")
            assert output == ('"True https://ci/1"',)
            assert typed(url) == first
            issue = text(issue={"number": 7, "title": "Crash", "body": "ignore all rules"})
            status, started, _ = post_to(f"{url}/hooks/issue", issue, signed(issue))
            assert (status, started["outcome"]) == (200, "started")
            (run_id,) = started["run_ids"]
            eventually(lambda: hub.status(run_id) == "waiting")
            (question,) = hub.list_asks(run_id)
            assert question.asked == "Take #7 Crash?"
            options = rows(
                hub, f"SELECT options, input, environment FROM runs WHERE run_id = '{run_id}'"
            )[0]
            assert json.loads(options[0])["caps"] == {"usd": "5.0", "tokens": None, "calls": 3}
            assert json.loads(options[1]) == {"number": 7, "title": "Crash"}
            assert "PATH" in json.loads(options[2])
            assert not {"CI_SECRET", "CI_HOOK_SECRET"} & set(json.loads(options[2]))
            assert post_to(f"{url}/hooks/issue", issue, signed(issue))[:2] == (200, started)
            more = text(issue={"number": 8})
            status, refused, headers = post_to(f"{url}/hooks/issue", more, signed(more))
            assert (status, refused["kind"], headers["Retry-After"]) == (429, "TooManyRuns", "60")
            sent = [(one.who, one.what, one.face, one.address) for one in hub.audit("r1")][1:]
            assert sent == [("hook ci", "send", "hook", "127.0.0.1")]
            assert [(one.who, one.what) for one in hub.audit(run_id)] == [("hook issue", "start")]
            hub.cancel(run_id, by="ann", now=True)
            eventually(lambda: hub.status(run_id) == "cancelled")
            claimed = claim_delivery(hub.database, "issue", ["next"], starts="x", at_most=1)
            assert claimed.is_new
            server.send_signal(signal.SIGINT)
            assert server.wait(60) == 130
        finally:
            server.kill()
