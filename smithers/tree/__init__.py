"""What an author writes: nodes, frozen callables, ids, outputs, and where each was written."""

from smithers.tree._budget import Budget, capped, check_budget
from smithers.tree._cache import Cache
from smithers.tree._checks import (
    check_choice,
    check_count,
    check_items,
    check_name,
    check_number,
    check_takes,
    is_async,
    wrong,
)
from smithers.tree._choosing import Branch, ForEach, Loop
from smithers.tree._classes import name_module
from smithers.tree._command import Command, program_of
from smithers.tree._exact import Changed, NotExact, has_set, is_plain, not_finite
from smithers.tree._explaining import Explained, did_you_mean, explain, first_of
from smithers.tree._freeze import RENDERING, Bindings, freeze
from smithers.tree._handles import NODE_MARK, shown
from smithers.tree._ids import check_id, check_run_id, id_problem, name_problem
from smithers.tree._nodes import (
    Giving,
    Group,
    Node,
    OnFailure,
    Parallel,
    Part,
    Sequence,
    body_of,
    children_of,
    container_id,
)
from smithers.tree._other_tools import OTHER_TOOLS, other_name_hint, other_tool_hint
from smithers.tree._outputs import Output, output_of, problem
from smithers.tree._people import HumanTask, named_choices
from smithers.tree._places import Mark, author_place, here, is_in_library, place_of_error
from smithers.tree._programs import Completed, Program
from smithers.tree._results import Computed, check_output, computed, returned
from smithers.tree._retry import ErrorClass, Retry
from smithers.tree._rework import Rework
from smithers.tree._tasks import Approval, Chosen, Step, Task
from smithers.tree._texts import clean, plain_text, valid_text
from smithers.tree._timers import Timer, checked_time
from smithers.tree._work import (
    AgentWork,
    Attempt,
    ChildWork,
    CommandWork,
    Decision,
    EventWork,
    HumanWork,
    PersonWork,
    StepWork,
    TimerWork,
    Work,
)

__all__ = [
    "NODE_MARK",
    "OTHER_TOOLS",
    "RENDERING",
    "AgentWork",
    "Approval",
    "Attempt",
    "Bindings",
    "Branch",
    "Budget",
    "Cache",
    "Changed",
    "ChildWork",
    "Chosen",
    "Command",
    "CommandWork",
    "Completed",
    "Computed",
    "Decision",
    "ErrorClass",
    "EventWork",
    "Explained",
    "ForEach",
    "Giving",
    "Group",
    "HumanTask",
    "HumanWork",
    "Loop",
    "Mark",
    "Node",
    "NotExact",
    "OnFailure",
    "Output",
    "Parallel",
    "Part",
    "PersonWork",
    "Program",
    "Retry",
    "Rework",
    "Sequence",
    "Step",
    "StepWork",
    "Task",
    "Timer",
    "TimerWork",
    "Work",
    "author_place",
    "body_of",
    "capped",
    "check_budget",
    "check_choice",
    "check_count",
    "check_id",
    "check_items",
    "check_name",
    "check_number",
    "check_output",
    "check_run_id",
    "check_takes",
    "checked_time",
    "children_of",
    "clean",
    "computed",
    "container_id",
    "did_you_mean",
    "explain",
    "first_of",
    "freeze",
    "has_set",
    "here",
    "id_problem",
    "is_async",
    "is_in_library",
    "is_plain",
    "name_module",
    "name_problem",
    "named_choices",
    "not_finite",
    "other_name_hint",
    "other_tool_hint",
    "output_of",
    "place_of_error",
    "plain_text",
    "problem",
    "program_of",
    "returned",
    "shown",
    "valid_text",
    "wrong",
]
