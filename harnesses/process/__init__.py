"""Child processes of agents: live under a guard, or replayed from a recording, behind one face."""

from harnesses.process._arguments import find_obstacle, keep_long_words
from harnesses.process._command import Command, built_environment, terminal_environment
from harnesses.process._finding import find_program
from harnesses.process._replay import Replay
from harnesses.process._session import Session, open_session
from harnesses.process._shelf import ReplayMismatch
from harnesses.process._source import Source, Sources

__all__ = [
    "Command",
    "Replay",
    "ReplayMismatch",
    "Session",
    "Source",
    "Sources",
    "built_environment",
    "find_obstacle",
    "find_program",
    "keep_long_words",
    "open_session",
    "terminal_environment",
]
