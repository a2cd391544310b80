"""What we declare in the entry-point group `smithers.agents`: one adapter a program or package.

Reading it imports no adapter; each function here imports its own when it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from smithers.agent import Adapter, Checkup

__all__ = [
    "ANTHROPIC",
    "ANTIGRAVITY",
    "ANTIGRAVITY_CLI",
    "CLAUDE_CODE",
    "CODEX",
    "ECHO",
    "GEMINI",
    "GOOGLE",
    "LITELLM",
    "OPENAI",
    "PI",
    "SCRIPTED",
]


def _program(name: str, program: str, kind: str, variables: Sequence[str]) -> Adapter:
    """An agent program, whose stream is read and compared under the name of its entry."""
    return Adapter(
        classes=(f"harnesses:{kind}",),
        variables=variables,
        checkup=_program_checkup(program),
        **_reading(name),
    )


def _reading(name: str) -> dict[str, Any]:
    def read(chunks: Any, **asked: Any) -> Iterator[dict[str, Any]]:
        from harnesses._reading import read_stream

        return read_stream(name, chunks, **asked)

    def drift(against: Path | None = None) -> object:
        from harnesses._drift import drift_of

        return drift_of(name, against)

    return {"read_stream": read, "drift": drift}


def _program_checkup(program: str) -> Callable[[], Checkup | None]:
    def look() -> Checkup | None:
        from harnesses._checkups import checkup_of

        return checkup_of(program)

    return look


def _package_checkup(module: str) -> Callable[[], Checkup]:
    def look() -> Checkup:
        from harnesses._packages import package_checkup

        return package_checkup(module)

    return look


def _package(module: str, kind: str, variables: Sequence[str]) -> Adapter:
    """The models of a vendor, through its package."""
    where = f"harnesses.models:{kind}"
    return Adapter(classes=(where,), variables=variables, checkup=_package_checkup(module))


_ANTHROPIC = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")
_GEMINI = ("GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL")
_OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
_MANY = (
    *_ANTHROPIC,
    "GEMINI_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "XAI_API_KEY",
)
"""The usual variables of agents that speak to many providers."""

ANTIGRAVITY = Adapter(
    classes=("harnesses:Antigravity",),
    variables=("GEMINI_API_KEY", "ANTIGRAVITY_PYTHON"),
    checkup=_package_checkup("google.antigravity"),
    **_reading("antigravity"),
)
ANTIGRAVITY_CLI = Adapter(
    classes=("harnesses.antigravity_cli:AntigravityCLI",),
    variables=("GEMINI_API_KEY",),
    checkup=_program_checkup("agy"),
)
CLAUDE_CODE = _program(
    *("claude-code", "claude", "ClaudeCode"),
    (*_ANTHROPIC, "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CONFIG_DIR"),
)
CODEX = _program("codex", "codex", "Codex", ("CODEX_HOME", "OPENAI_API_KEY"))
ECHO = Adapter(classes=("harnesses:Echo",))
GEMINI = _program("gemini", "gemini", "Gemini", ("GEMINI_API_KEY",))
PI = _program("pi", "pi", "Pi", ("PI_CODING_AGENT_DIR", *_MANY, "COPILOT_GITHUB_TOKEN"))
SCRIPTED = Adapter(classes=("harnesses:Scripted",))

ANTHROPIC = _package("anthropic", "Anthropic", _ANTHROPIC)
GOOGLE = _package("google.genai", "Google", (*_GEMINI, "GOOGLE_API_KEY"))
LITELLM = _package("litellm", "LiteLLM", _MANY)
OPENAI = _package("openai", "OpenAI", _OPENAI)
