"""The former name of `smithers.pytest_plugin`, for `-p harnesses.pytest_plugin`."""

from smithers.pytest_plugin import *  # noqa: F403
