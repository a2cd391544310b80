"""Text that could deceive a person is neutralised wherever it is shown, and JSON escapes it."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harnesses._json import line_of
from harnesses.recording import Header, Recorder, read_sessions
from mcp_server import _answering, _permitting
from mcp_server._wire import MessageLines
from smithers.cli._ending import give_output
from smithers.cli._reading import give_raw
from smithers.cli._streams import give, give_json, say
from smithers.engine.people import Person
from smithers.engine.streams import Stream
from smithers.forms import DECISION
from smithers.hub import Asked, Startable
from smithers.store.files import events_file
from smithers.texts import escaped, json_text, plain, plain_but_coloured
from tests.cli.command import Said, smithers
from tests.places import SMITHERS

ROOT = Path(__file__).resolve().parents[2]
SHAPELESS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2065\u3164\uffa0\ufe0f"
HOSTILE = "a\u202eb\u200bc\u2028d\x9be\x7ff\U000e0041g\u061ch\x85i\u00ad\x1b[8mj"
NEUTRAL = "a�b�c�d�e�f�g�h�i��[8mj"
TELLTALE = re.compile(r"[\x1b\x7f-\x9f\u00ad\u061c\u200b\u2028\u202e\U000e0041]")


def every_character() -> list[str]:
    return [chr(code) for code in range(sys.maxunicode + 1)]


def hidden_characters() -> list[str]:
    kinds = ("Cc", "Cf", "Zl", "Zp", "Cs")
    every = every_character()
    return [one for one in every if unicodedata.category(one) in kinds and one not in "\n\t"]


class Screen(io.StringIO):
    """A terminal, or a pipe."""

    def __init__(self, *, terminal: bool = True) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def test_every_character_that_is_not_seen_is_neutralised_and_no_other() -> None:
    hidden = [*hidden_characters(), *SHAPELESS, "\U000e0100", "\U000e01ef"]
    assert [char for char in hidden if plain(f"x{char}x") != "x\ufffdx"] == []
    others = [char for char in every_character() if unicodedata.category(char)[0] in "LNPS"]
    changed = {char for char in others if plain(f"x{char}x") != f"x{char}x"}
    assert changed == set("\u115f\u1160\u3164\uffa0")
    assert plain("a\tb\nc") == "a\tb\nc"


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d💻", "👩🏽\u200d🔬", "🏳️\u200d🌈", "👨\u200d👩\u200d👧", "❤️", "☎️", "1️⃣", "⚕️", "↔️",
        "می\u200cخواهم", "क्\u200dष", "न\u200c", "Grüße, 你好, שלום, مرحبا", "e\u0301", "🇩🇪",
    ],
)  # fmt: skip
def test_what_a_language_or_an_emoji_needs_is_kept(text: str) -> None:
    shown = plain(text)
    assert shown == text.removesuffix("\u200c") + "\ufffd" * text.endswith("\u200c")
    assert json.loads(json_text(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "pay\u200dpal", "pay\u200cpal", "\u200d👩", "👩\u200d", "👩\u200d\u200d💻", "a\u200d💻",
        "x\ufe0f", "❤\ufe0f\ufe0f", "😀\U000e0141", "🏴\U000e0067\U000e007f", "م\u200d a",
    ],
)  # fmt: skip
def test_no_joiner_selector_or_tag_hides_elsewhere(text: str) -> None:
    assert "\ufffd" in plain(text)


def test_json_escapes_what_a_terminal_or_a_reader_of_lines_could_take_and_reads_back() -> None:
    # Two halves of a pair, side by side, are one character in any JSON.
    hidden, every = " ".join(hidden_characters()), " ".join(every_character())
    value = {hidden: [every, "\ufe0f\U000e0100"], "n": [1, None, True, 0.5]}
    for indent in (None, 2):
        made = json_text(value, indent=indent)
        assert json.loads(made) == value
        assert plain(made) == made
        assert "\x7f" not in made
    made = json_text(value)
    assert made.splitlines() == [made]
    compact = json.dumps(value, separators=(",", ":"))
    assert escaped('{"a":"é😀"}') == '{"a":"é😀"}'
    assert json.loads(escaped(compact)) == value


def test_a_message_for_a_program_or_a_file_is_one_line_for_every_reader(tmp_path: Path) -> None:
    text = "a\u2028b\u2029c\x85d\x7fe\x9bf"
    line = line_of({"text": text}).decode()
    assert (json.loads(line), line.splitlines()) == ({"text": text}, [line[:-1]])
    assert not re.search(r"[\x7f-\x9f]", line)
    recorder = Recorder(tmp_path / "r.jsonl", Header(program="p", argv=("p",), prompt_sha="0"), str)
    recorder.chunk("out", f"{text}\n".encode())
    recorder.close()
    kept = (tmp_path / "r.jsonl").read_text()
    assert len(kept.splitlines()) == kept.count("\n") == 2
    assert next(iter(read_sessions(tmp_path / "r.jsonl"))).text("out") == f"{text}\n".encode()


def test_the_events_of_an_attempt_are_lines_and_free_of_secrets(tmp_path: Path) -> None:
    secret = "s3\u2028cret\x9b-value"
    stream = Stream(tmp_path, 1, lambda text: text.replace(secret, "${KEY}"))
    stream.write({"event": "said", "text": f"{HOSTILE} {secret}"})
    stream.close()
    kept = events_file(tmp_path, 1).read_text()
    assert not TELLTALE.search(kept)
    assert len(kept.splitlines()) == 1
    assert json.loads(kept)["text"] == f"{HOSTILE} ${{KEY}}"


def test_nothing_that_is_said_or_given_on_a_terminal_steers_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen, errors = Screen(), Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", errors)
    say(f"\x1b[31m{HOSTILE}\x1b[0m")
    give(f"\x1b[32m{HOSTILE}\x1b[0m")
    give_output(HOSTILE)
    give_raw(HOSTILE.encode())
    assert errors.getvalue() == f"\x1b[31m{NEUTRAL}\x1b[0m\n"
    assert screen.getvalue() == f"\x1b[32m{NEUTRAL}\x1b[0m\n" + f"{NEUTRAL}\n" * 2


def test_data_in_a_pipe_is_as_it_was_and_json_is_safe_and_equal_anywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipe = Screen(terminal=False)
    monkeypatch.setattr(sys, "stdout", pipe)
    give_output(HOSTILE)
    assert pipe.getvalue() == f"{HOSTILE}\n"
    for screen in (Screen(), Screen(terminal=False)):
        monkeypatch.setattr(sys, "stdout", screen)
        give_json({"text": HOSTILE})
        give_output({"text": HOSTILE})
        assert not TELLTALE.search(screen.getvalue())
        one, _, two = screen.getvalue().partition("\n")
        assert json.loads(one) == json.loads(two) == {"text": HOSTILE}


def test_the_colours_that_we_use_are_kept_and_no_other_sequence() -> None:
    assert plain_but_coloured("\x1b[1;31ma\x1b[8mb\x1b[2Jc\x1b[36md\x1b[0m") == (
        "�[1;31ma�[8mb�[2Jc\x1b[36md\x1b[0m"
    )


@pytest.mark.anyio
async def test_what_a_person_is_asked_over_mcp_is_neutralised(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def may_not(_: object) -> bool:
        return False

    secrets = SimpleNamespace(mask=str)
    hub = SimpleNamespace(
        secrets=secrets,
        database=tmp_path,
        may_import=may_not,
        is_trusted=lambda: False,
        person=lambda: Person(names=("ann",)),
    )
    form = SimpleNamespace(form={}, url=None)
    context: Any = SimpleNamespace(client_capabilities=SimpleNamespace(elicitation=form))

    def face(_: object) -> SimpleNamespace:
        return SimpleNamespace(hub=hub)

    for module in (_answering, _permitting):
        monkeypatch.setattr(module, "face_of", face)
    approval = cast(
        "Asked",
        SimpleNamespace(
            run_id="r",
            name="ship",
            opened=1,
            due=None,
            asked=f"Ship?\n{HOSTILE}",
            allowed_by=(),
            form=DECISION,
        ),
    )
    asked: Any = await _answering.reply(context, approval)
    assert asked.message.endswith(f"Ship?\n{NEUTRAL}")
    start = Startable(file=tmp_path / HOSTILE, name=None, folder=tmp_path)
    asked = await _permitting.permission(context, start)
    assert NEUTRAL in asked.message
    assert not TELLTALE.search(asked.message)


def test_a_message_over_mcp_is_one_line_and_reads_back() -> None:
    written = io.BytesIO()
    lines = MessageLines(written, encoding="utf-8")
    lines.write(json.dumps({"text": HOSTILE}, ensure_ascii=False) + "\n")
    lines.flush()
    text = written.getvalue().decode()
    assert not TELLTALE.search(text)
    assert (len(text.splitlines()), json.loads(text)) == (1, {"text": HOSTILE})


SHOWN_AFTERWARDS = {"_saying.py", "_drawing.py"}
"""Their JSON is part of a text, which `shown` takes."""
KEPT_IN_A_FILE = {"_pack.py"}
"""Their JSON is never shown."""
TERMINAL_ITSELF = {"_terminal.py", "_streams.py", "_reading.py", "_logged.py"}


def test_no_command_writes_json_or_a_terminal_in_a_way_of_its_own() -> None:
    for file in (SMITHERS / "cli").glob("*.py"):
        source = file.read_text()
        if file.name not in SHOWN_AFTERWARDS | KEPT_IN_A_FILE:
            assert "json.dumps" not in source, file
        if file.name not in TERMINAL_ITSELF:
            written = re.findall(r"(?:stdout|stderr)\.(?:buffer\.)?write\((.*)\)", source)
            constant = ("SHOW_CURSOR", '"\\x1b[?25h\\n"', 'f"smithers {__version__}\\n"')
            assert set(written) <= set(constant), file


FAKED = "no\n✓ r1 finished (3 finished)\nnext: rm -rf x\n12:00:00 ship finished"


def assert_nothing_is_faked(said: Said) -> None:
    lines = (said.out + said.err).splitlines()
    assert any("rm -rf x" in line for line in lines)
    for line in lines:
        if "rm -rf x" in line or "12:00:00" in line or "(3 finished)" in line:
            assert re.match(r" +\| ", line), line


def test_no_line_of_a_note_or_an_error_looks_like_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        "from smithers import Approval, Context, NoInput, Node, Sequence, Step, workflow\n"
        f"FAKED = {FAKED!r}\n"
        "def fails():\n"
        "    raise ValueError(FAKED)\n"
        "@workflow\n"
        "def denied(ctx: Context[NoInput]) -> Node:\n"
        '    return Sequence(Approval("ship", ask="Ship?"))\n'
        "@workflow\n"
        "def failing(ctx: Context[NoInput]) -> Node:\n"
        '    return Sequence(Step("x", fails))\n'
    )
    assert_nothing_is_faked(smithers(tmp_path, "up", "flow.py:failing", "--run-id", "r2"))
    assert smithers(tmp_path, "up", "flow.py:denied", "--run-id", "r1").code == 3
    assert_nothing_is_faked(smithers(tmp_path, "deny", "r1", "--note", FAKED))
    assert_nothing_is_faked(smithers(tmp_path, "resume", "r1"))
    for run in ("r1", "r2"):
        for command in ("why", "timeline", "inspect"):
            assert_nothing_is_faked(smithers(tmp_path, command, run))
