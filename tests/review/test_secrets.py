"""Gaps through which a secret came to be written."""

from __future__ import annotations

from pathlib import Path

from harnesses.process import Command
from harnesses.recording import Recorder
from harnesses.scrubbing import secrets_of
from smithers.secrets import Secrets


def test_a_secret_that_begins_with_a_slash_is_no_path_unless_there_is_such_a_file() -> None:
    secret = "/Jk3hXw0q+Zt9"
    assert Secrets({"ACCESS_KEY": secret}).mask(f"it is {secret}") == "it is ${ACCESS_KEY}"
    assert Secrets({"KEY_FILE": __file__}).mask(__file__) == __file__


def test_a_secret_at_the_cut_of_a_prompt_leaves_no_half_in_the_record(tmp_path: Path) -> None:
    secret = "s3cr3t-" + "x" * 30
    scrub = Secrets({"API_KEY": secret}).mask
    command = Command(
        program="p",
        executable="/bin/p",
        flags=(),
        prompt="." * 190 + secret,
        cwd=tmp_path,
        env={},
        session="s",
        resumes=False,
    )
    recorder = Recorder(tmp_path / "raw.jsonl", command.header(), scrub)
    recorder.close()
    assert "s3cr3t" not in (tmp_path / "raw.jsonl").read_text()


def test_recordings_scrub_the_variables_that_the_engine_scrubs() -> None:
    scrub = secrets_of({"DB_PASSWD": "hunter2hunter2", "GIT_CREDENTIAL": "c0c0c0c0c0"})
    assert scrub("hunter2hunter2 c0c0c0c0c0") == "${DB_PASSWD} ${GIT_CREDENTIAL}"
