"""What `smithers doctor` is told of vendors' packages: there or not, which version, a key or not.

They are looked up by what `pip` wrote of them, and none is imported, which would take seconds.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harnesses import _antigravity_child, _antigravity_verdict
from harnesses.models._model import Model
from harnesses.models.anthropic import Anthropic
from harnesses.models.google import Google
from harnesses.models.litellm import LiteLLM
from harnesses.models.openai import OpenAI
from smithers.agent import Checkup

__all__ = ["package_checkup", "packages"]


@dataclass(frozen=True, kw_only=True)
class _Package:
    """A package, by the name under which it is imported. `keys` are the variables that its adapter
    looks in, where nobody names another; with `and_others` they are not all that there are.
    """

    name: str
    module: str
    install: str
    sign_in: str
    tested: tuple[str, str]
    keys: Sequence[str]
    and_others: bool = False


_OTHERS = ("MISTRAL_API_KEY", "GROQ_API_KEY", "OPENROUTER_API_KEY", "XAI_API_KEY")
_COMMON = (Anthropic.keys[0], *OpenAI.keys, *Google.keys, *_OTHERS)
"""Keys of providers that are looked for where an adapter leaves its keys to its package."""


def _sdk(model: type[Model], name: str, tested: tuple[str, str]) -> _Package:
    variable = model.keys[0] if model.keys else "the variable of its provider"
    other = f"name another variable: {model.__name__}(api_key_env=…)"
    return _Package(
        name=name,
        module=model.package,
        install=f"pip install 'smithers-orchestrator[{model.extra}]'",
        sign_in=f"set {variable} to an API key, or {other}",
        tested=tested,
        keys=model.keys or _COMMON,
        and_others=not model.keys,
    )


_PACKAGES = (
    _Package(
        name=_antigravity_verdict.NAME,
        module="google.antigravity",
        install=_antigravity_verdict.INSTALL,
        sign_in=_antigravity_verdict.SIGN_IN,
        tested=("0.1.22", "0.1.22"),
        keys=(_antigravity_child.KEY,),
    ),
    _sdk(Anthropic, "Anthropic's SDK", ("2.12", "2")),
    _sdk(OpenAI, "OpenAI's SDK", ("2.20", "3")),
    _sdk(Google, "Google's Gen AI SDK", ("3.6", "3")),
    _sdk(LiteLLM, "LiteLLM", ("1.83", "1.110")),
)


def packages() -> list[Checkup]:
    """How the package of each adapter stands that has one."""
    return [_look(one) for one in _PACKAGES]


def package_checkup(module: str) -> Checkup:
    """How the package that is imported under this name stands."""
    (wanted,) = (one for one in _PACKAGES if one.module == module)
    return _look(wanted)


def _look(one: _Package) -> Checkup:
    name = one.module.replace(".", "-")
    key = next((each for each in one.keys if os.environ.get(each)), "")
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        path, version = None, None
        problem = f"is not installed: this Python has no package {name!r}"
    else:
        path, version = Path(str(found.locate_file(one.module.replace(".", "/")))), found.version
        problem = ""
    return Checkup(
        name=one.name,
        program=name,
        install=one.install,
        sign_in=one.sign_in,
        tested=one.tested,
        path=path,
        version=version,
        signed_in=True if key else None if one.and_others else False,
        account=key,
        problem=problem,
    )
