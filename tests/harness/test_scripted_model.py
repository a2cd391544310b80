"""The scripted model keeps to its script, whoever asks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.harness.helpers import ROOT, until
from tests.scripted_model import Eof, ScriptedModel, Status, Step, StreamError, Text, ToolCall


def ask(url: str, text: str, **more: Any) -> Any:
    body: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "user", "content": text}],
        "tools": [{}],
    }
    request = Request(f"{url}/v1/messages?beta=true", json.dumps(body | more).encode())
    with urlopen(request, timeout=5) as answer:
        return json.load(answer)


def test_steps_are_played_in_order_and_the_last_one_repeats() -> None:
    with ScriptedModel([ToolCall("Bash", {"command": "ls"}), Text("Done.")]) as model:
        said = [ask(model.url, "go")["content"][0] for _ in range(3)]
    assert [each["type"] for each in said] == ["tool_use", "text", "text"]
    assert [type(request.step) for request in model.requests] == [ToolCall, Text, Text]


def test_side_requests_use_up_nothing() -> None:
    with ScriptedModel([Text("First."), Text("Second.")]) as model:
        assert ask(model.url, "quota", max_tokens=1)["content"][0]["text"] == "ok"
        ask(model.url, "x", tools=[], system="Write a title for this conversation")
        assert ask(model.url, "go")["content"][0]["text"] == "First."


def test_a_script_by_content_serves_in_any_order() -> None:
    script = {"Plan": [Text("A plan.")], "Research": [Text("Facts.")]}
    with ScriptedModel(script) as model:
        assert ask(model.url, "Research it")["content"][0]["text"] == "Facts."
        assert ask(model.url, "Plan from:\nFacts.")["content"][0]["text"] == "A plan."


def test_runs_share_a_server_and_not_their_steps() -> None:
    runs = {"a": [Text("A1"), Text("A2")], "b": [Text("B1")]}
    with ScriptedModel(runs=runs) as model:
        said = [ask(model.url_of(run), "go")["content"][0]["text"] for run in ("a", "b", "a")]
    assert said == ["A1", "B1", "A2"]


def test_a_status_is_given_with_its_headers_and_its_body() -> None:
    with (
        ScriptedModel([Status(429, "rate_limit_error", "slow", {"retry-after": "3"})]) as model,
        pytest.raises(HTTPError) as caught,
    ):
        ask(model.url, "go")
    with caught.value as refused:
        assert refused.headers["retry-after"] == "3"
        assert json.load(refused)["error"]["type"] == "rate_limit_error"


@pytest.mark.anyio
async def test_it_runs_as_a_program_too(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('[{"text": "Hi"}]')
    port = tmp_path / "port"
    words = ["--script", str(tmp_path / "script.json"), "--port-file", str(port)]
    command = [sys.executable, "-m", "tests.scripted_model", *words]
    server = subprocess.Popen(command, cwd=ROOT)  # noqa: ASYNC220 (a server to talk to)
    try:
        await until(port.exists, 10)
        url = f"http://127.0.0.1:{port.read_text()}"
        assert ask(url, "go")["content"][0]["text"] == "Hi"
    finally:
        server.terminate()
        server.wait(5)


def respond(url: str, text: str, *, stream: bool = False) -> Any:
    """A request in the words of OpenAI Responses; of a stream, its events."""
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    body = {"model": "m", "stream": stream, "input": [said]}
    with urlopen(Request(f"{url}/v1/responses", json.dumps(body).encode()), timeout=5) as answer:
        if not stream:
            return json.load(answer)
        lines = answer.read().decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def test_the_same_script_is_played_in_the_words_of_openai_responses() -> None:
    steps: list[Step] = [ToolCall("exec_command", {"cmd": "ls"}), Text("Done.", thinking="Hm.")]
    with ScriptedModel({"go": steps, "stop": [Text("x", stop="max_tokens")]}) as model:
        (call,) = respond(model.url, "go")["output"]
        whole = respond(model.url, "go")
        cut = respond(model.url, "stop")
    assert (call["type"], json.loads(call["arguments"])) == ("function_call", {"cmd": "ls"})
    assert [each["type"] for each in whole["output"]] == ["reasoning", "message"]
    assert whole["usage"]["total_tokens"] == 15
    assert cut["incomplete_details"] == {"reason": "max_output_tokens"}


def test_a_stream_of_responses_ends_as_its_step_says() -> None:
    steps: list[Step] = [Text("One two", pieces=2), StreamError("server_error", "no"), Eof("Half")]
    with ScriptedModel(steps) as model:
        good, failed, broken = (respond(model.url, "go", stream=True) for _ in steps)
    assert "".join(each.get("delta", "") for each in good) == "One two"
    assert [each[-1]["type"] for each in (good, failed)] == [
        "response.completed",
        "response.failed",
    ]
    assert broken[-1]["type"] == "response.output_text.delta"
    assert failed[-1]["response"]["error"]["code"] == "server_error"


def test_a_websocket_is_refused_and_a_status_says_more_where_told() -> None:
    limit = Status(429, "usage_limit_reached", more={"resets_at": 7})
    with ScriptedModel([limit]) as model:
        with pytest.raises(HTTPError) as caught:
            respond(model.url, "go")
        with caught.value as refused:
            assert json.load(refused)["error"]["resets_at"] == 7
        upgrade = Request(f"{model.url}/v1/responses", headers={"Upgrade": "websocket"})
        with pytest.raises(HTTPError) as caught, urlopen(upgrade, timeout=5):
            pass
        with caught.value as refused:
            assert refused.code == 426
