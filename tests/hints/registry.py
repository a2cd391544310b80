"""The scenes: each meets the error of a hint, and then does what the hint says."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.command import Said
from tests.hints.shell import Shell

__all__ = ["SCENES", "Scene", "scene"]

Scene = Callable[[Shell], tuple[Said, Said]]
"""Gives how the command failed, and how it went after the hint was followed."""

SCENES: dict[str, Scene] = {}


def scene(hint: str) -> Callable[[Scene], Scene]:
    """Register the scene of a hint, by its words as `found.hints` gives them."""

    def register(made: Scene) -> Scene:
        assert hint not in SCENES
        SCENES[hint] = made
        return made

    return register
