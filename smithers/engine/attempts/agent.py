"""What an agent does: who is asked, for what, in which session, and who is asked next."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from smithers import waits
from smithers.agent import Ask
from smithers.changes import ChoiceMade, Failure, WaitOpened
from smithers.engine.asking import Asking, text_now
from smithers.engine.attempts.agent_attempt import AgentAttempt
from smithers.engine.attempts.answers import (
    ATTENDED,
    INTERRUPTED,
    asked,
    messages_block,
    sent_back_block,
)
from smithers.engine.attempts.cached import cache_key
from smithers.engine.attempts.executor import Bench, Executor, Request
from smithers.engine.attempts.handover import background, handover
from smithers.engine.attempts.hooks import Hooks
from smithers.engine.attempts.limits import Limits
from smithers.engine.attempts.next_agent import Cooling, Missing, Use, after_failure, next_agent
from smithers.engine.fingerprints import fingerprint_text, of_prompt
from smithers.engine.messages import Mailbox, untold
from smithers.engine.sessions import Given, Held, held
from smithers.engine.settling import settle
from smithers.engine.streams import Stream
from smithers.kinds import Instance
from smithers.state import Attempted, Message
from smithers.store import CachedAnswer
from smithers.tree import AgentWork, Cache, Task

__all__ = ["AgentExecutor"]


class AgentExecutor(Executor[AgentWork]):
    """Asks the agents of tasks. `limits` are those that agents have met."""

    is_paid = True

    def __init__(self, asking: Asking, bench: Bench, hooks: Hooks, limits: Limits) -> None:
        super().__init__(asking, bench)
        self._hooks = hooks
        self._limits = limits
        self._backgrounds: dict[tuple[int | Given, ...], str] = {}

    def is_informed(self) -> bool:
        return self._limits.know()

    def is_answered(self, one: Instance[Task], work: AgentWork) -> bool:
        """Whether an earlier run has the answer, or the question cannot be asked yet. A task that
        was tried, or is done again, asks its agent.
        """
        state, cache = self.asking.state, one.node.cache
        if cache is None or one.key in state.tries or one.key in state.reset:
            return False
        asked = self.asking.ask(one, lambda: self._asked(one, work, cache))
        if self.asking.missed(asked):
            return True
        key, prompt = cast("tuple[str, str]", asked)
        found = self.bench.answers.find(key, cache)
        if found is None or not _fits(found, one):
            return False
        row = {
            "run_id": found.run_id,
            "created_at": found.created_at.isoformat(),
            "key": found.key,
            "fingerprint": fingerprint_text(of_prompt(prompt, one.node.output, work.agents)),
        }
        self.asking.frame.do(ChoiceMade(key=one.key, kind="cached", value=json.dumps(row)))
        settle(
            self.asking.frame,
            self.asking.plan,
            one.key,
            "finished",
            output=found.json,
            model=found.model,
        )
        return True

    def _asked(self, one: Instance[Task], work: AgentWork, cache: Cache) -> tuple[str, str]:
        """The digest of what a task asks, by which its answer is kept, and its prompt."""
        prompt = text_now(work.prompt, "prompt", one)
        folder = self._folder(work)
        return cache_key(one.node, work, cache, prompt, folder), prompt

    def _folder(self, work: AgentWork) -> Path:
        return self.bench.folder if work.cwd is None else self.bench.folder / work.cwd

    def is_ready(self, one: Instance[Task], work: AgentWork) -> bool:
        return self._asks(one, work) is not None

    def _asks(self, one: Instance[Task], work: AgentWork) -> tuple[Held | None, str] | None:
        """The session that it takes up, if any, and its prompt; None if it waits or has failed."""
        taken = None if work.source is None else self.asking.ask(one, lambda: held(one))
        if self.asking.missed(taken):
            return None
        prompt = self.asking.text(one, work.prompt, "prompt")
        return None if prompt is None else (taken, prompt)

    def request(self, one: Instance[Task], work: AgentWork) -> Request | None:
        prompt = self.asking.text(one, work.prompt, "prompt")
        return None if prompt is None else Request(None, prompt)

    def begin(self, one: Instance[Task], work: AgentWork) -> AgentAttempt | None:
        # First what it waits for by itself: only a task that could start waits for its agents.
        if (asks := self._asks(one, work)) is None:
            return None
        taken, prompt = asks
        tries = self.asking.tries(one.key)
        first = not tries and one.node.on_failure != "continue"
        missing = self._limits.missing(work) if first else None
        now = self.bench.moment()
        earlier = self._earlier(one)
        gone, cooling = self.asking.state.discarded, self._limits.cooling
        following = missing or next_agent(work, tries, cooling, now, taken, earlier, gone)
        if isinstance(following, Use):
            return self._attempt(one, work, following, prompt, taken)
        if not self._wait_for_agents(one, following):
            self.fail(one, tries[-1].error if tries else None)
        return None

    def _attempt(
        self, one: Instance[Task], work: AgentWork, use: Use, prompt: str, taken: Held | None
    ) -> AgentAttempt:
        bench, node = self.bench, one.node
        if use.lost:
            self.asking.renderer.reports.append(f"{one.key} starts a new session: {use.lost}")
        native = use.agent.can.native_schema
        new = untold(self.asking.state, one.key, use.session)
        fresh, followup = self._prompts(one, use, prompt, taken, new)
        told = fresh() if followup is None else followup
        serial = self.open_attempt(
            one,
            use.agent.name,
            prompt=told,
            session=use.session,
            skipped=use.skipped,
            fingerprint=of_prompt(prompt, node.output, [use.agent]),
        )
        stream = Stream(bench.streams, serial, bench.secrets.mask)
        marks: dict[str, str] = {}
        ask = Ask(
            prompt=told if followup is None else cast("str", fresh),  # made once it is read
            cwd=self._folder(work),
            task=one.key.id,
            schema=node.output.schema if native and not node.output.is_text else None,
            session=use.session,
            forks=use.forks,
            at=use.at,
            followup=followup,
            idle_s=work.idle_s,
            timeout_s=node.timeout_s,
            marks=marks,
            raw=stream.raw,
            scrub=bench.secrets.mask,
        )
        return AgentAttempt(
            serial=serial,
            agent=use.agent,
            retry=work.retry,
            session=use.session,
            output=node.output,
            ask=ask,
            marks=marks,
            stream=stream,
            hooks=self._hooks,
            mailbox=Mailbox(serial, self._hooks.keep, new),
            limits=self._limits,
            cache_key=self._cache_key(one, work, prompt),
            lost=use.lost,
            folder=None if work.cwd is None else self._folder(work),
        )

    def _cache_key(self, one: Instance[Task], work: AgentWork, prompt: str) -> str | None:
        """By which the answer is kept for later runs: of the files as they are before the agent
        works.
        """
        if one.node.cache is None:
            return None
        return cache_key(one.node, work, one.node.cache, prompt, self._folder(work))

    def _prompts(
        self,
        one: Instance[Task],
        use: Use,
        prompt: str,
        taken: Held | None,
        new: Sequence[Message],
    ) -> tuple[Callable[[], str], str | None]:
        """The request for a new session, and the one for the session to resume, if there is one.

        The author's prompt stays apart from what is said of earlier attempts; `new` are the
        messages that the session does not have.
        """
        streams, tries = self.bench.streams, self.asking.tries(one.key)
        native, output = use.agent.can.native_schema, one.node.output
        said, earlier = _block(untold(self.asking.state, one.key, None)), self._earlier(one)
        again = sent_back_block(self.asking.state.sent_back.get(one.key))

        def fresh() -> str:  # it takes reading the streams of up to eight tasks
            done = "" if earlier is None else background(streams, [earlier], own=True)
            before = (self._background(taken), done, handover(streams, tries), again, said)
            return asked(prompt, output, native=native, told="\n\n".join(filter(None, before)))

        if use.session is None and use.forks is None:
            return fresh, None
        since = (handover(streams, tries, known=use.session), again, _block(new))
        followup = asked(prompt, output, native=native, told="\n\n".join(filter(None, since)))
        if use.begun:
            followup = (ATTENDED if use.attended else INTERRUPTED).format(prompt=followup)
        return fresh, followup

    def _earlier(self, one: Instance[Task]) -> Attempted | None:
        """The last attempt at work that was sent back, if its session is known."""
        state = self.asking.state
        if one.key not in state.sent_back:
            return None
        made = (each for each in reversed(state.tries.get(one.key, ())) if not each.counts)
        return next((each for each in made if each.session is not None), None)

    def _background(self, taken: Held | None) -> str:
        """What was done in the session that is taken up; the same for all that take it up."""
        if taken is None:
            return ""
        told = taken.tell()
        done = tuple(one if isinstance(one, Given) else one.serial for one in told)
        if done not in self._backgrounds:
            self._backgrounds[done] = background(self.bench.streams, told)
        return self._backgrounds[done]

    def _wait_for_agents(
        self, one: Instance[Task], awaited: Cooling | Missing | Use | None
    ) -> bool:
        """A wait for the outside, which takes the slots that a first attempt would take; False
        where there is nothing to wait for.

        For a person to set an agent up nobody waits where the author allows the failure.
        """
        if isinstance(awaited, Cooling):
            due = awaited.until.due(self.bench.moment())
            wait = WaitOpened(key=one.key, kind=waits.COOLDOWN, due=due, on=awaited.limits)
            self.wait(wait, awaited.until.basis)
        elif isinstance(awaited, Missing) and one.node.on_failure != "continue":
            told = (f"{name}: {_told(failure)}" for name, failure in awaited.failures.items())
            self.asking.frame.open_wait(
                WaitOpened(key=one.key, kind=waits.AGENTS, asked="\n".join(told))
            )
        else:
            return False
        self.asking.plan.begin(one)
        return True

    def retry(
        self, one: Instance[Task], work: AgentWork, tries: Sequence[Attempted], failure: Failure
    ) -> None:
        following = next_agent(work, tries, self._limits.cooling, self.bench.moment())
        if self._wait_for_agents(one, following):
            return
        if not isinstance(following, Use):
            self.fail(one, failure)
            return
        wait_s = after_failure(work, tries, self.bench.random.random())
        if wait_s > 0:
            self.retry_in(one, wait_s)
        else:
            self.asking.plan.up.append(one)


def _fits(found: CachedAnswer, one: Instance[Task]) -> bool:
    """Whether the model of the output takes an answer: its validators are not part of the key."""
    try:
        one.node.output.parse(found.json)
    except (ValueError, RecursionError):
        return False
    return True


def _block(messages: Sequence[Message]) -> str:
    return messages_block([one.text for one in messages])


def _told(failure: Failure) -> str:
    """What is missing, and what a person can do about it."""
    return f"{failure.message} ({failure.hint})" if failure.hint else failure.message
