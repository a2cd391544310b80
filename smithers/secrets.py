"""Which variables of the environment hold a secret, and how a text is shown without them.

State keeps every value as it was given. Text that is made for looking (the live tree, logs, error
messages, raw streams, recordings) shows `${NAME}` in place of a secret. This is the only list of
names and the only rule, for the core and for every adapter.

A value is a secret if its variable is named like one and it has 8 or more characters and is not a
plain word (fewer than 16 letters of one case and nothing else). Of a URL the password is the
secret, whatever the variable is called.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote, unquote

__all__ = ["Secrets", "is_secret_name"]

MIN_LENGTH = 8
"""Shorter values are words that appear in harmless text too."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""The parts of a name: `GH_TOKEN`, `ghToken` and `gh-token` are `GH` and `TOKEN`; no digits."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS = _words(
    "KEY KEYS TOKEN TOKENS SECRET SECRETS PASSWORD PASSWORDS PASSWD PASSPHRASE PASSCODE PASSKEY"
    " CREDENTIAL CREDENTIALS CREDS JWT COOKIE COOKIES AUTHORIZATION BEARER DSN MNEMONIC"
)
"""A name with one of these parts is a secret's, wherever the part is."""
_LAST_WORDS = _words("PASS PWD PW PAT AUTH SK SALT PEM WEBHOOK")
"""As a last part, behind another: alone, `PWD` is the current folder."""
_GLUED = re.compile(
    r"(?:(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|COOKIE)S?"
    r"|(?:API|ACCESS|AUTH|SECRET|PRIVATE|ENCRYPTION|SIGNING|MASTER|SSH|SERVICE|ACCOUNT)KEYS?"
    r"|(?:DB|PG|SSH|MYSQL|REDIS|SMTP|MAIL|USER|ROOT|ADMIN)(?:PASS|PWD))$"
)
"""A part that ends so, as in `PGPASSWORD` or `SHOP_APIKEY`; `MONKEY` does not."""
_ABOUT = _words(
    "DIR DIRS DIRECTORY FOLDER FILE FILES FILENAME PATH HOME ROOT SOCK SOCKET PID TTY"
    " URL URI ENDPOINT HOST HOSTNAME PORT ADDR ADDRESS SERVER DOMAIN REALM REGION"
    " USER USERNAME NAME NAMES EMAIL ISSUER AUDIENCE SCOPE SCOPES"
    " TYPE KIND MODE FORMAT ALGORITHM ALG METHOD POLICY PATTERN REGEX PREFIX SUFFIX HEADER"
    " PROVIDER BACKEND HELPER COMMAND CMD PROGRAM LAYOUT VARIANT MODEL VERSION PARALLELISM"
    " TTL TIMEOUT EXPIRY EXPIRES EXPIRATION LIFETIME AGE INTERVAL LENGTH LEN SIZE LIMIT COUNT"
    " ENABLED DISABLED REQUIRED SECURE SAMESITE"
)
"""As a last part: the variable tells something about a secret, such as where it is."""
_ANYWHERE_ABOUT = _words("MAX MIN NUM PUBLIC PUBLISHABLE")
"""A number of tokens, or a key that everybody may know."""
_WHOLE_URL = _words("DSN WEBHOOK")
"""Names of URLs that are secrets from end to end."""

_PLAIN_WORD = re.compile(r"[a-z]{1,15}|[A-Z]{1,15}")
_URL = re.compile(r"[A-Za-z][\w+.-]*://\S+")
_INSIDE = re.compile(
    r"://[^\s/?#:@]*:([^\s/?#]+)@"  # scheme://user:PASSWORD@host
    r"|\b(?:password|pwd|accountkey|sharedaccesskey)=([^\s;&\"']+)",  # of a connection string
    re.IGNORECASE,
)
_CUT = r"\.\.\.|…"
_PATH = r"(?:~|\.{1,2})?/\S*\.[A-Za-z]{2,5}"


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret, if its value can be one.

    >>> is_secret_name("GITHUB_TOKEN"), is_secret_name("PGPASSWORD"), is_secret_name("apiKey")
    (True, True, True)
    >>> is_secret_name("KEYBOARD_LAYOUT"), is_secret_name("SSH_KEY_PATH"), is_secret_name("PWD")
    (False, False, False)
    """
    parts = _parts(name)
    if parts[-2:] in (["WEBHOOK", "URL"], ["WEBHOOK", "URI"]):
        return True
    if not parts or parts[-1] in _ABOUT or _ANYWHERE_ABOUT.intersection(parts):
        return False
    if len(parts) > 1 and parts[-1] in _LAST_WORDS:
        return True
    return any(part in _WORDS or _GLUED.search(part) for part in parts)


def _parts(name: str) -> list[str]:
    return [part.upper() for part in _PARTS.findall(name)]


def _can_be_secret(value: str) -> bool:
    return len(value) >= MIN_LENGTH and _PLAIN_WORD.fullmatch(value) is None


def _is_path(value: str) -> bool:
    """The path of a file that holds the secret is not a secret itself."""
    if not value.startswith(("/", "~", "./", "../")) or "\n" in value:
        return False
    return re.fullmatch(_PATH, value) is not None or os.path.exists(os.path.expanduser(value))


def _secrets_in(name: str, value: str) -> Iterator[str]:
    """The secret texts of one variable."""
    for match in _INSIDE.finditer(value):
        inner = cast("str", match[1] or match[2])
        yield from (inner, unquote(inner))
    if value.startswith("{") and (fields := _object_in(value)) is not None:
        for field, text in _texts_in(fields, name):
            yield from _secrets_in(field, text)
    if not is_secret_name(name) or _is_path(value):
        return
    if _URL.fullmatch(value) and not _WHOLE_URL.intersection(_parts(name)):
        return
    yield value
    if value[:1] not in "{[":  # the lines of JSON are not secret, its fields may be
        yield from (line for line in value.splitlines() if not line.startswith("-----"))


def _object_in(text: str) -> dict[str, object] | None:
    try:
        return cast("dict[str, object]", json.loads(text))
    except (ValueError, RecursionError):
        return None


def _texts_in(value: object, name: str) -> Iterator[tuple[str, str]]:
    """The texts in JSON data, each with the name of its field."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for field, inner in cast("dict[str, object]", value).items():
            yield from _texts_in(inner, field)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _texts_in(inner, name)


def _forms(text: str) -> Iterator[str]:
    """A text as it may appear: as it is, in JSON, in JSON within JSON, and in a URL."""
    yield text
    escaped = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    escaped |= {form.replace("/", "\\/") for form in escaped}
    yield from escaped
    yield from (json.dumps(form, ensure_ascii=False)[1:-1] for form in escaped)
    yield quote(text, safe="", errors="replace")


class Secrets:
    """The secrets of some environments; without any it masks nothing."""

    def __init__(self, *environments: Mapping[str, str]) -> None:
        names: dict[str, str] = {}
        for environment in environments:
            for name, value in environment.items():
                for text in map(str.strip, _secrets_in(name, value.strip())):
                    if _can_be_secret(text):
                        for form in _forms(text):
                            names.setdefault(form, name)
        # Longest first, so that a value within another leaves nothing of the longer one.
        self._names = {form: names[form] for form in sorted(names, key=len, reverse=True)}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self._names)))

    def mask(self, text: str, found: set[str] | None = None) -> str:
        """`text` with `${NAME}` in place of each secret; the names are added to `found`."""
        if not self._names:
            return text
        found = set() if found is None else found
        if any(form in text for form in self._names):  # far faster than the pattern

            def mark(match: re.Match[str]) -> str:
                found.add(self._names[match[0]])
                return f"${{{self._names[match[0]]}}}"

            text = self._pattern.sub(mark, text)
        if "..." in text or "…" in text:
            text = self._mask_cuts(text, found)
        return text

    def _mask_cuts(self, text: str, found: set[str]) -> str:
        """A text that was cut to its first words, perhaps in the middle of a secret."""
        pieces: list[str] = []
        start = 0
        for cut in re.finditer(_CUT, text):
            pieces += (self._mask_half(text[start : cut.start()], found), cut[0])
            start = cut.end()
        return "".join((*pieces, text[start:]))

    def _mask_half(self, text: str, found: set[str]) -> str:
        """`text` without the beginning of a secret at its end."""
        for form, name in self._names.items():
            at = text.find(form[:MIN_LENGTH], max(0, len(text) - len(form)))
            if at >= 0 and form.startswith(text[at:]):
                found.add(name)
                return f"{text[:at]}${{{name}}}"
        return text

    def mask_data(self, value: object, found: set[str] | None = None) -> Any:
        """JSON data with each of its texts masked, the keys of objects included."""
        if isinstance(value, str):
            return self.mask(value, found)
        if isinstance(value, list):
            return [self.mask_data(item, found) for item in cast("list[object]", value)]
        if isinstance(value, dict):
            items = cast("dict[object, object]", value).items()
            return {self.mask_data(key, found): self.mask_data(item, found) for key, item in items}
        return value
