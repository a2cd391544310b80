"""Deliveries from outside: each proves by a signature where it comes from, and then does the one
thing that the settings name, with the fields that they name.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shlex
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import parse_qsl

from smithers.amounts import Amounts
from smithers.callers import called_from, current_origin
from smithers.errors import Refused, SmithersError, Untrusted
from smithers.hub._pointers import MISSING, find_at
from smithers.hub._signatures import is_signed, signed_part
from smithers.settings import Hook, load_settings
from smithers.store.deliveries import claim_delivery
from smithers.texts import strict_json
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.hub import Hub

__all__ = ["Delivered", "Hooks", "NoHook", "NotDelivered"]

Outcome = Literal["sent", "started", "ignored"]


class NoHook(Exception):
    """There is no such hook, or the delivery was not signed with its secret. Nobody outside learns
    which of both.
    """


class NotDelivered(Exception):
    """A delivery that was signed cannot be carried out. `error` is for the log of this machine."""

    def __init__(self, error: SmithersError) -> None:
        super().__init__(error.said)
        self.error = error


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What a delivery did: the runs that got its signal, or the one that it started. `challenge` is
    what Slack wants to have back when an address is given to it.
    """

    outcome: Outcome
    run_ids: tuple[str, ...] = ()
    challenge: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A hook, and the file that has it."""

    hook: Hook
    file: Path
    is_project: bool


class Hooks:
    """The hooks of a folder as its settings were when this was made."""

    def __init__(
        self,
        hub: Hub,
        folder: Path,
        say: Callable[[str], None],
        *,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """`say` gets what is for the person who runs this. The secrets are taken out of the
        environment of this process, so that no run gets them. Raises `Refused` for settings that
        are wrong; without trust in a project's settings there are no hooks.
        """
        self._hub, self._say, self._now_s = hub, say, now_s
        self._nobody = secrets.token_bytes(32)
        self._placed = self._load(folder)
        self._secrets = self._take_secrets()

    def _load(self, folder: Path) -> dict[str, _Placed]:
        from smithers.engine.trust import Trusts

        environment = self._hub.environment
        try:
            found = load_settings(folder, environment, Trusts(environment).believes_settings)
        except Untrusted as error:
            self._say(f"no hooks are served: {error.said} ({error.hint})")
            return {}
        placed: dict[str, _Placed] = {}
        for name, hook in found.values.hooks.items():
            file = found.file_of(f"hooks.{name}")
            assert file is not None  # no variable sets one
            placed[name] = _Placed(hook=hook, file=file.path, is_project=file.is_project)
        return placed

    def _take_secrets(self) -> dict[str, bytes]:
        environment = self._hub.environment
        assert self._hub.secrets is not None  # made while it knows them: they stay masked
        found: dict[str, bytes] = {}
        for name, one in self._placed.items():
            if secret := environment.get(one.hook.secret_env, ""):
                found[name] = secret.encode()
            else:
                why = f"the variable {one.hook.secret_env} is not set"
                self._say(f"the hook {name} refuses everything: {why}")
        if isinstance(environment, MutableMapping):
            for one in self._placed.values():
                environment.pop(one.hook.secret_env, None)
        return found

    def deliver(self, name: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        """Carry out a delivery; headers have small letters. One that was taken before does nothing
        again, and gives what it gave first.

        Raises `NoHook`, or `NotDelivered`.
        """
        with called_from(replace(current_origin(), face="hook", hook=name)):
            return self._deliver(name, headers, body)

    def _deliver(self, name: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        placed = self._placed.get(name)
        hook = None if placed is None else placed.hook
        secret = self._secrets.get(name)
        signed = signed_part(hook, headers, body, self._now_s())
        is_right = is_signed(signed, secret or self._nobody)  # for an unknown name as well
        if placed is None or secret is None or not is_right:
            raise NoHook
        try:
            document = _document(headers, body)
            if (challenge := _challenge(placed.hook, document)) is not None:
                return Delivered(outcome="ignored", challenge=challenge)
            if not _counts(placed.hook, document):
                return Delivered(outcome="ignored")
            key = hashlib.sha256(signed.text).hexdigest()
            known_by = [f"hook {name} {key}"]
            if (id := _delivery_id(placed.hook, headers)) is not None:
                known_by.append(f"hook {name} id {id}")
            if placed.hook.starts:
                return self._start(name, placed, document, known_by)
            return self._send(name, placed.hook, document, known_by)
        except SmithersError as error:
            raise NotDelivered(error) from error

    def _send(self, name: str, hook: Hook, document: object, known_by: list[str]) -> Delivered:
        from smithers.engine.auditing import row_of
        from smithers.engine.sending import Signal, send_to

        hub = self._hub
        hub.check_may("send signals")
        correlation = None
        if hook.correlation is not None:
            correlation = _text_at(document, hook.correlation)
        if not hub.database.exists():
            return Delivered(outcome="sent")
        run_ids = self._run_ids(hook, document)
        taken = claim_delivery(hub.database, name, known_by, run_ids=run_ids)
        if not taken.run_ids or taken.key != known_by[0]:  # another body under a known id
            return Delivered(outcome="sent", run_ids=taken.run_ids)
        signal = Signal(
            event=cast("str", hook.event),
            data=_fields(hook, document),
            correlation=correlation,
            id=taken.key,
            by=f"hook {name}",
            audit=row_of(hub.environment, "send"),
        )
        sent, refused = send_to(hub.database, hub.environment, taken.run_ids, signal)
        if refused and not sent:
            raise refused[0].error
        return Delivered(outcome="sent", run_ids=tuple(one.run_id for one in sent))

    def _run_ids(self, hook: Hook, document: object) -> list[str]:
        """The runs for which a delivery is."""
        if hook.run is not None:
            run_id = _text_at(document, hook.run)
            self._hub.standing(run_id)  # raises `UnknownRun`
            return [run_id]
        from smithers.reports import RunsQuery

        query = RunsQuery(statuses=("running", "waiting", "stale"), workflow=hook.workflow)
        return self._hub.run_ids(query)

    def _start(
        self, name: str, placed: _Placed, document: object, known_by: list[str]
    ) -> Delivered:
        from smithers.engine.detaching import id_of_request

        hub, hook = self._hub, placed.hook
        written, _, variable = cast("str", hook.workflow).partition(".py")
        file = (placed.file.parent / Path(f"{written}.py").expanduser()).resolve()
        folder = placed.file.parent if placed.is_project else file.parent
        for needed in (file.parent, folder):
            if not hub.may_import(needed):
                command = f"smithers trust {shlex.quote(str(hub.database.absolute()))}"
                command += f" --folder {shlex.quote(str(needed))}"
                raise Untrusted(
                    f"the hook {name} starts {file}, and {needed} is not trusted",
                    hint=f"look at it, and type `{command}` in a terminal",
                )
        run_id = id_of_request(known_by[0])
        taken = claim_delivery(
            hub.database, name, known_by, run_ids=[run_id], starts=run_id, at_most=hook.at_most
        )
        if taken.key != known_by[0]:
            return Delivered(outcome="started", run_ids=taken.run_ids)
        launched = hub.launch(
            str(file),
            name=variable.removeprefix(":") or None,
            input=json.dumps(_fields(hook, document)),
            request_id=taken.key,
            folder=folder,
            caps=_caps(hook),
        )
        return Delivered(outcome="started", run_ids=(launched.run_id,))


def _document(headers: Mapping[str, str], body: bytes) -> object:
    """The JSON of a body; of a form that of its `payload`, else its fields."""
    try:
        text = body.decode()
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=1_000))
            return strict_json(fields["payload"]) if "payload" in fields else fields
        return strict_json(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"the body is not JSON: {error}", hint="send JSON") from error


def _challenge(hook: Hook, document: object) -> str | None:
    if hook.signature.like != "slack" or find_at(document, "/type") != "url_verification":
        return None
    challenge = find_at(document, "/challenge")
    return challenge if isinstance(challenge, str) else None


def _counts(hook: Hook, document: object) -> bool:
    """Whether a delivery has what the hook asks for; 1 is not true."""
    found = ((find_at(document, pointer), wanted) for pointer, wanted in hook.when.items())
    return all(type(value) is type(wanted) and value == wanted for value, wanted in found)


def _delivery_id(hook: Hook, headers: Mapping[str, str]) -> str | None:
    """What the sender calls the delivery. It is not signed, so it is not trusted to be another."""
    header = hook.delivery
    if header is None and hook.signature.like == "github":
        header = "X-GitHub-Delivery"
    given = headers.get(header.lower(), "") if header is not None else ""
    return hashlib.sha256(given.encode("utf-8", "replace")).hexdigest() if given else None


def _fields(hook: Hook, document: object) -> dict[str, Any]:
    """What reaches a run. A field that the delivery does not have is left out, so that a default
    holds.
    """
    found = {name: find_at(document, pointer) for name, pointer in hook.input.items()}
    return {name: value for name, value in found.items() if value is not MISSING}


def _caps(hook: Hook) -> Amounts | None:
    if (given := hook.budget) is None:
        return None
    usd = None if given.usd is None else Decimal(str(given.usd))
    return Amounts(usd=usd, tokens=given.tokens, calls=given.calls)


def _text_at(document: object, pointer: str) -> str:
    found = find_at(document, pointer)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or not found:
        raise Refused(f"the delivery has no text at {pointer}", hint="correct the pointer")
    return found
