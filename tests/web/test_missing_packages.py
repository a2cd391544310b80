"""Without a package of the extra `serve` no server is started, and the error names the extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from _smithers_orchestrator import main
main()
"""


@pytest.mark.parametrize(
    "package", ["jinja2", "prometheus_client", "sse_starlette", "starlette", "uvicorn"]
)
def test_a_server_without_a_package_of_its_extra_is_not_started(
    package: str, tmp_path: Path
) -> None:
    asked = ["serve", "--port", "0", *(["--metrics"] if package == "prometheus_client" else [])]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, package, *asked],
        cwd=tmp_path,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "pip install 'smithers-orchestrator[serve]'" in done.stderr
    assert package in done.stderr
    assert done.stdout == ""
