"""Settings from files: a project's `smithers.toml`, over the user's own `config.toml`.

Variables `SMITHERS_*` count more than both, and options of a command more than these. `keys.py` has
the keys; a project's file may be somebody else's, so what could run a program or send data away is
taken from it only if this user trusts the file as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.lazy import lazily
from smithers.settings.files import (
    PROJECT_FILE,
    SettingsFile,
    parse_file,
    read_project_file,
    user_file,
)
from smithers.settings.loading import (
    Found,
    IsTrusted,
    Origin,
    load_settings,
    named_database,
    people_of,
    refused_keys,
)

if TYPE_CHECKING:
    from smithers.settings.agents import NamedAgents, agent_of, check_agent
    from smithers.settings.hooks import Hook
    from smithers.settings.keys import PoolLimit, Values

__all__ = [
    "PROJECT_FILE",
    "Found",
    "Hook",
    "IsTrusted",
    "NamedAgents",
    "Origin",
    "PoolLimit",
    "SettingsFile",
    "Values",
    "agent_of",
    "check_agent",
    "load_settings",
    "named_database",
    "parse_file",
    "people_of",
    "read_project_file",
    "refused_keys",
    "user_file",
]

_HOMES = {
    "NamedAgents": "smithers.settings.agents",
    "agent_of": "smithers.settings.agents",
    "check_agent": "smithers.settings.agents",
    "Hook": "smithers.settings.hooks",
    "PoolLimit": "smithers.settings.keys",
    "Values": "smithers.settings.keys",
}
"""What brings pydantic along, which a command that only needs its database does without."""
__getattr__ = lazily(__name__, _HOMES)
