"""What the process that looks at a workflow cannot do, where the system helps and where not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from smithers.checks import Limits, check_file
from smithers.checks._landlock import _call  # pyright: ignore[reportPrivateUsage]
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
    folder = Path(sys.argv[2])
    network = _confine.confine(_confine.Limits(), folder, crash, found.append).network
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


_WRITES = """\
import json, os, sqlite3, sys
from pathlib import Path
from smithers.checks import _confine

own, kept, how = sys.argv[1:]
if how == "audit hook":
    _confine.allow_writes_only = lambda *_: False
found = []
with open(own + "/crash", "w") as crash:
    writes = _confine.confine(_confine.Limits(), Path(kept), crash, found.append).writes
assert writes == how, writes
os.environ.update(OWN=own, KEPT=kept)
text = Path(kept, "flow.py").read_text()
try:
    exec(compile(text, kept + "/flow.py", "exec"), {})
except (OSError, sqlite3.Error):
    print(json.dumps([one.rule for one in found]))
"""
_BY = {
    "sqlite": "import sqlite3; sqlite3.connect(os.path.join(kept, 'left'))",
    "sqlite by uri": "import sqlite3; sqlite3.connect(f'file:{kept}/left', uri=True)",
    "a pipe": "os.mkfifo(os.path.join(kept, 'left'))",
    "a node": "os.mknod(os.path.join(kept, 'left'))",
    "a symbolic link": "os.symlink(own, os.path.join(kept, 'left'))",
    "a folder by descriptor": "os.chdir(own); os.mkdir('left', dir_fd=os.open(kept, os.O_RDONLY))",
    "shared memory": "from multiprocessing.shared_memory import SharedMemory as S; S('k', True, 8)",
}
_IN_C = {
    "a file by a library": "ctypes.CDLL(None).creat(os.fsencode(kept) + b'/left', 0o600)",
    "a file by descriptor": "os.chdir(own); os.open('left', os.O_CREAT | os.O_WRONLY,"
    " dir_fd=os.open(kept, os.O_RDONLY))",
}
_CALL = "import ctypes, os\nown, kept = os.environ['OWN'], os.environ['KEPT']\n"


def _has_landlock() -> bool:
    return sys.platform == "linux" and _call(444, None, 0, 1) > 0


needs_landlock = pytest.mark.skipif(not _has_landlock(), reason="the kernel has no Landlock")


def _written(code: str, how: str, tmp_path: Path) -> str:
    """What a process prints that is confined and runs code that would leave something."""
    own, kept = tmp_path / "own", tmp_path / "kept"
    for folder in (own, kept):
        folder.mkdir()
    (kept / "flow.py").write_text(_CALL + code)
    command = [sys.executable, "-c", _WRITES, str(own), str(kept), how]
    environment = {**os.environ, "TMPDIR": str(own)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert {path.name for path in kept.iterdir()} == {"flow.py"}
    return done.stdout


@pytest.mark.sampled(5)
@pytest.mark.parametrize("how", [pytest.param("landlock", marks=needs_landlock), "audit hook"])
@pytest.mark.parametrize("by", _BY)
def test_nothing_is_left_by_what_has_no_event_or_another_folder(
    by: str, how: str, tmp_path: Path
) -> None:
    assert json.loads(_written(_BY[by], how, tmp_path)) == ["writes"]


@needs_landlock
@pytest.mark.parametrize("by", _IN_C)
def test_nothing_is_left_by_what_no_hook_hears(by: str, tmp_path: Path) -> None:
    _written(_IN_C[by], "landlock", tmp_path)


@needs_landlock
def test_what_is_in_the_own_folder_may_be_moved_and_removed(tmp_path: Path) -> None:
    code = """\
import shutil, sqlite3, tempfile
from pathlib import Path
with tempfile.TemporaryDirectory() as made:
    Path(made, "a").mkdir()
    Path(made, "a", "b").write_text("x")
    os.rename(made + "/a/b", made + "/c")
    sqlite3.connect(made + "/d").execute("create table t(a)")
    Path(os.devnull).write_text("x")
assert not Path(made).exists()
sqlite3.connect(":memory:")
raise OSError
"""
    assert json.loads(_written(code, "landlock", tmp_path)) == []


def test_a_file_that_kills_its_process_did_not_use_up_its_time(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text("import ctypes\n\ngetattr(ctypes.CDLL(None), 'raise')(9)\n")
    (finding,) = check_file(flow, environment=os.environ, limits=Limits(wall_s=60)).findings
    assert (finding["rule"], "signal 9" in finding["message"]) == ("ended", True)
    flow.write_text("import signal\n\nsignal.raise_signal(9)\n")
    (finding,) = check_file(flow, environment=os.environ).findings
    assert (finding["rule"], finding["place"]["line"]) == ("exits", 3)


def test_many_findings_of_a_rule_are_folded(tmp_path: Path) -> None:
    flow = tmp_path / "flow.py"
    flow.write_text("import os\n" + "try: open('/x', 'w')\nexcept OSError: pass\n" * 30)
    found = [one for one in check_file(flow, environment=os.environ).findings if one["place"]]
    assert len(found) == 10
    assert [one["message"] for one in found[-2:]] == [
        "a write to '/x' was refused",
        "a write to '/x' was refused, and 20 more of this rule in the file",
    ]


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
