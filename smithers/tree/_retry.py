"""Which failed attempts are retried, how often and how soon."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, cast, get_args

from smithers.errors import AgentError, BadOutput, Busy, Transient
from smithers.texts import near_name
from smithers.tree._checks import check_number, wrong
from smithers.tree._places import Mark, here
from smithers.values import dataclass

__all__ = ["ErrorClass", "Retried", "Retry", "check_retry"]

ErrorClass = Literal["transient", "busy", "bad output"]
"""The errors of agents that another attempt of the same agent may not have."""
Retried: TypeAlias = type[Exception] | ErrorClass

_CLASSES: Final[dict[ErrorClass, type[AgentError]]] = {
    "transient": Transient,
    "busy": Busy,
    "bad output": BadOutput,
}
_WORDS: Final[tuple[ErrorClass, ...]] = get_args(ErrorClass)
_FINAL: Final = ("next agent", "set up")


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Which failed attempts are retried, how often and how soon.

    `tries` counts all failed attempts of each agent, including the first; interrupted attempts do
    not count. The wait before try n+1 is `first_s * factor ** (n - 1)` seconds, at most `max_s`,
    varied at random by up to the share `jitter` in both directions.

    `only` names the errors after which the same agent or step tries again: exception types, or the
    words "transient", "busy" and "bad output" for those of `smithers.errors`. A step fails at once
    by any other exception. After any other error of an agent, this agent is not asked again for the
    task: the next one of the list takes over, and the last one fails the task. Without `only` a
    step is retried after every exception; an agent after transient errors, and when it is no longer
    over its limit. "bad output" adds answers that stayed wrong after their corrections.
    """

    tries: int = 3
    first_s: float = 1.0
    factor: float = 2.0
    max_s: float = 60.0
    jitter: float = 0.2
    only: Retried | tuple[Retried, ...] | None = None

    def __post_init__(self) -> None:
        mark = here()
        if isinstance(self.tries, bool) or not isinstance(cast("object", self.tries), int):
            wrong(mark, f"tries must be a whole number, not {self.tries!r}")
        check_number(mark, "tries", self.tries, 1)
        for name in ("first_s", "max_s", "jitter"):
            check_number(mark, name, cast("float", getattr(self, name)), 0)
        check_number(mark, "factor", self.factor, 1)
        if self.only is not None:
            _check_only(self._named, mark)

    @property
    def _named(self) -> tuple[Retried, ...]:
        only = self.only
        return () if only is None else only if isinstance(only, tuple) else (only,)

    @property
    def types(self) -> tuple[type[Exception], ...]:
        """The types of `only`; empty without it."""
        return tuple(_CLASSES[one] if isinstance(one, str) else one for one in self._named)

    def retries(self, error: Exception) -> bool:
        """Whether `only` allows another try after this error."""
        return self.only is None or isinstance(error, self.types)

    @property
    def retries_bad_output(self) -> bool:
        """Whether `only` names answers that stayed wrong."""
        return any(issubclass(one, BadOutput) or issubclass(BadOutput, one) for one in self.types)

    def wait_s(self, failed: int, random: float) -> float:
        """Seconds to wait after the given number of failed tries; `random` is from 0 to 1."""
        plain = min(self.max_s, self.first_s * self.factor ** min(failed - 1, 60))
        return max(0.0, plain * (1 + self.jitter * (2 * random - 1)))


def _check_only(named: tuple[object, ...], mark: Mark) -> None:
    listed = ", ".join(map(repr, _WORDS))
    types = f"an exception type, or a tuple of them, or one of {listed}"
    if not named:
        wrong(mark, "only= names no error", f"pass {types}; to retry nothing, write tries=1")
    for one in named:
        if isinstance(one, str) and one not in _WORDS:
            near = near_name(one.lower(), _WORDS, cutoff=0.5)
            hint = f"did you mean {near!r}?" if near else f"pass {types}"
            wrong(mark, f"only= names {one!r}, which is not a class of errors", hint)
        if not isinstance(one, str) and not (isinstance(one, type) and issubclass(one, Exception)):
            wrong(mark, f"only= must name exception types, not {one!r}", f"pass {types}")


def check_retry(id: str, retry: object, mark: Mark, *, of_agent: bool) -> None:
    """The retry of a node. Raises `AuthorError` for what is not one, or what no agent can use."""
    if not isinstance(retry, Retry):
        said = f"the retry of {id!r} must be a Retry, not {retry!r}"
        wrong(mark, said, "write retry=Retry(tries=3)")
    for one in retry.types if of_agent else ():
        if issubclass(AgentError, one):
            continue
        if not issubclass(one, AgentError):
            said = f"the retry of task {id!r} names {one.__name__}, which no agent raises"
        elif one.then in _FINAL:
            said = f"the retry of task {id!r} names {one.__name__}, after which no agent is retried"
        else:
            continue
        listed = ", ".join(map(repr, _WORDS))
        wrong(mark, said, f"name errors that may pass: {listed}, or their types")
