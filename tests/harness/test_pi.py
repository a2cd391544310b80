"""What the Pi adapter makes of a program, a Node, a home, a login, its options and a stream."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harnesses import Pi
from harnesses._ladder import candidates, meant
from harnesses._pi_home import TooOld, begun_elsewhere, command_of, prepared_home, state_of
from harnesses._pi_stream import Stream
from harnesses._pi_verdict import ended_badly
from harnesses._streams import UnknownSession
from harnesses.recording import Ending
from smithers.agent import (
    Answered,
    Ask,
    Event,
    Said,
    Started,
    Thought,
    ToolCalled,
    ToolReturned,
    Used,
)
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
from tests.harness.helpers import kinds, outcome_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER, MONTH = datetime.fromtimestamp(1795350000, UTC), datetime(2026, 12, 1, tzinfo=UTC)
PM = datetime(2026, 11, 29, 17, 53).astimezone()


def pi_in(folder: Path, version: str = "0.87.1", needs: str = ">=22.19.0") -> Path:
    """Pi as npm installs it, without its inside."""
    package = folder / "node_modules" / "@earendil-works" / "pi-coding-agent"
    script, bins = package / "dist" / "bundle" / "cli.js", folder / "node_modules" / ".bin"
    for each in (script.parent, bins):
        each.mkdir(parents=True)
    told = {"version": version, "bin": {"pi": "x"}, "engines": {"node": needs}}
    (package / "package.json").write_text(json.dumps(told))
    script.write_text("#!/usr/bin/env node\n")
    script.chmod(0o755)
    (bins / "pi").symlink_to(script)
    return bins


def node_in(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    node = folder / "node"
    node.write_text(f"#!/bin/sh\necho v{version}\n")
    node.chmod(0o755)
    return node


def test_the_node_beside_pi_is_taken_before_an_older_one_on_path(tmp_path: Path) -> None:
    bins = pi_in(tmp_path / "npm")
    beside, old = node_in(bins, "22.23.3"), node_in(tmp_path / "old", "20.20.2")
    path = os.pathsep.join(map(str, (old.parent, bins)))
    assert command_of("pi", path) == (str(beside), str(bins / "pi"))


def test_of_several_nodes_on_path_the_first_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    bins = pi_in(tmp_path / "npm")
    nodes = [node_in(tmp_path / v, v) for v in ("20.20.2", "22.18.0", "24.1.0", "22.19.0")]
    path = os.pathsep.join(map(str, (*(node.parent for node in nodes), bins)))
    assert command_of("pi", path)[0] == str(nodes[2])


def test_where_every_node_is_too_old_the_fix_is_told_and_not_an_import_error(
    tmp_path: Path,
) -> None:
    bins, old = pi_in(tmp_path / "npm"), node_in(tmp_path / "old", "20.20.2")
    path = os.pathsep.join(map(str, (old.parent, bins)))
    with pytest.raises(TooOld, match=r"Pi needs Node 22\.19\.0 or newer: found 20\.20\.2") as told:
        command_of("pi", path)
    assert "node@22" in told.value.hint
    assert told.value.then == "set up"
    with pytest.raises(TooOld, match="no Node was found on PATH"):
        command_of("pi", str(bins))


def test_a_pi_that_is_too_old_or_not_there_is_told_with_what_to_type(tmp_path: Path) -> None:
    bins = pi_in(tmp_path / "npm", version="0.73.1", needs=">=20.6.0")
    node_in(bins, "22.23.3")
    with pytest.raises(TooOld, match=r"Pi 0\.73\.1 is too old") as told:
        command_of("pi", str(bins))
    assert "npm install -g @earendil-works/pi-coding-agent" in told.value.hint
    with pytest.raises(NotInstalled, match="not installed") as missing:
        command_of("pi-that-is-nowhere", str(bins))
    assert "npm install -g @earendil-works/pi-coding-agent" in missing.value.hint


def test_a_wrapper_is_run_as_it_is(tmp_path: Path) -> None:
    wrapper = tmp_path / "pi"
    wrapper.write_text("#!/bin/sh\n")
    wrapper.chmod(0o755)
    assert command_of("pi", str(tmp_path)) == (str(wrapper),)


def test_a_home_is_of_one_run_and_links_the_login_of_the_user(tmp_path: Path) -> None:
    env, login = {"HOME": str(tmp_path)}, tmp_path / ".pi" / "agent" / "auth.json"
    homes = [state_of(env, run) for run in ("r1", "../r2")]
    assert homes[0] == tmp_path / ".local/state/smithers/pi/r1"
    assert homes[1].parent == homes[0].parent
    files = {"settings.json": {"retry": {"enabled": False}}}
    own, again = (prepared_home(homes[0], "agent-1", files, login) for _ in range(2))
    assert own == again == homes[0] / "agent-1"
    assert (own / "auth.json").readlink() == login
    assert json.loads((own / "settings.json").read_text()) == files["settings.json"]
    assert own.stat().st_mode & 0o777 == 0o700
    apart = prepared_home(homes[0], "agent-2", files, None)
    assert not (apart / "auth.json").is_symlink()


def test_a_session_belongs_to_the_folder_that_it_was_begun_in(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (tmp_path / "link").symlink_to(here)
    kept = tmp_path / "2026-11-23T01-22-16-576Z_s-1.jsonl"
    kept.write_text(json.dumps({"type": "session", "id": "s-1", "cwd": str(here)}) + "\n{}\n")
    assert begun_elsewhere(tmp_path, "s-1", there)
    assert not begun_elsewhere(tmp_path, "s-1", tmp_path / "link")
    assert not begun_elsewhere(tmp_path, "s-2", there), "what is not there is Pi's own to tell"


@pytest.mark.parametrize(
    "options",
    [
        {"api": "openai-completions"},
        {"model": "m", "api": "openai-completions"},
        {"base_url": "http://127.0.0.1:1"},
        {"api_key_env": "A_KEY"},
        {"provider": "anthropic", "api_key_env": "A KEY"},
        {"model": "anthropic/m", "model_entry": {"reasoning": True}},
    ],
)
def test_options_that_do_not_belong_together_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Pi\("):
        Pi(**options)


def settings_of(agent: Pi) -> Any:
    return agent._settings  # pyright: ignore[reportPrivateUsage] (what Pi is told is seen nowhere else)


def test_nothing_is_retried_or_kept_warm_unseen() -> None:
    told = settings_of(Pi("anthropic/m")).files()["settings.json"]
    assert told["retry"] == {"enabled": False, "provider": {"maxRetries": 0}}
    assert told["cacheWarming"] == "off"


def test_each_provider_gets_its_own_key_and_no_command_gets_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "OPENROUTER_API_KEY", "A_KEY"):
        monkeypatch.setenv(name, f"value of {name}")
    for agent, expected in (
        (Pi("anthropic/m"), "ANTHROPIC_API_KEY"),
        (Pi("m", provider="google"), "GEMINI_API_KEY"),
        (Pi("openrouter/anthropic/m"), "OPENROUTER_API_KEY"),
        (Pi("m", provider="anthropic", api_key_env="A_KEY"), "A_KEY"),
    ):
        env = agent._environment({})  # pyright: ignore[reportPrivateUsage] (seen nowhere else)
        assert [name for name in env if name.endswith("_KEY")] == [expected]
        told = settings_of(agent).files()["settings.json"]["shellCommandPrefix"]
        assert told.startswith("unset ")
        assert expected in told.split()


def test_the_login_and_the_usual_key_never_go_to_another_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    elsewhere = settings_of(Pi("m", provider="anthropic", base_url="http://127.0.0.1:1"))
    local = settings_of(Pi("m", base_url="http://127.0.0.1:1/v1", api="openai-completions"))
    assert not elsewhere.signed_in
    assert elsewhere.key_names == local.key_names == ()
    assert elsewhere.files()["models.json"] == {
        "providers": {"anthropic": {"apiKey": "none", "baseUrl": "http://127.0.0.1:1"}}
    }
    told = local.files()["models.json"]["providers"]["custom"]
    assert (told["api"], told["models"]) == ("openai-completions", [{"id": "m"}])


def test_a_limit_is_shared_by_account_and_model_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret-value-1")
    env = {"HOME": str(tmp_path)}
    one, two = Pi("anthropic/m", env=env), Pi("anthropic/m", env=env, tools=["read"])
    assert one.limit == two.limit
    assert one.limit.startswith("anthropic|api.anthropic.com|")
    (tmp_path / ".pi" / "agent").mkdir(parents=True)
    stored = {"anthropic": {"type": "api_key", "key": "secret-value-2"}}
    (tmp_path / ".pi" / "agent" / "auth.json").write_text(json.dumps(stored))
    assert two.limit != Pi("anthropic/m", env={"HOME": "/nowhere"}).limit
    assert "secret" not in one.limit


@pytest.mark.anyio
async def test_a_key_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    bins = pi_in(tmp_path / "npm")
    node_in(bins, "22.23.3")
    agent = Pi("m", provider="anthropic", api_key_env="NO_SUCH_KEY", program=str(bins / "pi"))
    found, error = await outcome_of(agent, Ask(prompt="Hi", cwd=tmp_path))
    assert found == []
    assert isinstance(error, NotSignedIn)
    assert "NO_SUCH_KEY" in error.said


def error_of(said: str, **more: Any) -> AgentError:
    return ended_badly({"stopReason": "error", "errorMessage": said, **more}, "", NOW)


INNER = json.dumps({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}})
GOOGLE = json.dumps({"error": {"message": INNER, "code": 429, "status": "Too Many Requests"}})


@pytest.mark.parametrize(
    ("said", "expected", "reason"),
    [
        ('401: {"message":"Incorrect API key","code":"invalid_api_key"}', NotSignedIn, ""),
        ("OAuth token refresh failed for anthropic", NotSignedIn, ""),
        ('400 {"error":{"message":"API key not valid"}}', NotSignedIn, ""),
        ('429: {"message":"slow","code":"rate_limit_exceeded"}', Busy, "rate_limit"),
        ("429 Rate limit reached for m1", Busy, "rate_limit"),
        ('429: {"message":"plan and billing","code":"insufficient_quota"}', Busy, "quota"),
        ("You have hit your ChatGPT usage limit (plus plan). Try again in ~12 min.", Busy, "quota"),
        (GOOGLE, Busy, "rate_limit"),
        ("Throttling error: Too many tokens, please wait", Busy, "rate_limit"),
        ('503: {"error":{"message":"The model is overloaded"}}', Busy, "overloaded"),
        ('400: {"message":"maximum context length is 128000 tokens"}', ContextOverflow, ""),
        ('413 {"error":{"type":"request_too_large","message":"big"}}', ContextOverflow, ""),
        ('402: {"message":"Payment required"}', Permanent, "billing"),
        ('404: {"message":"The model `m9` does not exist"}', Permanent, "model_not_found"),
        ("Provider finish_reason: content_filter", Permanent, "refused"),
        ("Provider stopped with: sensitive", Permanent, "refused"),
        ('422: {"message":"what is this"}', Permanent, "bad_request"),
        ("Connection error.", Transient, "network"),
        ("fetch failed", Transient, "network"),
        ("Request timed out.", Transient, "timeout"),
        ("terminated", Transient, "cut"),
        ("500: {}", Transient, "server_error"),
        ("Provider finish_reason: network_error", Transient, "network"),
        ("something of tomorrow", Transient, "unknown"),
        ("", Transient, "unknown"),
    ],
)
def test_a_failure_has_the_class_that_its_words_tell(
    said: str, expected: type[AgentError], reason: str
) -> None:
    error = error_of(said)
    assert type(error) is expected
    assert not reason or error.reason == reason


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ("429: try again in 2.5s", timedelta(seconds=2.5)),
        ("429: try again in 20ms", timedelta(milliseconds=20)),
        ("Try again in ~12 min. usage limit", timedelta(minutes=12)),
        ("429: Please retry in 34.07s", timedelta(seconds=34.07)),
        ("Server requested 3600s retry delay (max: 60s).", timedelta(hours=1)),
        ("429: try again in 2 hours", timedelta(hours=2)),
        ('429: {"type":"usage_limit_reached","resets_at":1795350000}', LATER - NOW),
        ("400 Your API usage limits: regain access on 2026-12-01 at 00:00 UTC.", MONTH - NOW),
        ("429: since 2026-11-01T00:00:00Z", None),
        ("429: rate limit, try again at Nov 29th, 2026 5:53 PM.", PM - NOW),
        ("429: try again in 999999999 hours", None),
    ],
)
def test_a_limit_lasts_as_long_as_the_provider_says(said: str, after: timedelta | None) -> None:
    error = error_of(said)
    assert isinstance(error, Busy)
    assert error.resumes_at == (after and NOW + after)


def heard(stream: Stream, *lines: object) -> list[Event]:
    return [
        event
        for line in lines
        for event in stream.hear(line if isinstance(line, bytes) else json.dumps(line).encode())
    ]


USAGE = {"input": 10, "output": 5, "cacheRead": 20, "cacheWrite": 3, "totalTokens": 38}


def message(text: str, stop: str = "stop", **more: Any) -> dict[str, Any]:
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": text}]
    told = {"role": "assistant", "content": content, "model": "m1", "stopReason": stop, **more}
    return {"type": "message_end", "message": told}


def test_a_stream_of_0_73_ends_with_its_agent_end() -> None:
    stream = Stream()
    update = b'{"type":"message_update","assistantMessageEvent":{"type":"text_delta"}}'
    events = heard(
        stream,
        {"type": "session", "version": 3, "id": "s-1", "cwd": "/x"},
        {"type": "agent_start"},
        {"type": "message_start", "message": {"role": "assistant", "stopReason": "stop"}},
        update,
        message("Hello", usage=USAGE | {"cost": {"total": 0.000105}}),
    )
    assert not stream.over
    assert events == [
        Started("s-1"),
        Thought("hm"),
        Said("Hello"),
        Used(tokens_in=33, tokens_out=5, tokens_cached=20, cost=Decimal("0.000105"), model="m1"),
    ]
    heard(stream, {"type": "agent_end", "messages": []})
    assert stream.over
    assert stream.answer(Ending(rc=0), "") == Answered("Hello")


def test_a_cost_is_as_told_or_unknown_where_there_are_no_prices() -> None:
    told = message("Hello", usage={"input": 1, "output": 1, "cost": {"total": 0}})
    assert heard(Stream(), told)[-1] == Used(tokens_in=1, tokens_out=1, cost=Decimal(0), model="m1")
    assert heard(Stream(priced=False), told)[-1] == Used(tokens_in=1, tokens_out=1, model="m1")


def test_a_newer_stream_ends_only_when_all_has_settled() -> None:
    stream = Stream()
    heard(
        stream, {"type": "agent_start"}, message("Hello"), {"type": "agent_end", "willRetry": False}
    )
    assert not stream.over
    with pytest.raises(Transient, match="without a result") as told:
        stream.answer(Ending(rc=0), "")
    assert told.value.reason == "no_terminal_event"
    heard(stream, {"type": "agent_settled"})
    assert stream.answer(Ending(rc=0), "") == Answered("Hello")


def test_a_message_before_a_retry_does_not_count() -> None:
    stream = Stream()
    heard(
        stream,
        {"type": "agent_start"},
        message("", "error", errorMessage="terminated"),
        {"type": "agent_end", "willRetry": True},
        {"type": "auto_retry_start", "attempt": 1, "errorMessage": "terminated"},
    )
    assert stream.notice == "terminated"
    heard(
        stream,
        {"type": "agent_start"},
        message("Hello"),
        {"type": "auto_retry_end", "success": True},
        {"type": "agent_end", "willRetry": False},
        {"type": "agent_settled"},
    )
    assert stream.answer(Ending(rc=0), "") == Answered("Hello")


@pytest.mark.parametrize(
    ("stop", "expected", "reason"),
    [
        ("length", BadOutput, "truncated"),
        ("aborted", Transient, "interrupted"),
        ("toolUse", Transient, "no_terminal_event"),
        ("deferred", Transient, "no_terminal_event"),
    ],
)
def test_what_stops_otherwise_is_no_answer(
    stop: str, expected: type[AgentError], reason: str
) -> None:
    stream = Stream()
    heard(stream, {"type": "agent_start"}, message("Half", stop), {"type": "agent_settled"})
    with pytest.raises(expected) as told:
        stream.answer(Ending(rc=0), "")
    assert told.value.reason == reason


def test_an_answer_that_pi_itself_will_ask_for_again_is_none() -> None:
    stream = Stream()
    retried = {"type": "agent_end", "willRetry": True}
    heard(stream, {"type": "agent_start"}, message("Half"), retried, {"type": "agent_settled"})
    with pytest.raises(Transient, match="without a message"):
        stream.answer(Ending(rc=0), "")


def test_the_answer_of_an_earlier_prompt_is_not_that_of_a_later_one() -> None:
    stream = Stream()
    user = {"type": "message_end", "message": {"role": "user", "content": "And now?"}}
    heard(stream, {"type": "agent_start"}, message("Hello"), {"type": "agent_settled"}, user)
    heard(stream, {"type": "agent_start"}, {"type": "agent_settled"})
    with pytest.raises(Transient, match="without a message"):
        stream.answer(Ending(rc=0), "")


def test_a_stream_of_rpc_tells_its_session_and_what_it_refuses() -> None:
    stream = Stream()
    state = {"type": "response", "command": "get_state", "success": True}
    assert heard(stream, state | {"data": {"sessionId": "s-1"}}) == [Started("s-1")]
    refused = {"type": "response", "command": "prompt", "success": False}
    heard(stream, refused | {"error": "No API key found for p."})
    with pytest.raises(NotSignedIn, match="No API key found for p"):
        stream.answer(Ending(rc=0), "")


def test_tools_and_summaries_are_told_and_what_they_took_is_counted() -> None:
    events = heard(
        Stream(),
        {
            "type": "tool_execution_start",
            "toolCallId": "c",
            "toolName": "ls",
            "args": {"path": "."},
        },
        {"type": "tool_execution_update", "toolCallId": "c", "partialResult": {}},
        {
            "type": "tool_execution_end",
            "toolCallId": "c",
            "result": {"content": [{"type": "text", "text": "a"}, {"type": "image"}]},
            "isError": True,
        },
        {"type": "message_end", "message": {"role": "toolResult", "usage": {"input": 7}}},
        {"type": "compaction_end", "result": {"summary": "s", "usage": {"input": 1, "output": 2}}},
    )
    assert events == [
        ToolCalled(call="c", name="ls", arguments={"path": "."}),
        ToolReturned(call="c", text="a", failed=True),
        Used(tokens_in=7),
        Used(tokens_in=1, tokens_out=2),
    ]


def test_noise_and_events_of_tomorrow_are_passed_over() -> None:
    stream = Stream(session="s-1")
    deep = b"[" * 100_000
    odd: list[object] = [
        *(b"", b"no JSON", b"\xff\xfe{", b"[1]", b"7", b'{"type":', deep, b'{"a":' + deep),
        *({"type": "of_tomorrow", "message": 3}, {"type": ["message_end"]}, {"type": None}),
        {"type": "message_end", "message": {"role": "assistant", "content": "text", "usage": []}},
        {"type": "message_end", "message": {"role": "assistant", "content": [3, {"type": "text"}]}},
        {"type": "message_end", "message": message("x")["message"] | {"usage": {"input": "many"}}},
        {"type": "tool_execution_start", "args": 3},
        {"type": "tool_execution_end", "result": "text"},
        {"type": "compaction_end", "result": None},
        {"type": "response", "success": True, "command": "get_state", "data": 3},
        {"type": "session", "id": "s-1"},
    ]
    events = heard(stream, *odd)
    assert kinds(events) == ["Said", "Thought", "Said", "ToolCalled", "ToolReturned"]


@pytest.mark.parametrize(
    ("stderr", "ending", "expected"),
    [
        ("No session found matching 's-1'\n", Ending(rc=1), UnknownSession),
        (
            "Session found in different project: /x\nFork this…? [y/N] ",
            Ending(rc=0),
            UnknownSession,
        ),
        ("Warning: odd\nNo API key found for loop.\n\nUse /login to …", Ending(rc=1), NotSignedIn),
        ("Error: Unknown option: --session-id", Ending(rc=1), Permanent),
        (
            "SyntaxError: The requested module 'node:module' does not provide an export named "
            "'enableCompileCache'\n    at x\n\nNode.js v20.20.2",
            Ending(rc=1),
            TooOld,
        ),
        ("", Ending(rc=0), Transient),
        ("", Ending(rc=1), Transient),
        ("Warning: Something is odd", Ending(rc=1), Transient),
        ("Error: Unknown option: --x", Ending(signal=9), Transient),
        ("Error: Unknown option: --x", Ending(rc=143), Transient),
    ],
)
def test_what_never_began_is_told_by_stderr(
    stderr: str, ending: Ending, expected: type[AgentError]
) -> None:
    with pytest.raises(AgentError) as told:
        Stream().answer(ending, stderr)
    assert type(told.value) is expected


def test_what_broke_off_is_tried_again_whatever_stderr_says() -> None:
    stream = Stream()
    heard(stream, {"type": "agent_start"}, {"type": "turn_start"})
    with pytest.raises(Transient, match="exit code 1") as told:
        stream.answer(Ending(rc=1), "TypeError: x is not a function")
    assert told.value.reason == "no_terminal_event"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"n": 7}', {"n": 7}),
        ('```json\n{"n": 1}\n```\nor rather\n```json\n{"n": 7}\n```', {"n": 7}),
        ('Not {"n": 1} but {"n": {"m": 7}}, see [1].', {"n": {"m": 7}}),
        ("```\nno JSON\n```\n{ nor this } but [1, 2]", [1, 2]),
        ('A brace { and then {"n": "}"} .', {"n": "}"}),
        ("Seven.", None),
        ("[" * 5000, None),
        ("[" * 100_000 + '{"n": 7}', {"n": 7}),
        ("x{ y }" * 20_000 + 'At last {"n": 7}.', {"n": 7}),
    ],
)
def test_a_structured_answer_is_found_step_by_step(text: str, found: object) -> None:
    assert next(candidates(text), None) == found


LISTS: dict[str, object] = {"$ref": "#/$defs/L", "$defs": {"L": {"type": "array"}}}


@pytest.mark.parametrize(
    ("text", "schema", "found"),
    [
        ('One {"n": 1} and all: [{"n": 1}]', {"type": "array"}, [{"n": 1}]),
        ('One {"n": 1} and all: [{"n": 1}]', LISTS, [{"n": 1}]),
        ('"yes"', {"type": "string"}, "yes"),
        ("[1]", {"type": "object"}, [1]),
        ("7", {"anyOf": [{"type": "integer"}]}, 7),
        ("none", {"type": "object"}, None),
    ],
)
def test_of_several_the_one_of_the_kind_that_was_asked_for_is_meant(
    text: str, schema: dict[str, object], found: object
) -> None:
    assert meant(text, schema) == found
