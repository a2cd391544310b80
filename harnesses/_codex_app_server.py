"""The dialogue with `codex app-server`: one turn on one thread, in lines of JSON.

We ask `initialize`, `thread/start` or `thread/resume`, and `turn/start`; then notifications tell of
the turn until `turn/completed`. The program asks as well: each of its requests is answered, or its
turn would wait for ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harnesses._codex_items import called, returned
from harnesses._codex_verdict import fault, refused
from harnesses._json import list_of, object_in, object_of
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Said, Started, Thought, Used
from smithers.errors import AgentError, Permanent, Transient

__all__ = ["Dialogue", "is_sign_of_life"]

_CLIENT = {"name": "smithers", "title": "Smithers", "version": "1"}
_SANDBOXES = {
    "readOnly": "read-only",
    "workspaceWrite": "workspace-write",
    "dangerFullAccess": "danger-full-access",
}
_NARROW_TO_WIDE = list(_SANDBOXES.values())
_DECLINED: dict[str, dict[str, object]] = {
    "item/commandExecution/requestApproval": {"decision": "decline"},
    "item/fileChange/requestApproval": {"decision": "decline"},
    "mcpServer/elicitation/request": {"action": "decline"},
    "execCommandApproval": {"decision": "denied"},
    "applyPatchApproval": {"decision": "denied"},
}
"""Nobody is there to be asked; what the sandbox allows needs no asking."""
_LIFELESS = ("error", "warning", "configWarning", "thread/status/changed")
_INVALID = range(-32602, -32599)


def is_sign_of_life(line: bytes) -> bool:
    """Notices of a retry come for ever where no connection can be made, and are no progress."""
    return object_in(line).get("method") not in _LIFELESS


class Dialogue:
    """`over` is whether the program has said its last word; `notice` is its last complaint.

    `thread` are the parameters of a thread, `turn` those of a turn without its text. `resumed` is
    the thread to go on with, which is told `text`; a new one is told `prompt`.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        *,
        thread: Mapping[str, object],
        turn: Mapping[str, object],
        resumed: str | None,
        text: str,
        prompt: str,
    ) -> None:
        self._write, self._thread_wanted, self._turn_wanted = write, thread, turn
        self._resumed, self._text, self._prompt = resumed, text, prompt
        self._asked: dict[int, str] = {}
        self._thread = self._turn = ""
        self._begun = self.over = False
        self._said = ""
        self._model: str | None = None
        self._limits: Mapping[str, Any] = {}
        self._ended: Mapping[str, Any] = {}
        self._failure: AgentError | None = None
        self.notice = ""
        self._ask("initialize", {"clientInfo": _CLIENT})

    @property
    def last_words(self) -> bytes:
        """What stops a running turn, so that the thread can be gone on with."""
        if not self._turn or self.over:
            return b""
        params = {"threadId": self._thread, "turnId": self._turn}
        return _line({"id": len(self._asked) + 1, "method": "turn/interrupt", "params": params})

    def hear(self, line: bytes) -> Iterator[Event]:
        message = object_in(line)
        method, params = message.get("method"), object_of(message.get("params"))
        if method is None:
            yield from self._answered(message)
        elif "id" in message:
            self._answer(message["id"], str(method))
        else:
            yield from self._told(str(method), params)

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the turn."""
        if self._failure is not None:
            raise self._failure
        if not self._begun and ending.rc:
            raise refused(stderr)
        status = self._ended.get("status")
        if status == "completed":
            return Answered(self._said)
        if status == "failed":
            error = object_of(self._ended.get("error"))
            raise fault(error, self._limits, datetime.now(UTC))
        how = f"ended its turn as {status}" if status else f"ended without a result ({ending})"
        raise Transient(f"Codex {how}" + (f": {self.notice}" if self.notice else ""))

    def _ask(self, method: str, params: Mapping[str, object]) -> None:
        number = len(self._asked) + 1
        self._asked[number] = method
        self._write(_line({"id": number, "method": method, "params": params}))

    def _answer(self, number: object, method: str) -> None:
        if (declined := _DECLINED.get(method)) is not None:
            self._write(_line({"id": number, "result": declined}))
        else:
            error = {"code": -32601, "message": f"{method} is not answered here"}
            self._write(_line({"id": number, "error": error}))

    def _answered(self, message: Mapping[str, Any]) -> Iterator[Event]:
        method = self._asked.get(message.get("id", 0))
        result, error = object_of(message.get("result")), message.get("error")
        if method == "thread/resume" and error is not None:
            self._resumed, self._text = None, self._prompt
            self._ask("thread/start", self._thread_wanted)
        elif error is not None and method is not None:
            self._fail(method, object_of(error))
        elif method == "initialize":
            self._begun = True
            self._write(_line({"method": "initialized"}))
            if self._resumed is not None:
                wanted = {"threadId": self._resumed, "excludeTurns": True}
                self._ask("thread/resume", {**self._thread_wanted, **wanted})
            else:
                self._ask("thread/start", self._thread_wanted)
        elif method in ("thread/start", "thread/resume"):
            self._thread = str(object_of(result.get("thread")).get("id"))
            self._model = result.get("model") and str(result["model"])
            if method == "thread/start":
                yield Started(self._thread)
            if self._is_too_wide(object_of(result.get("sandbox"))):
                return
            text = [{"type": "text", "text": self._text}]
            turn = {"threadId": self._thread, "input": text, **self._turn_wanted}
            self._ask("turn/start", turn)
        elif method == "turn/start":
            self._turn = str(object_of(result.get("turn")).get("id"))

    def _fail(self, method: str, error: Mapping[str, Any]) -> None:
        said = f"Codex refused {method}: {error.get('message')}"
        known = error.get("code") in _INVALID
        self._failure = Permanent(said) if known else Transient(said)
        self.over = True

    def _is_too_wide(self, sandbox: Mapping[str, Any]) -> bool:
        """No turn begins with more rights than its author gave, whatever the program settled on."""
        wanted, given = self._thread_wanted["sandbox"], _SANDBOXES.get(str(sandbox.get("type")))
        order = _NARROW_TO_WIDE
        if given is not None and order.index(given) <= order.index(str(wanted)):
            return False
        self._failure = Permanent(f"Codex took the sandbox {given} in place of {wanted}")
        self.over = True
        return True

    def _told(self, method: str, params: Mapping[str, Any]) -> Iterator[Event]:
        ours = params.get("threadId") == self._thread
        if method == "turn/completed" and ours:
            turn = object_of(params.get("turn"))
            if turn.get("id") == self._turn:
                self._ended, self.over = turn, True
        elif method == "item/started" and ours:
            yield from called(object_of(params.get("item")))
        elif method == "item/completed" and ours:
            yield from self._item(object_of(params.get("item")))
        elif method == "thread/tokenUsage/updated":
            # Of our own thread, a resumed one tells of its last turn again.
            if not ours or params.get("turnId") == self._turn:
                usage = object_of(params.get("tokenUsage"))
                yield _used(object_of(usage.get("last")), self._model if ours else None)
        elif method == "account/rateLimits/updated":
            self._limits = object_of(params.get("rateLimits"))
        elif method == "error":
            error = object_of(params.get("error"))
            said = (error.get("message"), error.get("additionalDetails"))
            self.notice = "; ".join(str(each) for each in said if each)

    def _item(self, item: Mapping[str, Any]) -> Iterator[Event]:
        if item.get("type") == "agentMessage":
            self._said = str(item.get("text", ""))
            yield Said(self._said)
        elif item.get("type") == "reasoning":
            thought = list_of(item.get("summary")) or list_of(item.get("content"))
            if text := "\n".join(map(str, thought)):
                yield Thought(text)
        else:
            yield from returned(item)


def _line(message: Mapping[str, object]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _used(last: Mapping[str, Any], model: str | None) -> Used:
    """What one request to the model took; `total` would count the whole thread again."""
    return Used(
        tokens_in=int(last.get("inputTokens") or 0),
        tokens_out=int(last.get("outputTokens") or 0),
        tokens_cached=int(last.get("cachedInputTokens") or 0),
        model=model,
    )
