"""Where our packages are: in the checkout, or where their wheel was installed."""

from __future__ import annotations

from pathlib import Path

import harnesses
import mcp_server
import smithers

__all__ = ["DEMO", "HARNESSES", "MCP_SERVER", "PACKAGES", "SMITHERS"]


def _folder(file: str | None) -> Path:
    assert file is not None
    return Path(file).resolve().parent


SMITHERS = _folder(smithers.__file__)
HARNESSES = _folder(harnesses.__file__)
MCP_SERVER = _folder(mcp_server.__file__)
PACKAGES = (SMITHERS, HARNESSES, MCP_SERVER)
DEMO = HARNESSES / "demo"
