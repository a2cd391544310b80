"""What every face shows of a run: frozen values, made by pure functions of a `Snapshot`.

A snapshot is a run's state at some frame with what lies around it. Nothing here reads a database,
and no view works out how a node has ended: that is in the state.

Names are imported when they are first used, since most commands need few of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.lazy import lazily

if TYPE_CHECKING:
    from smithers.views._asks import PastQuestion as PastQuestion
    from smithers.views._asks import Question as Question
    from smithers.views._asks import Review as Review
    from smithers.views._asks import questions as questions
    from smithers.views._board import Board as Board
    from smithers.views._budgets import BudgetView as BudgetView
    from smithers.views._changed import changed_keys as changed_keys
    from smithers.views._changes import Shown as Shown
    from smithers.views._changes import shown_changes as shown_changes
    from smithers.views._cost import CostLine as CostLine
    from smithers.views._cost import CostView as CostView
    from smithers.views._cost import view_cost as view_cost
    from smithers.views._diff import Difference as Difference
    from smithers.views._diff import DiffView as DiffView
    from smithers.views._diff import compare as compare
    from smithers.views._estimates import Estimate as Estimate
    from smithers.views._estimates import Spread as Spread
    from smithers.views._estimates import Wanted as Wanted
    from smithers.views._estimates import estimate as estimate
    from smithers.views._event_words import event_words as event_words
    from smithers.views._exhausted import exhausted_words as exhausted_words
    from smithers.views._failing import Reason as Reason
    from smithers.views._files import ChangedFile as ChangedFile
    from smithers.views._files import ChangedFiles as ChangedFiles
    from smithers.views._frames import AttemptName as AttemptName
    from smithers.views._frames import Attempts as Attempts
    from smithers.views._frames import ChangeView as ChangeView
    from smithers.views._frames import FrameView as FrameView
    from smithers.views._frames import Story as Story
    from smithers.views._frames import TimelineView as TimelineView
    from smithers.views._frames import view_frame as view_frame
    from smithers.views._graph import GraphNode as GraphNode
    from smithers.views._graph import GraphView as GraphView
    from smithers.views._graph import graph as graph
    from smithers.views._lineage import ForkView as ForkView
    from smithers.views._lineage import Lineage as Lineage
    from smithers.views._lines import ASK as ASK
    from smithers.views._lines import FOR_A_PERSON as FOR_A_PERSON
    from smithers.views._lines import MOST_ALIKE as MOST_ALIKE
    from smithers.views._lines import ChangeLine as ChangeLine
    from smithers.views._lines import change_lines as change_lines
    from smithers.views._lines import question_of as question_of
    from smithers.views._lines import short_lines as short_lines
    from smithers.views._lists import Activity as Activity
    from smithers.views._lists import RunCost as RunCost
    from smithers.views._lists import RunLine as RunLine
    from smithers.views._lists import RunsPage as RunsPage
    from smithers.views._next_work import LikelyCost as LikelyCost
    from smithers.views._next_work import NextTask as NextTask
    from smithers.views._next_work import NextWork as NextWork
    from smithers.views._next_work import following as following
    from smithers.views._next_work import likely_cost as likely_cost
    from smithers.views._next_work import next_work as next_work
    from smithers.views._pages import EventsPage as EventsPage
    from smithers.views._pages import LinesPage as LinesPage
    from smithers.views._pages import LogEvent as LogEvent
    from smithers.views._pages import LogPage as LogPage
    from smithers.views._pages import MessageView as MessageView
    from smithers.views._pages import TaskMessage as TaskMessage
    from smithers.views._pages import TranscriptEntry as TranscriptEntry
    from smithers.views._pages import TranscriptPage as TranscriptPage
    from smithers.views._picture import SILENT as SILENT
    from smithers.views._picture import Picture as Picture
    from smithers.views._picture import Tick as Tick
    from smithers.views._picture import picture as picture
    from smithers.views._receipt import AgentWorkView as AgentWorkView
    from smithers.views._receipt import DecisionView as DecisionView
    from smithers.views._receipt import Happening as Happening
    from smithers.views._receipt import ReceiptView as ReceiptView
    from smithers.views._receipt import SourceUse as SourceUse
    from smithers.views._receipt import view_receipt as view_receipt
    from smithers.views._runs import AttemptView as AttemptView
    from smithers.views._runs import Inspection as Inspection
    from smithers.views._runs import RunView as RunView
    from smithers.views._runs import Summary as Summary
    from smithers.views._runs import TaskView as TaskView
    from smithers.views._runs import inspect as inspect
    from smithers.views._runs import summarize as summarize
    from smithers.views._runs import view_task as view_task
    from smithers.views._signals import SignalView as SignalView
    from smithers.views._signals import view_signals as view_signals
    from smithers.views._snapshot import OwnerView as OwnerView
    from smithers.views._snapshot import Snapshot as Snapshot
    from smithers.views._snapshot import StartedRun as StartedRun
    from smithers.views._snapshot import Status as Status
    from smithers.views._snapshot import status_of as status_of
    from smithers.views._spending import AttemptUse as AttemptUse
    from smithers.views._spending import SpendingLine as SpendingLine
    from smithers.views._spending import SpendingView as SpendingView
    from smithers.views._spending import view_spending as view_spending
    from smithers.views._standing import Standing as Standing
    from smithers.views._standing import standing as standing
    from smithers.views._standing import undecided as undecided
    from smithers.views._task_context import TaskContext as TaskContext
    from smithers.views._task_context import task_context as task_context
    from smithers.views._tasks import OPEN as OPEN
    from smithers.views._tasks import Counts as Counts
    from smithers.views._tasks import NodeState as NodeState
    from smithers.views._tasks import State as State
    from smithers.views._tasks import TaskLine as TaskLine
    from smithers.views._tasks import WaitView as WaitView
    from smithers.views._tasks import counts as counts
    from smithers.views._tasks import open_waits as open_waits
    from smithers.views._tasks import task_lines as task_lines
    from smithers.views._tasks import unsettled as unsettled
    from smithers.views._texts import Held as Held
    from smithers.views._texts import OutputView as OutputView
    from smithers.views._texts import Texts as Texts
    from smithers.views._tree import Tree as Tree
    from smithers.views._usage import Spent as Spent
    from smithers.views._usage import Usage as Usage
    from smithers.views._verified import CANNOT_SHOW as CANNOT_SHOW
    from smithers.views._verified import Finding as Finding
    from smithers.views._verified import Verified as Verified
    from smithers.views._verified import digest_run as digest_run
    from smithers.views._why import WhyView as WhyView
    from smithers.views._why import explain as explain
    from smithers.views._words import answer_command as answer_command
    from smithers.views._words import cached_words as cached_words
    from smithers.views._words import clock as clock
    from smithers.views._words import decide_command as decide_command
    from smithers.views._words import due_words as due_words
    from smithers.views._words import stopped_words as stopped_words
    from smithers.views._words import with_place as with_place
    from smithers.views._work import WorkView as WorkView
    from smithers.views._work import view_work as view_work

_HOMES = {
    "Tree": "smithers.views._tree",
    "LikelyCost": "smithers.views._next_work",
    "likely_cost": "smithers.views._next_work",
    "next_work": "smithers.views._next_work",
    "following": "smithers.views._next_work",
    "NextWork": "smithers.views._next_work",
    "NextTask": "smithers.views._next_work",
    "OPEN": "smithers.views._tasks",
    "ChangedFiles": "smithers.views._files",
    "ChangedFile": "smithers.views._files",
    "TaskMessage": "smithers.views._pages",
    "LogPage": "smithers.views._pages",
    "ASK": "smithers.views._lines",
    "Activity": "smithers.views._lists",
    "AgentWorkView": "smithers.views._receipt",
    "AttemptName": "smithers.views._frames",
    "AttemptUse": "smithers.views._spending",
    "AttemptView": "smithers.views._runs",
    "Attempts": "smithers.views._frames",
    "Board": "smithers.views._board",
    "BudgetView": "smithers.views._budgets",
    "CANNOT_SHOW": "smithers.views._verified",
    "ChangeLine": "smithers.views._lines",
    "ChangeView": "smithers.views._frames",
    "CostLine": "smithers.views._cost",
    "CostView": "smithers.views._cost",
    "Counts": "smithers.views._tasks",
    "DecisionView": "smithers.views._receipt",
    "DiffView": "smithers.views._diff",
    "Difference": "smithers.views._diff",
    "Estimate": "smithers.views._estimates",
    "EventsPage": "smithers.views._pages",
    "Spread": "smithers.views._estimates",
    "Wanted": "smithers.views._estimates",
    "estimate": "smithers.views._estimates",
    "FOR_A_PERSON": "smithers.views._lines",
    "Finding": "smithers.views._verified",
    "ForkView": "smithers.views._lineage",
    "FrameView": "smithers.views._frames",
    "GraphNode": "smithers.views._graph",
    "GraphView": "smithers.views._graph",
    "Happening": "smithers.views._receipt",
    "Held": "smithers.views._texts",
    "Inspection": "smithers.views._runs",
    "Lineage": "smithers.views._lineage",
    "LinesPage": "smithers.views._pages",
    "LogEvent": "smithers.views._pages",
    "MOST_ALIKE": "smithers.views._lines",
    "MessageView": "smithers.views._pages",
    "NodeState": "smithers.views._tasks",
    "OutputView": "smithers.views._texts",
    "OwnerView": "smithers.views._snapshot",
    "Picture": "smithers.views._picture",
    "SILENT": "smithers.views._picture",
    "PastQuestion": "smithers.views._asks",
    "Question": "smithers.views._asks",
    "Review": "smithers.views._asks",
    "Reason": "smithers.views._failing",
    "ReceiptView": "smithers.views._receipt",
    "RunCost": "smithers.views._lists",
    "RunLine": "smithers.views._lists",
    "RunView": "smithers.views._runs",
    "RunsPage": "smithers.views._lists",
    "Shown": "smithers.views._changes",
    "SignalView": "smithers.views._signals",
    "Snapshot": "smithers.views._snapshot",
    "SourceUse": "smithers.views._receipt",
    "SpendingLine": "smithers.views._spending",
    "SpendingView": "smithers.views._spending",
    "Spent": "smithers.views._usage",
    "Standing": "smithers.views._standing",
    "StartedRun": "smithers.views._snapshot",
    "State": "smithers.views._tasks",
    "Status": "smithers.views._snapshot",
    "Story": "smithers.views._frames",
    "Summary": "smithers.views._runs",
    "TaskContext": "smithers.views._task_context",
    "TaskLine": "smithers.views._tasks",
    "TaskView": "smithers.views._runs",
    "Texts": "smithers.views._texts",
    "Tick": "smithers.views._picture",
    "TimelineView": "smithers.views._frames",
    "TranscriptEntry": "smithers.views._pages",
    "TranscriptPage": "smithers.views._pages",
    "Usage": "smithers.views._usage",
    "Verified": "smithers.views._verified",
    "WaitView": "smithers.views._tasks",
    "WhyView": "smithers.views._why",
    "WorkView": "smithers.views._work",
    "answer_command": "smithers.views._words",
    "cached_words": "smithers.views._words",
    "change_lines": "smithers.views._lines",
    "changed_keys": "smithers.views._changed",
    "clock": "smithers.views._words",
    "compare": "smithers.views._diff",
    "counts": "smithers.views._tasks",
    "decide_command": "smithers.views._words",
    "digest_run": "smithers.views._verified",
    "due_words": "smithers.views._words",
    "event_words": "smithers.views._event_words",
    "exhausted_words": "smithers.views._exhausted",
    "explain": "smithers.views._why",
    "graph": "smithers.views._graph",
    "inspect": "smithers.views._runs",
    "open_waits": "smithers.views._tasks",
    "picture": "smithers.views._picture",
    "question_of": "smithers.views._lines",
    "questions": "smithers.views._asks",
    "short_lines": "smithers.views._lines",
    "shown_changes": "smithers.views._changes",
    "standing": "smithers.views._standing",
    "status_of": "smithers.views._snapshot",
    "stopped_words": "smithers.views._words",
    "summarize": "smithers.views._runs",
    "task_context": "smithers.views._task_context",
    "task_lines": "smithers.views._tasks",
    "undecided": "smithers.views._standing",
    "unsettled": "smithers.views._tasks",
    "view_cost": "smithers.views._cost",
    "view_frame": "smithers.views._frames",
    "view_receipt": "smithers.views._receipt",
    "view_signals": "smithers.views._signals",
    "view_spending": "smithers.views._spending",
    "view_task": "smithers.views._runs",
    "view_work": "smithers.views._work",
    "with_place": "smithers.views._words",
}
__all__ = [
    "ASK",
    "CANNOT_SHOW",
    "FOR_A_PERSON",
    "MOST_ALIKE",
    "OPEN",
    "Activity",
    "AgentWorkView",
    "AttemptName",
    "AttemptUse",
    "AttemptView",
    "Attempts",
    "Board",
    "BudgetView",
    "ChangeLine",
    "ChangeView",
    "ChangedFile",
    "ChangedFiles",
    "CostLine",
    "CostView",
    "Counts",
    "DecisionView",
    "Estimate",
    "EventsPage",
    "Finding",
    "FrameView",
    "GraphNode",
    "GraphView",
    "Happening",
    "Held",
    "Inspection",
    "LinesPage",
    "LogEvent",
    "LogPage",
    "MessageView",
    "NextTask",
    "NextWork",
    "NodeState",
    "OutputView",
    "OwnerView",
    "PastQuestion",
    "Picture",
    "Question",
    "Reason",
    "ReceiptView",
    "Review",
    "RunCost",
    "RunLine",
    "RunView",
    "RunsPage",
    "Shown",
    "SignalView",
    "Snapshot",
    "SourceUse",
    "SpendingLine",
    "SpendingView",
    "Spent",
    "Spread",
    "Standing",
    "StartedRun",
    "State",
    "Status",
    "Story",
    "Summary",
    "TaskContext",
    "TaskLine",
    "TaskMessage",
    "TaskView",
    "Texts",
    "Tick",
    "TimelineView",
    "TranscriptEntry",
    "TranscriptPage",
    "Tree",
    "Usage",
    "Verified",
    "WaitView",
    "Wanted",
    "WhyView",
    "WorkView",
    "answer_command",
    "cached_words",
    "change_lines",
    "changed_keys",
    "clock",
    "counts",
    "decide_command",
    "digest_run",
    "due_words",
    "estimate",
    "event_words",
    "exhausted_words",
    "explain",
    "following",
    "graph",
    "inspect",
    "next_work",
    "open_waits",
    "picture",
    "question_of",
    "questions",
    "short_lines",
    "shown_changes",
    "standing",
    "status_of",
    "summarize",
    "task_context",
    "task_lines",
    "undecided",
    "unsettled",
    "view_cost",
    "view_frame",
    "view_receipt",
    "view_signals",
    "view_spending",
    "view_task",
    "view_work",
    "with_place",
]

__getattr__ = lazily(__name__, _HOMES)
