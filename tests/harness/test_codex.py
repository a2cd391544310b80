"""What the Codex adapter makes of a program, a home, a login, a schema and a failure."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harnesses import ClaudeCode, Codex
from harnesses._codex_dialogue import Dialogue
from harnesses._codex_home import native, prepared_home
from harnesses._codex_settings import Settings
from harnesses._codex_verdict import fault
from harnesses._strict import strict
from harnesses.recording import Ending
from smithers.agent import Ask, Event, Started, Steered
from smithers.errors import (
    AgentError,
    BadOutput,
    Busy,
    ContextOverflow,
    NotInstalled,
    NotSignedIn,
    Permanent,
    Transient,
)
from tests.harness.helpers import outcome_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_the_native_program_is_taken_and_not_its_wrapper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    modules = tmp_path / "node_modules" / "@openai"
    wrapper = modules / "codex" / "bin" / "codex.js"
    inner = Path("vendor", "x86_64-unknown-linux-musl")
    for file in (
        wrapper,
        modules / "codex-linux-x64" / inner / "bin" / "codex",
        modules / "codex" / inner / "codex" / "codex",
    ):
        file.parent.mkdir(parents=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "codex").symlink_to(wrapper)
    path = str(tmp_path / "bin")
    newest = modules / "codex-linux-x64" / inner / "bin" / "codex"
    assert native("codex", path) == newest
    newest.unlink()
    assert native("codex", path) == modules / "codex" / inner / "codex" / "codex"
    with pytest.raises(NotInstalled, match="not installed") as caught:
        native("codex-that-is-nowhere", path)
    assert "npm install -g @openai/codex" in caught.value.hint


def test_a_home_is_of_one_run_and_links_the_login_of_the_user(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}
    with pytest.raises(NotSignedIn) as caught:
        prepared_home(env, "r1", signed_in=True)
    assert "codex login" in caught.value.hint
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "auth.json").write_text("{}")
    homes = [prepared_home(env, run, signed_in=True) for run in ("r1", "r1", "../r2")]
    assert homes[0] == homes[1] == tmp_path / ".local/state/smithers/codex/r1"
    assert homes[2].parent == homes[0].parent
    assert (homes[0] / "auth.json").resolve() == tmp_path / ".codex" / "auth.json"
    assert homes[0].stat().st_mode & 0o777 == 0o700
    apart = prepared_home(env, "r3", signed_in=False)
    assert not (apart / "auth.json").exists()


def settings(**changed: Any) -> Settings:
    plain: dict[str, Any] = {
        "model": None, "sandbox": "read-only", "approvals": "never",
        "key_env": None, "url": None, "config": {},
    }  # fmt: skip
    return Settings(**plain | changed)


def test_the_login_of_the_user_never_goes_to_another_server(tmp_path: Path) -> None:
    own, elsewhere, by_key = (
        " ".join(settings(**each).words(tmp_path))
        for each in ({}, {"url": "http://127.0.0.1:1/v1"}, {"key_env": "MY_KEY"})
    )
    assert "requires_openai_auth=true" in own
    assert "requires_openai_auth" not in elsewhere + by_key
    assert 'env_key="MY_KEY"' in by_key
    assert all("request_max_retries=0" in each for each in (own, elsewhere, by_key))


def test_further_settings_are_written_as_toml_and_widen_no_right(tmp_path: Path) -> None:
    config = {
        "sandbox_mode": "danger-full-access",
        "mcp_servers.hub": {"command": "hub", "args": ["-x", "é"], "env": {"a b": "c"}},
    }
    words = settings(config=config).words(tmp_path)
    assert 'mcp_servers.hub={command="hub",args=["-x","é"],env={"a b"="c"}}' in words
    assert [word for word in words if word.startswith("sandbox_mode")] == [
        'sandbox_mode="read-only"'
    ]


LIMITS = {"primary": {"usedPercent": 100, "resetsAt": 1795350000}, "secondary": {"usedPercent": 3}}


@pytest.mark.parametrize(
    ("info", "message", "expected"),
    [
        ({"httpConnectionFailed": {"httpStatusCode": 401}}, "", NotSignedIn),
        ({"httpConnectionFailed": {"httpStatusCode": 403}}, "", NotSignedIn),
        ({"httpConnectionFailed": {"httpStatusCode": 402}}, "", Permanent),
        ({"httpConnectionFailed": {"httpStatusCode": 503}}, "", Transient),
        ({"httpConnectionFailed": {"httpStatusCode": None}}, "", Transient),
        ({"responseTooManyFailedAttempts": {"httpStatusCode": 429}}, "", Busy),
        ("unauthorized", "", NotSignedIn),
        ("modelNotFound", "", Permanent),
        ("cyberPolicy", "", Permanent),
        ("usageLimitExceeded", "", Busy),
        ("rateLimitExceeded", "", Busy),
        ("serverOverloaded", "", Busy),
        ("internalServerError", "", Transient),
        ("contextWindowExceeded", "", ContextOverflow),
        ("other", "Missing environment variable: `X`.", NotSignedIn),
        ("other", '{"error": {"type": "invalid_request_error"}}', Permanent),
        ("other", "stream disconnected before completion: network error", Transient),
        (
            "other",
            "stream disconnected before completion: Incomplete response returned, "
            "reason: content_filter",
            Permanent,
        ),
        ("other", "Incomplete response returned, reason: max_output_tokens", BadOutput),
        (None, "unexpected status 401 Unauthorized: no, url: x", NotSignedIn),
        (None, "exceeded retry limit, last status: 429 Too Many Requests", Busy),
        (None, "Selected model is at capacity. Please try a different model.", Busy),
        (None, "Codex ran out of room in the model's context window.", ContextOverflow),
    ],
)
def test_a_failure_has_the_class_of_its_kind(
    info: object, message: str, expected: type[AgentError]
) -> None:
    assert type(fault({"codexErrorInfo": info, "message": message}, {}, NOW)) is expected


def test_an_unknown_kind_is_tried_again_and_keeps_its_name() -> None:
    error = fault({"codexErrorInfo": "ofTomorrow", "message": "so it is"}, {}, NOW)
    assert type(error) is Transient
    assert error.said == "ofTomorrow: so it is"


@pytest.mark.parametrize(
    ("limits", "message", "at"),
    [
        (LIMITS, "", datetime.fromtimestamp(1795350000, UTC)),
        ({"primary": {"usedPercent": 40, "resetsAt": 1795350000}}, "", None),
        ({}, "You’ve hit your usage limit. Try again later.", None),
        ({}, "Rate limit reached. Please try again in 2.5s.", NOW + timedelta(seconds=2.5)),
        ({}, "Rate limit reached. Please try again in 20ms.", NOW + timedelta(seconds=0.02)),
    ],
)
def test_a_limit_is_told_until_it_ends_where_the_program_says_so(
    limits: Any, message: str, at: datetime | None
) -> None:
    error = fault({"codexErrorInfo": "usageLimitExceeded", "message": message}, limits, NOW)
    assert isinstance(error, Busy)
    assert error.resumes_at == at


@pytest.mark.parametrize("form", ["%b {day}th, %Y %I:%M %p", "%I:%M %p"])
def test_the_time_in_a_message_is_local_and_a_minute_that_has_begun_is_waited_out(
    form: str,
) -> None:
    end = (NOW + timedelta(hours=3)).astimezone()
    told = f"{end:{form}}".replace("{day}", str(end.day)).replace(" 0", " ")
    said = f"You’ve hit your usage limit. Upgrade or try again at {told.lstrip('0')}."
    within = end + timedelta(seconds=20)
    for now, ends in ((NOW, end), (within, end + timedelta(minutes=1))):
        error = fault({"codexErrorInfo": "usageLimitExceeded", "message": said}, {}, now)
        assert isinstance(error, Busy)
        assert error.resumes_at == ends


def test_a_strict_schema_is_closed_to_its_leaves_and_has_no_defaults() -> None:
    part = {"type": "object", "properties": {"a": {"type": "integer", "default": 3}}}
    whole = {
        "$defs": {"Part": part},
        "type": "object",
        "properties": {
            "one": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}], "default": None},
            "many": {"type": "array", "items": {"$ref": "#/$defs/Part", "description": "x"}},
        },
    }
    found = strict(whole)
    assert found is not None
    assert found["required"] == ["one", "many"]
    assert found["$defs"]["Part"] == {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert found["properties"]["one"] == {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]}
    assert found["properties"]["many"]["items"] == {"$ref": "#/$defs/Part"}


NOT_STRICT: list[dict[str, object]] = [
    {"type": "array", "items": {"type": "string"}},
    {"type": "object", "properties": {"a": {"type": "object"}}},
    {"type": "object", "properties": {"a": {}}},
    {"anyOf": [{"type": "object", "properties": {}}]},
]


@pytest.mark.parametrize("schema", NOT_STRICT)
def test_a_schema_that_cannot_be_said_strictly_is_none(schema: dict[str, object]) -> None:
    assert strict(schema) is None


def test_a_limit_is_shared_by_account_and_model_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_KEY", "secret-value-1")
    one, two = Codex("m", api_key_env="A_KEY"), Codex("m", api_key_env="A_KEY", sandbox="read-only")
    assert one.limit == two.limit
    assert one.limit.startswith("openai|api.openai.com/v1|")
    monkeypatch.setenv("A_KEY", "secret-value-2")
    assert one.limit != Codex("n", api_key_env="A_KEY").limit
    claude = ClaudeCode("opus", env={"ANTHROPIC_API_KEY": "secret-value-3"})
    same = ClaudeCode("opus", env={"ANTHROPIC_API_KEY": "secret-value-3"}, max_turns=3)
    other = ClaudeCode("opus", env={"ANTHROPIC_API_KEY": "secret-value-4"})
    assert claude.limit == same.limit != other.limit
    assert "secret" not in claude.limit + one.limit


@pytest.mark.anyio
async def test_an_old_version_is_run_by_exec_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = tmp_path / "codex"
    events = [
        {"type": "thread.started", "thread_id": "t1"},
        {"type": "item.completed", "item": {"type": "agent_message", "text": "Old."}},
        {"type": "turn.completed", "usage": {"input_tokens": 3, "output_tokens": 2}},
    ]
    said = "\\n".join(map(json.dumps, events))
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "if '--version' in sys.argv:\n    print('codex-cli 0.72.0')\n"
        f"else:\n    assert sys.argv[1] == 'exec', sys.argv\n    print('''{said}''')\n"
    )
    program.chmod(0o755)
    env = {"HOME": str(tmp_path), "A_KEY": "key", "PATH": os.environ["PATH"]}
    agent = Codex(program=str(program), api_key_env="A_KEY", env=env)
    with caplog.at_level(logging.WARNING):
        found, error = await outcome_of(agent, Ask(prompt="Hi", cwd=tmp_path))
    assert error is None
    assert Started("t1") in found
    assert "the app-server of codex 0.72.0 cannot be used" in caplog.text


@pytest.mark.anyio
async def test_a_key_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    agent = Codex(program=sys.executable, api_key_env="NO_SUCH_KEY")
    found, error = await outcome_of(agent, Ask(prompt="Hi", cwd=tmp_path))
    assert found == []
    assert isinstance(error, NotSignedIn)
    assert "NO_SUCH_KEY" in error.said


class Talk:
    """A dialogue whose program is the test: what it was asked, and answers to it."""

    def __init__(self, text: str) -> None:
        self.asked: list[dict[str, Any]] = []
        more: dict[str, Any] = {"turn": {}, "resumed": None, "forked": None}
        thread = {"sandbox": "read-only"}
        self.dialogue = Dialogue(self._hear, thread=thread, text=text, prompt=text, **more)
        self.answer({})
        self.answer({"thread": {"id": "t"}, "sandbox": {"type": "readOnly"}})

    def _hear(self, line: bytes) -> None:
        self.asked.append(json.loads(line))

    def say(self, **message: Any) -> list[Event]:
        return list(self.dialogue.hear(json.dumps(message).encode()))

    def answer(self, result: dict[str, Any]) -> None:
        self.say(id=[each["id"] for each in self.asked if "id" in each][-1], result=result)

    def turn(self, id: str) -> list[Event]:
        """A turn begins and ends; gives what it said when it began."""
        self.answer({"turn": {"id": id}})
        turn = {"id": id, "status": "completed"}
        begun = self.say(method="turn/started", params={"threadId": "t", "turn": turn})
        self.say(method="turn/completed", params={"threadId": "t", "turn": turn})
        return begun


def test_a_text_that_may_name_a_skill_is_an_item_of_the_thread_and_no_input() -> None:
    talk = Talk("Use $helper")
    item = talk.asked[-1]
    assert item["method"] == "thread/inject_items"
    assert item["params"]["items"][0]["content"] == [{"type": "input_text", "text": "Use $helper"}]
    talk.answer({})
    assert talk.asked[-1]["method"] == "turn/start"
    assert talk.asked[-1]["params"]["input"] == []
    plain = Talk("Pay $(all) of ${it} in $ and @x")
    assert plain.asked[-1]["method"] == "turn/start"
    assert plain.asked[-1]["params"]["input"][0]["text"] == "Pay $(all) of ${it} in $ and @x"


def test_a_message_that_became_an_item_is_taken_in_when_its_turn_begins() -> None:
    talk = Talk("Go")
    assert talk.turn("1") == []
    talk.dialogue.tell("Ask $helper")
    assert talk.asked[-1]["method"] == "thread/inject_items"
    assert talk.dialogue.pending
    talk.answer({})
    assert talk.turn("2") == [Steered("Ask $helper")]
    assert not talk.dialogue.pending


def test_a_version_that_takes_no_items_is_not_given_a_text_that_may_name_a_skill() -> None:
    talk = Talk("Use $helper")
    error = {"code": -32600, "message": "Invalid request: unknown variant `thread/inject_items`"}
    talk.say(id=talk.asked[-1]["id"], error=error)
    assert talk.asked[-1]["method"] == "thread/inject_items", "no turn was begun"
    assert talk.dialogue.over
    with pytest.raises(Permanent) as caught:
        talk.dialogue.answer(Ending(rc=0), "")
    assert "write the name without its $" in caught.value.hint


@pytest.mark.anyio
async def test_exec_is_not_started_for_a_text_that_may_name_a_skill(tmp_path: Path) -> None:
    program = tmp_path / "codex"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    env = {"HOME": str(tmp_path), "A_KEY": "key"}
    agent = Codex(program=str(program), api_key_env="A_KEY", env=env, mode="exec")
    found, error = await outcome_of(agent, Ask(prompt="Use $helper", cwd=tmp_path))
    assert found == []
    assert isinstance(error, Permanent)
    assert 'mode="app-server"' in error.hint
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("trusts", [False, True])
def test_what_a_project_brings_counts_where_its_author_trusts_it(
    trusts: bool, tmp_path: Path
) -> None:
    more: dict[str, Any] = {"approvals": "never", "key_env": None, "url": None, "config": {}}
    settings = Settings(model=None, sandbox="read-only", trusts_project=trusts, **more)
    words = " ".join(settings.words(tmp_path))
    assert ('trust_level="trusted"' in words) == trusts
    assert ("skills.include_instructions=false" in words) != trusts
    assert ("project_doc_max_bytes=0" in words) != trusts
