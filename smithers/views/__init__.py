"""What every face shows of a run: frozen values, made by pure functions of a `Snapshot`.

A snapshot is a run's state at some frame with what lies around it. Nothing here reads a database,
and no view works out how a node has ended: that is in the state.
"""

from __future__ import annotations

from smithers.views._asks import Question, questions
from smithers.views._board import Board
from smithers.views._budgets import BudgetView
from smithers.views._changed import changed_keys
from smithers.views._changes import Shown, shown_changes
from smithers.views._cost import CostLine, CostView, view_cost
from smithers.views._event_words import event_words
from smithers.views._exhausted import exhausted_words
from smithers.views._failing import Reason
from smithers.views._frames import (
    AttemptName,
    Attempts,
    ChangeView,
    FrameView,
    TimelineView,
    view_frame,
)
from smithers.views._graph import GraphNode, GraphView, graph
from smithers.views._lines import (
    ASK,
    FOR_A_PERSON,
    MOST_ALIKE,
    ChangeLine,
    change_lines,
    question_of,
    short_lines,
)
from smithers.views._lists import Activity, RunLine, RunsPage
from smithers.views._pages import (
    EventsPage,
    LinesPage,
    LogEvent,
    MessageView,
    TranscriptEntry,
    TranscriptPage,
)
from smithers.views._runs import (
    AttemptView,
    Inspection,
    RunView,
    Summary,
    TaskView,
    inspect,
    summarize,
    view_task,
)
from smithers.views._snapshot import OwnerView, Snapshot, Status
from smithers.views._standing import Standing, standing, undecided
from smithers.views._tasks import (
    Counts,
    NodeState,
    State,
    TaskLine,
    WaitView,
    counts,
    open_waits,
    task_lines,
)
from smithers.views._texts import Held, OutputView, Texts
from smithers.views._usage import Spent, Usage
from smithers.views._why import WhyView, explain
from smithers.views._words import clock, decide_command, with_place
from smithers.views._work import WorkView, view_work

__all__ = [
    "ASK",
    "FOR_A_PERSON",
    "MOST_ALIKE",
    "Activity",
    "AttemptName",
    "AttemptView",
    "Attempts",
    "Board",
    "BudgetView",
    "ChangeLine",
    "ChangeView",
    "CostLine",
    "CostView",
    "Counts",
    "EventsPage",
    "FrameView",
    "GraphNode",
    "GraphView",
    "Held",
    "Inspection",
    "LinesPage",
    "LogEvent",
    "MessageView",
    "NodeState",
    "OutputView",
    "OwnerView",
    "Question",
    "Reason",
    "RunLine",
    "RunView",
    "RunsPage",
    "Shown",
    "Snapshot",
    "Spent",
    "Standing",
    "State",
    "Status",
    "Summary",
    "TaskLine",
    "TaskView",
    "Texts",
    "TimelineView",
    "TranscriptEntry",
    "TranscriptPage",
    "Usage",
    "WaitView",
    "WhyView",
    "WorkView",
    "change_lines",
    "changed_keys",
    "clock",
    "counts",
    "decide_command",
    "event_words",
    "exhausted_words",
    "explain",
    "graph",
    "inspect",
    "open_waits",
    "question_of",
    "questions",
    "short_lines",
    "shown_changes",
    "standing",
    "summarize",
    "task_lines",
    "undecided",
    "view_cost",
    "view_frame",
    "view_task",
    "view_work",
    "with_place",
]
