"""Whether a delivery was signed with a secret, and when."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from smithers.settings import Hook
from smithers.values import dataclass

__all__ = ["SLACK_S", "Signed", "is_signed", "signed_part"]

SLACK_S = 300.0
"""How old or early a delivery of Slack may be; its time is signed."""


@dataclass(frozen=True, kw_only=True)
class Signed:
    """The bytes that the signature is of, and the signature as the delivery has it."""

    text: bytes
    given: str
    prefix: str = ""


def signed_part(hook: Hook | None, headers: Mapping[str, str], body: bytes, now_s: float) -> Signed:
    """What a delivery has signed; headers have small letters. A signature that is missing, or too
    old, is ''.
    """
    if hook is None:
        return Signed(text=body, given="")
    kind = hook.signature
    if kind.like == "github":
        given = headers.get("x-hub-signature-256", "")
        return Signed(text=body, given=given, prefix="sha256=")
    if kind.like == "slack":
        at = headers.get("x-slack-request-timestamp", "")
        is_now = at.isascii() and at.isdigit() and len(at) <= 16
        is_now = is_now and abs(now_s - int(at)) <= SLACK_S
        given = headers.get("x-slack-signature", "") if is_now else ""
        return Signed(text=f"v0:{at}:".encode() + body, given=given, prefix="v0=")
    given = headers.get((kind.header or "").lower(), "")
    return Signed(text=body, given=given, prefix=kind.prefix)


def is_signed(signed: Signed, secret: bytes) -> bool:
    """Whether the signature is the HMAC-SHA256 with the secret, as hex. It takes as long for any
    signature.
    """
    wanted = signed.prefix + hmac.new(secret, signed.text, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signed.given.encode("utf-8", "replace"))
