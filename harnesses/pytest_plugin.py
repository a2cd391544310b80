"""The former name of `smithers.pytest_plugin`, for `-p harnesses.pytest_plugin`."""

from __future__ import annotations

pytest_plugins = ["smithers.pytest_plugin"]
