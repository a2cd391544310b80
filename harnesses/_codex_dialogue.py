"""The dialogue with `codex app-server`: a turn on one thread, in lines of JSON.

We ask `initialize`, `thread/resume`, `thread/fork` or `thread/start`, and `turn/start`; then
notifications tell of the turn until `turn/completed`. In the input of a turn the program looks for
`$name` and loads the skill of that name. It looks for nothing in an item of the thread, so such a
text is added by `thread/inject_items` before a turn without input; any other one is an input, since
a person who attaches sees no other. The program asks as well: each of its requests is answered, or
its turn would wait for ever. A message steers the turn: it is part of the thread when it comes back
as an item. One that no turn took in begins a further one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harnesses._codex_app_server import Stream, refusal
from harnesses._codex_home import INSTALL
from harnesses._json import line_of, list_of, object_in, object_of, text_of
from harnesses._turns import Write
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Steered
from smithers.errors import AgentError, Permanent

__all__ = ["Dialogue", "names_a_skill"]

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
_MENTION = re.compile(r"\$[\w:-]")


def names_a_skill(text: str) -> bool:
    """Whether Codex may find the name of a skill in a text, if there is one of that name."""
    return _MENTION.search(text) is not None


class Dialogue:
    """`over` is whether the program has said its last word; `notice` is its last complaint.

    `thread` are the parameters of a thread, `turn` those of a turn without its text. `resumed` is
    the thread to go on with, and `forked` the one to begin with a copy of where that is not known,
    until its turn `at` if that is given; either is told `text`, and a new one `prompt`.
    """

    def __init__(
        self,
        write: Write,
        *,
        thread: Mapping[str, object],
        turn: Mapping[str, object],
        resumed: str | None,
        forked: str | None,
        text: str,
        prompt: str,
        at: str | None = None,
    ) -> None:
        self._write, self._thread_wanted, self._turn_wanted = write, thread, turn
        self._text, self._prompt = text, prompt
        self._known = [("thread/resume", resumed), ("thread/fork", forked)]
        self._at = at
        self._asked: dict[int, str] = {}
        self._untold: list[str] = []
        self.listens, self._begins = asyncio.Event(), False
        self._heard = Stream(session=resumed or "")
        self._failure: AgentError | None = None
        self._ask("initialize", {"clientInfo": _CLIENT})

    @property
    def over(self) -> bool:
        return self._failure is not None or self._heard.over

    @property
    def notice(self) -> str:
        return self._heard.notice

    @property
    def completed(self) -> bool:
        return self._failure is None and self._heard.completed

    @property
    def pending(self) -> bool:
        return bool(self._untold) or self._begins

    @property
    def last_words(self) -> bytes:
        """What stops a running turn, so that the thread can be gone on with."""
        if not self._heard.turn or self.over:
            return b""
        params = {"threadId": self._heard.thread, "turnId": self._heard.turn}
        return line_of({"id": len(self._asked) + 1, "method": "turn/interrupt", "params": params})

    def tell(self, text: str) -> None:
        self._untold.append(text)
        if not self._heard.over:
            self._steer(text)
        elif not self._begins:
            self._go_on_with_what_was_said()

    def hear(self, line: bytes) -> Iterator[Event]:
        message = object_in(line)
        yield from self._heard.take(message)
        number, method = message.get("id"), message.get("method")
        if method is not None and "id" not in message:
            yield from self._noted(str(method), object_of(message.get("params")))
        elif method is None:
            if isinstance(number, int) and number in self._asked:
                self._go_on(self._asked[number], message)
        else:
            self._answer(number, str(method))

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the turn."""
        if self._failure is not None:
            raise self._failure
        return self._heard.answer(ending, stderr)

    def _ask(self, method: str, params: Mapping[str, object]) -> None:
        number = len(self._asked) + 1
        self._asked[number] = method
        self._write(line_of({"id": number, "method": method, "params": params}))

    def _steer(self, text: str) -> None:
        """Of a turn that ends meanwhile, or cannot be steered, nothing is taken in by this."""
        turn = {"threadId": self._heard.thread, "expectedTurnId": self._heard.turn}
        self._ask("turn/steer", {**turn, "input": [{"type": "text", "text": text}]})

    def _say(self, text: str) -> None:
        """Begins a turn on the text, as which it is read and nothing else."""
        if not names_a_skill(text):
            self._start(text)
            return
        content = [{"type": "input_text", "text": text}]
        items = [{"type": "message", "role": "user", "content": content}]
        self._ask("thread/inject_items", {"threadId": self._heard.thread, "items": items})

    def _start(self, *texts: str) -> None:
        said = [{"type": "text", "text": text} for text in texts]
        turn = {"threadId": self._heard.thread, "input": said, **self._turn_wanted}
        self._ask("turn/start", turn)

    def _go_on_with_what_was_said(self) -> None:
        """After a turn that failed there is none: its messages are for the next attempt."""
        if self._untold and self.completed:
            self._begins = True
            self._say(self._untold[0])

    def _noted(self, method: str, params: Mapping[str, Any]) -> Iterator[Steered]:
        """What became of messages: each that is part of the thread comes back as an item."""
        if params.get("threadId") != self._heard.thread:
            return
        match method:
            case "turn/started":
                self.listens.set()
                if self._begins:
                    self._begins = False
                    first, *rest = self._untold
                    if names_a_skill(first):  # it was injected, so it does not come back
                        self._untold = rest
                        yield Steered(first)
                    for text in rest:
                        self._steer(text)
            case "turn/completed" if self._heard.over:
                self._go_on_with_what_was_said()
            case "item/started" if self._untold:
                for said in _said_by_user(object_of(params.get("item"))):
                    if said in self._untold:
                        self._untold.remove(said)
                        yield Steered(said)
            case _:
                pass

    def _answer(self, number: object, method: str) -> None:
        if (declined := _DECLINED.get(method)) is not None:
            self._write(line_of({"id": number, "result": declined}))
        else:
            error = {"code": -32601, "message": f"{method} is not answered here"}
            self._write(line_of({"id": number, "error": error}))

    def _go_on(self, method: str, message: Mapping[str, Any]) -> None:
        """What follows the answer to a request of ours."""
        result, error = object_of(message.get("result")), message.get("error")
        if method in ("thread/resume", "thread/fork") and error is not None:
            self._begin()
        elif method == "thread/inject_items":
            if error is None:
                self._start()
            else:
                self._failure = _not_injected(object_of(error))
        elif error is not None:
            if method != "turn/steer":
                self._failure = refusal(method, object_of(error))
        elif method == "initialize":
            self._write(line_of({"method": "initialized"}))
            self._begin()
        elif method in ("thread/start", "thread/resume", "thread/fork"):
            self._failure = self._too_wide(object_of(result.get("sandbox")))
            if self._failure is None:
                self._say(self._text)

    def _begin(self) -> None:
        """The next way to a thread: the program does not know those before."""
        while self._known:
            method, thread = self._known.pop(0)
            if thread is not None:
                wanted: dict[str, object] = {"threadId": thread, "excludeTurns": True}
                if method == "thread/fork" and self._at is not None:
                    wanted["lastTurnId"] = self._at
                self._ask(method, {**self._thread_wanted, **wanted})
                return
        self._text = self._prompt
        self._ask("thread/start", self._thread_wanted)

    def _too_wide(self, sandbox: Mapping[str, Any]) -> AgentError | None:
        """No turn begins with more rights than its author gave, whatever the program settled on."""
        wanted, given = self._thread_wanted["sandbox"], _SANDBOXES.get(str(sandbox.get("type")))
        order = _NARROW_TO_WIDE
        if given is not None and order.index(given) <= order.index(str(wanted)):
            return None
        said = f"Codex used the sandbox {given} instead of {wanted}"
        return Permanent(said, reason="sandbox")


def _not_injected(error: Mapping[str, Any]) -> AgentError:
    failure = refusal("thread/inject_items", error)
    if not isinstance(failure, Permanent):
        return failure
    said = f"this older Codex would load a skill for `$name` in a text: {failure.said}"
    hint = f"write the name without its $, or update Codex: {INSTALL}"
    return Permanent(said, hint=hint, reason="bad_request")


def _said_by_user(item: Mapping[str, Any]) -> list[str]:
    if item.get("type") != "userMessage":
        return []
    return [text_of(object_of(part).get("text")) for part in list_of(item.get("content"))]
