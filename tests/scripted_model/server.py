"""The server: one thread a connection, on loopback, on a port of its own."""

from __future__ import annotations

import json
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.scripted_model import anthropic, chat, gemini, responses
from tests.scripted_model.script import Cut, Eof, Hang, Reply, Script, Status, Step, Text, ToolCall

__all__ = ["Request", "ScriptedModel"]

_RUN = re.compile(r"^/r/([^/]+)(/.*)$")
_SECRET_HEADERS = {"x-api-key", "authorization", "x-goog-api-key"}
_PROTOCOLS = {
    "/v1/messages": anthropic,
    "/v1/responses": responses,
    "/v1/chat/completions": chat,
    "gemini": gemini,
}
_GEMINI = re.compile(r"^/v1(?:beta)?/models/([^/:]+):(streamG|g)enerateContent$")
_HANGS_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a program sent. `step` is what it got, or None for a side request; `returned` is what
    its tools returned so far, newest first.
    """

    run: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    step: Step | None
    returned: Sequence[str]


class ScriptedModel:
    """Serves `script` at `url`, and each script of `runs` at `url_of(name)`."""

    def __init__(self, script: Script = (), *, runs: Mapping[str, Script] | None = None) -> None:
        self._scripts: dict[str, Script] = {"": script, **(runs or {})}
        self._played: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._numbers = 0
        self.stopped = threading.Event()
        self.hung_up = threading.Event()
        """Set when a client goes before its answer has ended."""
        self.requests: list[Request] = []
        self.keys = set[str]()
        """Every key that was sent; the log has none."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def url_of(self, run: str) -> str:
        return f"{self.url}/r/{run}"

    def __enter__(self) -> ScriptedModel:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def rewrite(self, script: Script) -> None:
        """Serve another script at `url` from now on."""
        self._scripts[""] = script

    def next_number(self) -> int:
        with self._lock:
            self._numbers += 1
            return self._numbers

    def take(
        self, run: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> Step:
        """The step for this request, which is written to the log; the last step repeats."""
        protocol = _PROTOCOLS[path]
        with self._lock:
            step: Step | None = None
            returned = protocol.tool_results(body)
            if not protocol.is_side_request(body):
                key, steps = self._steps_for(run, protocol.user_texts(body))
                at = self._played.get((run, key), 0)
                self._played[run, key] = at + 1
                planned = (
                    steps[min(at, len(steps) - 1)] if steps else Status(500, message="no script")
                )
                step = planned(returned) if callable(planned) else planned
            self.requests.append(
                Request(
                    run=run, path=path, headers=headers, body=body, step=step, returned=returned
                )
            )
        return step or Text("ok")

    def _steps_for(self, run: str, said: list[str]) -> tuple[str, list[Step | Reply]]:
        script = self._scripts.get(run, ())
        if not isinstance(script, Mapping):
            return "", list(script)
        for text in said:
            if found := max((key for key in script if key in text), key=len, default=None):
                return found, list(script[found])
        return "", [Status(500, message="no step list for this text")]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    model: ScriptedModel

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is part of the tests; nothing is printed."""
        self.model.hung_up.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def model(self) -> ScriptedModel:
        assert isinstance(self.server, _Server)
        return self.server.model

    def log_message(self, format: str, *args: object) -> None:
        """The log is `ScriptedModel.requests`."""

    def do_HEAD(self) -> None:
        self._send(200, b"")

    def do_GET(self) -> None:
        """Whoever would rather have a websocket is told to do without one."""
        self._send(426 if "upgrade" in self.headers else 200, b'{"data":[],"models":[]}')

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        matched = _RUN.match(self.path)
        run, path = (matched[1], matched[2]) if matched else ("", self.path)
        path = path.split("?")[0]
        if told := _GEMINI.match(path):
            path, body = "gemini", body | {"model": told[1], "stream": told[2] == "streamG"}
        if path.endswith("/count_tokens"):
            self._send(200, b'{"input_tokens":123}')
        elif path in _PROTOCOLS:
            kept = {k.lower(): v for k, v in self.headers.items()}
            secret = _SECRET_HEADERS & kept.keys()
            self.model.keys |= {kept[name].removeprefix("Bearer ") for name in secret}
            kept |= dict.fromkeys(secret, "<cut>")
            self._play(self.model.take(run, path, kept, body), path, body)
        else:
            self._send(404, b'{"type":"error","error":{"type":"not_found_error","message":"?"}}')

    def _play(self, step: Step, path: str, body: Mapping[str, Any]) -> None:
        if isinstance(step, Text | ToolCall):
            time.sleep(step.pause_s)
        if isinstance(step, Status):
            told = _PROTOCOLS[path].error_body(step)
            self._send(step.code, json.dumps(told).encode(), step.headers)
        elif isinstance(step, Cut) and not step.text:
            self._reset()
        elif isinstance(step, Hang) and not step.text:
            self._hang()
        else:
            self._answer(step, path, body)

    def _answer(self, step: Step, path: str, body: Mapping[str, Any]) -> None:
        protocol = _PROTOCOLS[path]
        number = self.model.next_number()
        model = str(body.get("model", ""))
        if not body.get("stream"):
            self._send(200, json.dumps(protocol.body_of(step, model, number)).encode())
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in protocol.events_of(step, model, number):
            if isinstance(step, Text) and protocol.is_delta(event):
                time.sleep(step.pause_s)
            named = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{named}data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()
        if isinstance(step, Cut):
            self._reset()
        elif isinstance(step, Hang):
            self._hang()
        elif not isinstance(step, Eof):
            self.wfile.write(protocol.END)
        self.close_connection = True

    def _send(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """Ends the connection by RST, as a broken network would."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True

    def _hang(self) -> None:
        ends = time.monotonic() + _HANGS_S
        while not self.model.stopped.is_set() and time.monotonic() < ends:
            if select.select([self.connection], [], [], 0.05)[0] and not self.connection.recv(1):
                self.model.hung_up.set()
                break
        self.close_connection = True
