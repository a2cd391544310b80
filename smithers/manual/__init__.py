"""The manual that ships with Smithers: one page with everything, and a page for each topic.

The words are in `_smithers_orchestrator/manual`, which may name agents. What is known from code
(nodes, options, agents, errors, commands) is made from it whenever a page is asked for, so that it
cannot be stale.
"""

from __future__ import annotations

from smithers.manual._cutting import cut
from smithers.manual._pages import TOPICS, page, summaries, topic
from smithers.manual._places import FOLDER, Command
from smithers.manual._signatures import signature

__all__ = ["FOLDER", "TOPICS", "Command", "cut", "page", "signature", "summaries", "topic"]
