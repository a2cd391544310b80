"""Writes the shapes of the recordings, with which `smithers harness drift` compares a program."""

from __future__ import annotations

from pathlib import Path

from harnesses._drift import SHAPES, comparable, shape_text, told_by
from harnesses._shape import shape_of

__all__ = ["shape_of_recordings", "write_shapes"]

RECORDINGS = Path(__file__).parent


def shape_of_recordings(name: str) -> str:
    return shape_text(shape_of(told_by(name, RECORDINGS / name)))


def write_shapes() -> None:
    SHAPES.mkdir(exist_ok=True)
    for name in comparable():
        (SHAPES / f"{name}.json").write_text(shape_of_recordings(name), encoding="utf-8")
