"""Patterns: functions that arrange nodes in a way that has a name.

Each is one short file over the public names of `smithers`: `smithers patterns` lists them, and
`smithers patterns ReviewLoop` prints one, to read or to copy. The caller writes the tasks, with any
agents; the pattern arranges them, and counts, compares and decides in Python. The first argument
of each is an id, from which it makes the ids of its own steps.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smithers.patterns.check_suite import CheckReport as CheckReport
    from smithers.patterns.check_suite import CheckSuite as CheckSuite
    from smithers.patterns.classify_and_route import ClassifyAndRoute as ClassifyAndRoute
    from smithers.patterns.debate import Debate as Debate
    from smithers.patterns.decision_table import DecisionTable as DecisionTable
    from smithers.patterns.escalation_chain import EscalationChain as EscalationChain
    from smithers.patterns.fan_out_refute import FanOutRefute as FanOutRefute
    from smithers.patterns.fan_out_refute import Judgement as Judgement
    from smithers.patterns.fan_out_refute import Refutation as Refutation
    from smithers.patterns.fix_until_green import FixUntilGreen as FixUntilGreen
    from smithers.patterns.gather_and_synthesize import GatherAndSynthesize as GatherAndSynthesize
    from smithers.patterns.loop_until_scored import LoopUntilScored as LoopUntilScored
    from smithers.patterns.optimizer import Optimizer as Optimizer
    from smithers.patterns.optimizer import Progress as Progress
    from smithers.patterns.panel import Panel as Panel
    from smithers.patterns.panel import Verdict as Verdict
    from smithers.patterns.panel import Vote as Vote
    from smithers.patterns.poller import Poller as Poller
    from smithers.patterns.review_loop import ReviewLoop as ReviewLoop
    from smithers.patterns.runbook import Procedure as Procedure
    from smithers.patterns.runbook import Runbook as Runbook
    from smithers.patterns.scan_fix_verify import ScanFixVerify as ScanFixVerify
    from smithers.patterns.supervisor import Supervisor as Supervisor

_HOMES = {
    "CheckReport": "smithers.patterns.check_suite",
    "CheckSuite": "smithers.patterns.check_suite",
    "ClassifyAndRoute": "smithers.patterns.classify_and_route",
    "Debate": "smithers.patterns.debate",
    "DecisionTable": "smithers.patterns.decision_table",
    "EscalationChain": "smithers.patterns.escalation_chain",
    "FanOutRefute": "smithers.patterns.fan_out_refute",
    "FixUntilGreen": "smithers.patterns.fix_until_green",
    "GatherAndSynthesize": "smithers.patterns.gather_and_synthesize",
    "Judgement": "smithers.patterns.fan_out_refute",
    "LoopUntilScored": "smithers.patterns.loop_until_scored",
    "Optimizer": "smithers.patterns.optimizer",
    "Panel": "smithers.patterns.panel",
    "Poller": "smithers.patterns.poller",
    "Procedure": "smithers.patterns.runbook",
    "Progress": "smithers.patterns.optimizer",
    "Refutation": "smithers.patterns.fan_out_refute",
    "ReviewLoop": "smithers.patterns.review_loop",
    "Runbook": "smithers.patterns.runbook",
    "ScanFixVerify": "smithers.patterns.scan_fix_verify",
    "Supervisor": "smithers.patterns.supervisor",
    "Verdict": "smithers.patterns.panel",
    "Vote": "smithers.patterns.panel",
}
__all__ = [  # literal, for the checkers
    "CheckReport",
    "CheckSuite",
    "ClassifyAndRoute",
    "Debate",
    "DecisionTable",
    "EscalationChain",
    "FanOutRefute",
    "FixUntilGreen",
    "GatherAndSynthesize",
    "Judgement",
    "LoopUntilScored",
    "Optimizer",
    "Panel",
    "Poller",
    "Procedure",
    "Progress",
    "Refutation",
    "ReviewLoop",
    "Runbook",
    "ScanFixVerify",
    "Supervisor",
    "Verdict",
    "Vote",
]


def __getattr__(name: str) -> object:
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module 'smithers.patterns' has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
