"""A request that is sent twice with one `Idempotency-Key`, or a form, is carried out once."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from anyio import Lock
from starlette.responses import Response

from smithers.web._problems import ProblemError

__all__ = ["Repeats"]

_MOST = 1_000
_LONGEST = 200

Name = tuple[str, str, str]
"""Who asked, the path, and the key."""


class _Kept:
    """The first request with a key, and its answer once it is done."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.given: bytes | None = None
        """The digest of its body, which may be large."""
        self.response: Response | None = None


class Repeats:
    """The answers of the latest requests with a key, while this server runs. A start and a signal
    with a key are found in the database as well, so those outlive it.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Name, _Kept] = OrderedDict()

    async def answer(
        self, name: Name, given: object, call: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The answer to the first request of this name. Only success is kept, so what was refused
        can be corrected and sent again; a form that is shown again has done nothing.
        """
        if not (0 < len(name[2]) <= _LONGEST):
            raise ProblemError(400, f"an Idempotency-Key has 1 to {_LONGEST} characters")
        kept = self._kept.setdefault(name, _Kept())
        self._kept.move_to_end(name)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        digest = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).digest()
        async with kept.lock:
            if kept.response is None:
                response = await call()
                if response.status_code < 400 and response.media_type != "text/html":
                    kept.given, kept.response = digest, response
                return response
        if kept.given != digest:
            raise ProblemError(
                422,
                "this Idempotency-Key was used for a request with another body",
                kind="KeyReused",
                hint="use a new key for a new request",
            )
        return kept.response
