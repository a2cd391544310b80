"""The one service behind every face: start, resume, launch, supervise, watch, decide, cancel.

Everything that the command line can do, any other face can do with the same call. Reads are
synchronous and light (see `reports`); the modules that drive a run or write to it are imported when
they are used. Each subject of `Hub` is a module of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.amounts import Amounts
from smithers.callers import Origin, called_from
from smithers.engine.ending import (
    Asked,
    Attached,
    Decided,
    Forked,
    Left,
    NotSent,
    Raised,
    Reply,
    Rewound,
    Sent,
    SignalReceipt,
)
from smithers.forms import Form
from smithers.hub._answering import Answering
from smithers.hub._embedding import Embedding
from smithers.hub._events import Following
from smithers.hub._travelling import Travelling
from smithers.hub._trusting import Trusting
from smithers.lazy import lazily
from smithers.secrets import Secrets
from smithers.texts import escaped, plain, title_of

if TYPE_CHECKING:
    from smithers.hub._feed import Feed
    from smithers.hub._here import RunHandle
    from smithers.hub._hooks import Delivered, Hooks, NoHook, NotDelivered
    from smithers.hub._results import RunResult
    from smithers.hub._roots import Roots, Startable
    from smithers.reports import Look, Overview, RunsQuery
    from smithers.views import Question, Standing

__all__ = [
    "Amounts",
    "Asked",
    "Attached",
    "Decided",
    "Delivered",
    "Feed",
    "Forked",
    "Form",
    "Hooks",
    "Hub",
    "Left",
    "Look",
    "NoHook",
    "NotDelivered",
    "NotSent",
    "Origin",
    "Overview",
    "Question",
    "Raised",
    "Reply",
    "Rewound",
    "Roots",
    "RunHandle",
    "RunResult",
    "RunsQuery",
    "Secrets",
    "Sent",
    "SignalReceipt",
    "Standing",
    "Startable",
    "called_from",
    "escaped",
    "plain",
    "title_of",
]

_HOMES = {
    "Delivered": "smithers.hub._hooks",
    "Feed": "smithers.hub._feed",
    "Hooks": "smithers.hub._hooks",
    "NoHook": "smithers.hub._hooks",
    "NotDelivered": "smithers.hub._hooks",
    "Look": "smithers.reports",
    "Overview": "smithers.reports",
    "Roots": "smithers.hub._roots",
    "RunHandle": "smithers.hub._here",
    "RunResult": "smithers.hub._results",
    "RunsQuery": "smithers.reports",
    "Question": "smithers.views",
    "Standing": "smithers.views",
    "Startable": "smithers.hub._roots",
}
"""What faces take from here, imported when it is first used."""
__getattr__ = lazily(__name__, _HOMES)


class Hub(Embedding, Answering, Following, Travelling, Trusting):
    """The runs of one database."""
