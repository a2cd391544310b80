"""By what a provider's limit is shared: the text behind an agent's `limit`."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

__all__ = ["limit_text"]


def limit_text(provider: str, url: str, account: str, model: str | None) -> str:
    """Provider, host, a digest of the account, and model; the account may well be a secret.

    >>> limit_text("anthropic", "https://api.anthropic.com", "key", "opus")
    'anthropic|api.anthropic.com|2c70e12b7a06|opus'
    """
    parts = urlsplit(url)
    host = f"{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
    digest = hashlib.sha256(account.encode("utf-8", "replace")).hexdigest()[:12]
    return "|".join((provider, host, digest, model or "default"))
