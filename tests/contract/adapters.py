"""The registry: a line for each adapter, with what it lacks and where it differs."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from typing import Any

from harnesses import Antigravity, ClaudeCode, Codex, Echo, Gemini, Pi, Replay, Reply, Scripted
from harnesses.models import Anthropic, Google, LiteLLM, OpenAI
from harnesses.models._model import Model
from harnesses.recording import Recording
from recordings import antigravity_cases, claude_cases, codex_cases, gemini_cases, pi_cases
from recordings.pi_cases import KEY_NAME
from recordings.playing import REPAIR, AgentOf, Case, Place, fork_cases
from smithers.agent import Agent, ToolCalled, Used
from smithers.errors import Busy, Permanent, Stalled, Transient
from tests.contract.cases import CASES, FAILURES, FURTHER, NUMBER, Failure
from tests.contract.prompts import TEXTS
from tests.contract.scenes import Adapter
from tests.harness.helpers import (
    ROOT,
    antigravity_python,
    installed,
    replayed_antigravity,
    replayed_claude,
    replayed_codex,
    replayed_gemini,
    replayed_pi,
)
from tests.models.cases import VENDORS, Vendor
from tests.models.cases import installed as installed_vendor
from tests.scripted_model import Cut, Eof, Hang, Step, StreamError, Text, ToolCall

__all__ = ["ADAPTERS", "RECORDED", "SCRIPTED"]

OF_ANTHROPIC = "Anthropic tells of an account without credit, and of no quota"
NO_TIME = "it does not pass on when a limit ends"
UNSEEN = "it is recorded only where it differs from the other way to ask"
ANY_SESSION = "its sessions remember nothing, so it takes up any"
NO_STEERING = "it takes nothing in while it runs"
OF_A_MODEL = {
    "program too old": "it runs in our process",
    "exit without a terminal event": "it runs in our process",
}
BROKEN = {"cut stream": Failure(Transient, "network")}
"""The packages tell of a connection that is reset as of any other trouble of the network."""
OF_HTTPX: dict[str, Failure] = {} if find_spec("aiohttp") else BROKEN
"""Google's package uses aiohttp where it is installed, which ends the stream instead."""


@cache
def replay_of(name: str) -> Replay:
    return Replay(ROOT / "recordings" / name)


def pair(
    name: str,
    kind: type[Agent],
    sessions: Callable[[], Sequence[Case]],
    real: AgentOf,
    replayed: Callable[..., Agent],
    *,
    needs: Callable[[], object],
    **more: Any,
) -> list[Adapter]:
    """A harness on its recordings, and as the real program."""

    def recorded(case: Case, place: Place, url: str) -> Agent:
        own = {} if case.key or kind is ClaudeCode else {"api_key_env": None}
        return replayed(**{"replay": replay_of(name.split("-by-")[0]), **own, **case.options})

    line = Adapter(name=name, kind=kind, way="recorded", sessions=sessions, made=recorded, **more)
    return [line, replace(line, way="live", made=real, needs=needs)]


def _real_antigravity(case: Case, place: Place, url: str) -> Agent:
    own = {**case.options, "python": antigravity_python()}
    return antigravity_cases.antigravity(replace(case, options=own), place, url)


def _pi(**options: Any) -> Agent:
    """Without a key it is a model of a provider, since there is no server to name."""
    if options.get("api_key_env", KEY_NAME) is None:
        return Pi("anthropic/scripted", replay=options["replay"])
    return replayed_pi(**options)


def missing(kind: Callable[..., Agent], word: str = "program") -> Callable[[], Agent]:
    return lambda: kind(**{word: "a-program-that-is-nowhere"})


def unseen_but(*cases: str) -> dict[str, str]:
    return dict.fromkeys(set(CASES) - {*cases}, UNSEEN)


def say(word: str) -> str:
    """Says a word."""
    return word


def said_to_claude(session: Recording) -> list[str]:
    """The texts that are marked as not typed, so that nothing in them is a command or a file."""
    said = [json.loads(line) for line in session.text("in").splitlines()]
    users = [each for each in said if each["type"] == "user"]
    return [each["message"]["content"] for each in users if each.get("text_not_typed") is True]


def read_by_pi(text: str) -> str:
    """Its own command is no first word of a text."""
    return f"\n{text}" if re.match(r"/llama(\s|$)", text) else text


def said_to_pi(session: Recording) -> list[str]:
    said = [json.loads(line) for line in session.text("in").splitlines()]
    return [each["message"] for each in said if each["type"] == "prompt"]


def read_by_antigravity(text: str) -> str:
    """Controls become blanks; what shows nothing is left out."""
    kinds = {char: unicodedata.category(char) for char in set(text) - set("\t\r\n")}
    read = {char: " " if kind == "Cc" else "" for char, kind in kinds.items()
            if kind in ("Cc", "Cf", "Cn")}  # fmt: skip
    return "".join(read.get(char, char) for char in text)


def unwrapped_from_antigravity(block: str) -> str:
    frame = r"<USER_REQUEST>\n(.*)\n</USER_REQUEST>\n<ADDITIONAL_METADATA>.*"
    found = re.fullmatch(frame, block, re.DOTALL)
    return found[1] if found else block


def said_to_antigravity(session: Recording) -> list[str]:
    said = [json.loads(line) for line in session.text("in").splitlines()]
    return [read_by_antigravity(each["prompt"]) for each in said]


def said_to_codex(session: Recording) -> list[str]:
    """The texts that were added to the thread, or to its running turn; of `exec` the prompt, of
    which a stream has the beginning alone.
    """
    if session.header.argv[1] == "exec":
        prompt = session.header.prompt
        return [prompt, *(text for text in TEXTS.values() if len(prompt) >= 200 and
                          text.startswith(prompt))]  # fmt: skip
    said = [json.loads(line) for line in session.text("in").splitlines()]
    asked = [(each.get("method"), each.get("params", {})) for each in said]
    begun = [part for method, wanted in asked if method == "turn/start" for part in wanted["input"]]
    assert not [part for part in begun if re.search(r"\$\w", part["text"])]
    items = [wanted["items"] for method, wanted in asked if method == "thread/inject_items"]
    items += [[{"content": wanted["input"]}] for method, wanted in asked if method == "turn/steer"]
    items += [[{"content": begun}]]
    return [part["text"] for each in items for item in each for part in item["content"]]


def read_by_codex_exec(text: str) -> str | None:
    return None if re.search(r"\$\w", text) else text


def framed_by_claude(text: str) -> str:
    told = text.replace("</system-reminder>", "&lt;/system-reminder&gt;")
    return f"The user sent a new message while you were working:\n{told}\n\nThis is how"


def _sessions_of(vendor: Vendor) -> list[Case]:
    """The same for every model; the refusals in the words of its vendor."""
    steps: dict[str, Step] = {
        **vendor.refusals,
        "refusal": Text("I", stop="refusal"),
        "output-limit": Text("and so on", stop="max_tokens"),
        "cut": Cut("Half an ans"),
        "cut-before": Cut(),
        "overloaded-in-stream": StreamError(),
        "eof": Eof("Half an ans"),
    }
    wrong, right = Text('{"n": "x"}'), Text('{"n": 7}')
    repaired = Case(name="structured-repaired", script=[right], schema=NUMBER, prompt=REPAIR)
    again = Case(name="resume-2", script=[Text("It was heron.")], prompt="Which word?")
    anew = [Text("A new beginning.")]
    return [
        Case(name="text", script=[Text("Hello there.", pieces=3)]),
        Case(name="tool-ok", script=[ToolCall("say", {"word": "hello"}), Text("Said hello.")]),
        Case(name="structured-ok", script=[right], schema=NUMBER),
        Case(name="structured-wrong", script=[wrong], schema=NUMBER, then=repaired),
        Case(name="resume", script=[Text("The word is heron.")], then=again),
        Case(name="resume-unknown", script=anew, session="00000000-0000-4000-8000-000000000000"),
        *fork_cases(),
        Case(
            name="steered-in-tool",
            script=[ToolCall("say", {"word": "hello"}), Text("It is blue now.")],
            messages=["Make it blue."],
            said_at=ToolCalled,
        ),
        *(Case(name=name, script=[step]) for name, step in steps.items()),
        Case(name="connection-refused", script=[], url="http://127.0.0.1:9"),
        Case(name="hang-before-headers", script=[Hang()], idle_s=0.5),
        Case(name="hang-in-stream", script=[Hang("Half an ans")], idle_s=0.5),
        Case(
            name="max-turns", script=[ToolCall("say", {"word": "x"})], options={"max_requests": 2}
        ),
    ]


def model(name: str, kind: type[Model], **more: Any) -> Adapter:
    """A model in our process, on the scripted model server."""
    vendor = VENDORS[name]

    def made(case: Case, place: Place, url: str) -> Agent:
        to: dict[str, Any] = {
            "base_url": url + vendor.path,
            "api_key_env": vendor.key,
            "tools": [say],
        }
        return kind(vendor.model, **to | dict(case.options))

    return Adapter(
        name=name,
        kind=kind,
        way="scripted",
        sessions=lambda: _sessions_of(vendor),
        made=made,
        missing=lambda: type(name, (kind,), {"package": "no_such_package"})(vendor.model),
        install=f"pip install 'smithers-orchestrator[{name}]'",
        needs=lambda: installed_vendor(name),
        **more,
    )


def echo(case: Case, place: Place, url: str) -> Agent:
    return Echo()


def _echoed() -> list[Case]:
    return [
        Case(name="text", script=[], prompt="Hello there."),
        Case(name="resume", script=[], then=Case(name="2", script=[], prompt="It was heron.")),
        Case(name="fork", script=[], then=Case(name="2", script=[], prompt="It was heron.")),
    ]


def _failure(case: Case) -> object:
    """What an entry raises for the session of a failure."""
    kind, reason, told = next(
        (each.error, each.reason, each.told)
        for each, names in (FAILURES | FURTHER).values()
        if case.name in names
    )
    if kind is Stalled:
        return Reply(answer="too late", latency_s=60)
    if kind is not Busy:
        return kind("it fails by its script", reason=reason)
    soon = datetime.now(UTC) + timedelta(minutes=1)
    return Busy("scripted", soon if told else None, reason=reason)


def _scripted(case: Case, place: Place, url: str) -> Agent:
    answer = _ANSWERS.get(case.name)
    entry = _failure(case) if answer is None else answer
    return Scripted({"*": entry}, usage=Used(tokens_in=10, cost=Decimal("0.01")))


_ANSWERS = {
    "text": "Hello there.",
    "structured-ok": {"n": 7},
    "structured-wrong": {"n": "x"},
    "repaired": {"n": 7},
    "resume": "The word is heron.",
    "fork": "The word is heron.",
    "again": "It was heron.",
    "after": "The wait was short.",
}


def _scripted_sessions() -> list[Case]:
    again, after = Case(name="again", script=[]), Case(name="after", script=[])
    repaired = Case(name="repaired", script=[], schema=NUMBER)
    failed = {names[0] for _, names in (FAILURES | FURTHER).values()}
    return [
        Case(name="text", script=[]),
        Case(name="structured-ok", script=[], schema=NUMBER),
        Case(name="structured-wrong", script=[], schema=NUMBER, then=repaired),
        *(Case(name=name, script=[], then=again) for name in ("resume", "fork")),
        *(Case(name=name, script=[], idle_s=0.2, then=after) for name in sorted(failed)),
    ]


ADAPTERS: Sequence[Adapter] = [
    Adapter(
        name="echo", kind=Echo, way="scripted", sessions=_echoed, made=echo,
        lacks=dict.fromkeys(
            set(CASES) - {"success", "session resumed", "session forked"}, "it only repeats"
        ),
    ),
    Adapter(
        name="scripted", kind=Scripted, way="scripted", sessions=_scripted_sessions,
        made=_scripted,
        lacks={"tools": "it calls none", "steered": NO_STEERING,
               "unknown session": ANY_SESSION, "fork of an unknown session": ANY_SESSION},
    ),
    *pair(
        "claude-code", ClaudeCode, claude_cases.cases, claude_cases.claude, replayed_claude,
        needs=lambda: installed("claude"), missing=missing(ClaudeCode),
        install="npm install -g @anthropic-ai/claude-code",
        asks={"no-such-model": 2},  # without a stream as well
        lacks={"rate limit with a time": NO_TIME, "quota": OF_ANTHROPIC},
        handed=said_to_claude, reads_message=framed_by_claude,
    ),
    *pair(
        "codex", Codex, codex_cases.cases, codex_cases.codex, replayed_codex,
        needs=lambda: installed("codex"), missing=missing(Codex),
        install="npm install -g @openai/codex",
        # It asks again without end where nobody listens, and tells of broken streams in one way.
        differs={"nobody there": Failure(Stalled, "silence"),
                 "cut before the first word": Failure(Transient, "cut")},
        handed=said_to_codex,
    ),
    *pair(
        "codex-by-exec", Codex, codex_cases.cases, codex_cases.codex, replayed_codex,
        needs=lambda: installed("codex"), missing=missing(Codex),
        install="npm install -g @openai/codex", prefix="exec-",
        lacks=unseen_but(
            *("success", "tools", "structured output", "session resumed", "unknown session"),
            *("session forked", "fork of an unknown session"),
            *("auth", "rate limit", "quota", "server error"),
        ),
        handed=said_to_codex, reads=read_by_codex_exec,
    ),
    *pair(
        "pi", Pi, pi_cases.cases, pi_cases.pi, _pi,
        needs=lambda: installed("pi"), missing=missing(Pi),
        install="npm install -g @earendil-works/pi-coding-agent",
        lacks={"rate limit with a time": NO_TIME},
        handed=said_to_pi, reads=read_by_pi,
    ),
    *pair(
        "pi-by-responses", Pi, pi_cases.cases, pi_cases.pi, _pi,
        needs=lambda: installed("pi"), missing=missing(Pi),
        install="npm install -g @earendil-works/pi-coding-agent", prefix="openai-",
        lacks=unseen_but(
            *("success", "tools", "auth", "rate limit with a time", "server error"),
            *("context overflow", "refusal", "answer cut off", "cut stream"),
        ),
        reads=read_by_pi,
        shows={"429": "rate limit with a time", "error-in-stream": "server error"},
    ),
    *pair(
        "gemini", Gemini, gemini_cases.cases, gemini_cases.gemini, replayed_gemini,
        needs=lambda: installed("gemini"), missing=missing(Gemini),
        install="npm install -g @google/gemini-cli",
        lacks={"steered": NO_STEERING},
    ),
    *pair(
        "antigravity", Antigravity, antigravity_cases.cases, _real_antigravity,
        replayed_antigravity, needs=antigravity_python, missing=missing(Antigravity, "python"),
        install="pip install 'smithers-orchestrator[antigravity]'",
        lacks={"steered": NO_STEERING},
        differs={"cut before the first word": Failure(Transient, "cut")},
        shows={"eof": ""},  # the SDK takes it for the end of the answer
        handed=said_to_antigravity, reads=read_by_antigravity,
        unwrapped=unwrapped_from_antigravity,
    ),
    model(
        "anthropic", Anthropic, lacks=OF_A_MODEL | {"quota": OF_ANTHROPIC},
        # Its package tells of an account without credit as of any bad request.
        differs=BROKEN | {"no credit": Failure(Permanent, "bad_request")},
    ),
    model("openai", OpenAI, lacks=OF_A_MODEL, differs=BROKEN),
    model("google", Google, lacks=OF_A_MODEL, joins=True, differs=OF_HTTPX),
    model(
        "litellm", LiteLLM, lacks=OF_A_MODEL, joins=True,
        # It has few kinds of its own for what so many providers tell.
        differs={"quota": Failure(Busy, "rate_limit"),
                 "overloaded-in-stream": Failure(Transient, "server_error"),
                 "content-filter": Failure(Permanent, "bad_request"),
                 "cut-before": Failure(Transient, "server_error"),
                 "cut": Failure(Transient, "server_error"),
                 "eof": Failure(Transient, "server_error"),
                 "connection-refused": Failure(Transient, "server_error")},
    ),
]  # fmt: skip
RECORDED = [each for each in ADAPTERS if each.way == "recorded"]
SCRIPTED = [each for each in ADAPTERS if each.way == "scripted"]
