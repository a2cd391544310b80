"""What the process that looks at a workflow cannot do, where the system helps and where not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from smithers.checks import Limits, check_file
from smithers.checks._looking import WITHHELD, without_secrets
from smithers.host import guard
from smithers.hub import Hub

_CODE = """\
import json, socket, sys
from pathlib import Path
from smithers.checks import _confine

if sys.argv[1] == "without":
    _confine._leave_network = lambda: False
found = []
with open(sys.argv[2] + "/crash", "w") as crash:
    network = _confine.confine(_confine.Limits(), Path(sys.argv[2]), crash, found.append)
exec(compile(Path(sys.argv[2], "flow.py").read_text(), sys.argv[2] + "/flow.py", "exec"))
print(json.dumps([network, [(one.rule, one.place.line) for one in found]]))
"""
_FLOW = """\
for number in (1, 2):
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    except PermissionError:
        pass
"""


@pytest.mark.parametrize("how", ["with", "without"])
def test_sockets_are_refused_and_the_network_is_named(how: str, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(_FLOW)
    command = [sys.executable, "-c", _CODE, how, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    network, found = json.loads(done.stdout)
    assert network in (("audit hook",) if how == "without" else ("namespace", "audit hook"))
    assert found == [["network", 3], ["network", 3]]


def test_a_file_that_waits_for_ever_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    flow = "import ctypes, threading\n\nctypes.CDLL(None).fork()\nthreading.Event().wait()\n"
    (tmp_path / "flow.py").write_text(flow)
    environment = {**os.environ, "SMITHERS_CHECKED": "waits"}
    found = check_file(tmp_path / "flow.py", environment=environment, limits=Limits(wall_s=12))
    (finding,) = found.findings
    assert (finding["rule"], found.passes, found.report) == ("time", False, None)
    assert not guard.marked("SMITHERS_CHECKED=waits", guard.snapshot())


def test_secrets_are_withheld_and_what_leads_to_services_is_left_out() -> None:
    given = {
        "SHOP_TOKEN": "abcdefgh12345678",
        "DATABASE_URL": "postgres://me:hidden-password@host/db",
        "PATH": "/bin",
        "SSH_AUTH_SOCK": "/tmp/agent",
        "SMITHERS_RUN": "r1",
    }
    assert without_secrets(given) == {
        "SHOP_TOKEN": WITHHELD,
        "DATABASE_URL": WITHHELD,
        "PATH": "/bin",
    }


@pytest.mark.parametrize("how", ["rename", "link"])
def test_nothing_is_moved_out_of_the_folder_of_the_look(how: str, tmp_path: Path) -> None:
    flow = f"""\
import os, tempfile
from pathlib import Path

made = Path(tempfile.gettempdir(), "made")
made.write_text("x")
os.{how}(made, {str(tmp_path / "left")!r})
"""
    (tmp_path / "flow.py").write_text(flow)
    (finding,) = check_file(tmp_path / "flow.py", environment=os.environ).findings
    assert (finding["rule"], finding["place"]["line"]) == ("writes", 6)
    assert not (tmp_path / "left").exists()


def test_what_a_file_writes_to_our_pipe_is_no_answer(tmp_path: Path) -> None:
    flow = """\
import os

for number in range(3, 30):
    try:
        os.write(number, b'[1]\\n3\\n{"finding": 3}\\n')
    except OSError:
        pass
"""
    (tmp_path / "flow.py").write_text(flow)
    (finding,) = check_file(tmp_path / "flow.py", environment=os.environ).findings
    assert "contains no workflow" in finding["message"]


def test_a_source_with_half_a_character_is_not_valid(tmp_path: Path) -> None:
    found = Hub(tmp_path / "db").check_source("import os\n# \ud800\n")
    assert not found.passes
    assert "workflow.py" in found.findings[0]["message"]
