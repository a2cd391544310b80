"""What a model reads is masked, whatever tool gives it; `masked` names the variables."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

from mcp_server._models import Result
from smithers.hub import Secrets

__all__ = ["masking"]


def masking(tool: Callable[..., Any], secrets: Secrets) -> Callable[..., Any]:
    """The tool, with `${NAME}` in place of each secret in its results; its schema stays."""
    if inspect.iscoroutinefunction(tool):
        call = cast("Callable[..., Awaitable[Result]]", tool)

        @functools.wraps(tool)
        async def answer_later(*args: Any, **kwargs: Any) -> Result:
            return _masked(await call(*args, **kwargs), secrets)

        return answer_later

    @functools.wraps(tool)
    def answer(*args: Any, **kwargs: Any) -> Result:
        return _masked(tool(*args, **kwargs), secrets)

    return answer


def _masked(result: Result, secrets: Secrets) -> Result:
    found: set[str] = set()
    data = secrets.mask_data(result.model_dump(), found)
    names = sorted(found.union(result.masked))
    return type(result).model_validate({**data, "masked": names}) if found else result
