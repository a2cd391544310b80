"""What every step does: it leaves a line. Step three hangs, fails or is slow if a file says so."""

from __future__ import annotations

import time
from pathlib import Path

__all__ = ["call"]


def call(name: str) -> str:
    with Path("calls").open("a") as calls:
        calls.write(f"{name}\n")
    if name == "three" and Path("hang").exists():
        time.sleep(600)
    if name == "three" and Path("fail").exists():
        raise RuntimeError("asked to fail")
    time.sleep(4 if name == "three" and Path("slow").exists() else 0.2)
    return name
