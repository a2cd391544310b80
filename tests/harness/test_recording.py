"""What is written down: every byte that may be, and no secret."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harnesses.recording import Ending, Header, Recorder, read_sessions
from harnesses.scrubbing import KEY_SHAPES, machine, secrets_of
from smithers.agent import Ask
from tests.harness.helpers import lines_of, python

HEADER = Header(program="p", argv=("p",), prompt_sha="0" * 16)
SECRET = "s3cret-valué-12"


def recorder(path: Path) -> Recorder:
    return Recorder(path, HEADER, secrets_of({"MY_API_KEY": SECRET}))


def test_a_secret_that_is_split_over_chunks_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    kept = recorder(path)
    data = f"before {SECRET} after\n".encode()
    for at in range(len(data)):
        kept.chunk("out", data[at : at + 1])
    kept.chunk("err", SECRET[:9].encode())
    kept.chunk("err", SECRET[9:].encode())
    kept.end(Ending(rc=0))
    kept.close()
    (session,) = read_sessions(path)
    assert session.text("out") == b"before ${MY_API_KEY} after\n"
    assert session.text("err") == b"${MY_API_KEY}"


def test_a_secret_among_bytes_that_are_no_text_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    kept = recorder(path)
    kept.chunk("out", b"\xff " + SECRET.encode() + b"\n")
    kept.close()
    (session,) = read_sessions(path)
    assert session.text("out") == b"\xff ${MY_API_KEY}\n"
    assert session.ending is None


def test_a_secret_as_json_writes_it_is_found() -> None:
    scrub = secrets_of({"DB_PASSWORD": 'a"b/c\\d é'})
    for escaped in (json.dumps('a"b/c\\d é'), json.dumps('a"b/c\\d é', ensure_ascii=False)):
        assert scrub(escaped) == '"${DB_PASSWORD}"'


def test_names_of_the_machine_become_marks(tmp_path: Path) -> None:
    scrub = machine(tmp_path / "work", tmp_path / "config", {"HOME": str(tmp_path / "home")})
    dashed = re.sub("[^A-Za-z0-9]", "-", str(tmp_path / "work"))
    text = f"{tmp_path}/work/a {tmp_path}/config/projects/{dashed}/x http://127.0.0.1:43513/v1"
    assert scrub(text) == "${CWD}/a ${CONFIG}/projects/${CWD}/x http://127.0.0.1:${PORT}/v1"


@pytest.mark.parametrize(
    "key",
    [
        "sk-" + "a1B2" * 6,
        "AI" + "zaSyA1234567890123456789012345678901",
        "gh" + "p_0123456789abcdefghijABCDEFGHIJ",
        "ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz",
        "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_keys_are_known_by_their_shape(key: str) -> None:
    assert KEY_SHAPES.sub("<SECRET>", f"a {key} b") == "a <SECRET> b"


def test_a_private_key_over_many_lines_and_chunks_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    kept = Recorder(path, HEADER, lambda text: KEY_SHAPES.sub("<SECRET>", text))
    for line in ("-----BEGIN " + "PRIVATE KEY-----\n", "MIIEabc\n", "-----END PRIVATE KEY-----\n"):
        kept.chunk("out", line.encode())
    kept.close()
    assert "MIIE" not in path.read_text()


def test_a_record_that_was_cut_off_in_a_line_is_read_up_to_it(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    kept = recorder(path)
    kept.chunk("out", b"one\n")
    kept.chunk("out", b"two\n")
    kept.close()
    path.write_bytes(path.read_bytes()[:-9])
    (session,) = read_sessions(path)
    assert session.text("out") == b"one\n"
    assert session.ending is None


@pytest.mark.anyio
async def test_a_live_run_is_recorded_for_others_without_its_secrets(tmp_path: Path) -> None:
    cwd = tmp_path / "project"
    cwd.mkdir()
    (cwd / "old.txt").write_text("old")
    code = (
        "import os\nprint(os.getcwd(), os.environ['THE_TOKEN'])\n"
        "open('new.txt', 'w').write(os.environ['THE_TOKEN'])\nos.remove('old.txt')"
    )
    command = python(code, cwd, env={"THE_TOKEN": "tok-123456"})
    await lines_of(command, Ask(prompt="", cwd=cwd), tmp_path / "records")
    (path,) = (tmp_path / "records").glob("*.jsonl")
    (session,) = read_sessions(path)
    assert session.text("out") == b"${CWD} ${THE_TOKEN}\n"
    assert session.writes == {"new.txt": "${THE_TOKEN}"}
    assert session.ending is not None
    assert session.ending.deleted == ["old.txt"]
    assert "tok-123456" not in path.read_text()


def test_the_folder_that_a_program_was_installed_in_becomes_a_mark(tmp_path: Path) -> None:
    script = tmp_path / "npm" / "node_modules" / "@maker" / "program" / "cli.js"
    script.parent.mkdir(parents=True)
    script.write_text("")
    bins = tmp_path / "npm" / "node_modules" / ".bin"
    bins.mkdir()
    (bins / "program").symlink_to(script)
    scrub = machine(tmp_path / "work", None, {}, bins / "program")
    assert scrub(f"see {script.parent}/docs") == "see ${NPM}/node_modules/@maker/program/docs"


@pytest.mark.parametrize("name", ["user", "Assistant", "localhost"])
def test_a_name_that_programs_use_themselves_is_no_name_of_the_machine(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: name)
    monkeypatch.setattr("socket.gethostname", lambda: "heron-7")
    scrub = machine(tmp_path, None, {"HOME": f"/home/{name}"})
    text = f'{{"type": "{name}", "at": "heron-7", "cwd": "/home/{name}/x"}}'
    assert scrub(text) == f'{{"type": "{name}", "at": "${{HOST}}", "cwd": "${{HOME}}/x"}}'
