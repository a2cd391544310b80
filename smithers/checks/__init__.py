"""What can be known of a workflow before it runs, and what is wrong with it.

`check_file` has the file loaded in a separate process that can do no harm by mistake; nothing of
the author's is executed in this one.
"""

from __future__ import annotations

from smithers.checks._checked import Checked, check_file
from smithers.checks._confine import Limits
from smithers.checks._edits import judge_edit
from smithers.checks._findings import Finding

__all__ = ["Checked", "Finding", "Limits", "check_file", "judge_edit"]
