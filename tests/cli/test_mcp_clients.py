"""`mcp add` and `mcp remove` change a client's settings, and nothing else that stands there."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harnesses.claude_code import NEEDED
from mcp_server._clients import CLIENTS, Server, added
from smithers.errors import Refused
from tests.cli.command import Said, environment, smithers
from tests.harness.helpers import installed

COMMAND = ["-P", "-m", "smithers", "mcp"]
MCP_JSON = """\
{
    "$schema": "x",
    "mcpServers": {
        "other": {"command": "npx",   "args": ["-y", "é"], "env": {"TOKEN": "hush"}}
    },
    "numbers": [1.0, 1e3,
        2]
}
"""
CONFIG = """\
model = "x"  # why

[mcp_servers.other]
command = "npx" # keep
env = { TOKEN = "hush" }

# about notes
[notes]
text = '''
[mcp_servers.smithers]
'''

[mcp_servers.last]
command = "uvx"
"""


class Home:
    """A home and a project of a person, with none of the settings of whoever runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.path, self.project = folder / "home", folder / "my project"
        self.path.mkdir()
        self.project.mkdir()
        self.env = {"HOME": str(self.path), "CLAUDE_CONFIG_DIR": "", "CODEX_HOME": ""}

    def mcp(self, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
        return smithers(self.project, "mcp", *arguments, env={**self.env, **(env or {})})

    def put(self, file: str, text: str) -> Path:
        at = self.project / file
        at.parent.mkdir(exist_ok=True)
        at.write_bytes(text.encode())
        return at


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def server(file: Path, name: str = "smithers") -> dict[str, Any]:
    text = file.read_bytes().decode().removeprefix("\ufeff")
    if file.suffix == ".toml":
        found: dict[str, Any] = tomllib.loads(text)["mcp_servers"][name]
    else:
        found = json.loads(text)["mcpServers"][name]
    return found


PLACES = [
    ((), "my project/.mcp.json"),
    (("--user",), "home/.claude.json"),
    (("--client", "codex"), "my project/.codex/config.toml"),
    (("--client", "codex", "--user"), "home/.codex/config.toml"),
]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("options", "where"), PLACES)
def test_it_is_added_once_and_removed_once(
    options: tuple[str, ...], where: str, home: Home, tmp_path: Path
) -> None:
    file = tmp_path / where
    dry = home.mcp("add", *options, "--dry-run", "--json")
    assert (dry.document["outcome"], dry.document["written"]) == ("added", False)
    assert f"+++ {file}" in dry.err
    assert not file.exists()
    assert not file.parent.name.startswith(".") or not file.parent.exists()
    done = home.mcp("add", *options, "--json")
    assert (done.code, done.document["outcome"], done.document["file"]) == (0, "added", str(file))
    entry = server(file)
    roots = [] if "--user" in options else ["--root", str(home.project)]
    assert (entry["command"], entry["args"]) == (sys.executable, [*COMMAND, *roots])
    assert file.stat().st_mode & 0o777 == (0o600 if "--user" in options else 0o644)
    text, inode = file.read_bytes(), file.stat().st_ino
    again = home.mcp("add", *options)
    assert (again.code, again.err) == (0, "")
    assert again.out == f"smithers is already in {file}; nothing was changed\n"
    assert (file.read_bytes(), file.stat().st_ino) == (text, inode)
    assert home.mcp("remove", *options, "--dry-run", "--json").document["outcome"] == "removed"
    assert file.read_bytes() == text
    assert home.mcp("remove", *options, "--json").document["outcome"] == "removed"
    assert b"smithers" not in file.read_bytes()
    gone = home.mcp("remove", *options)
    assert (gone.code, gone.out) == (0, f"smithers is not in {file}; nothing was changed\n")
    assert sorted(one.name for one in file.parent.iterdir() if one.suffix == ".new") == []


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("options", "file", "text"),
    [((), ".mcp.json", MCP_JSON), (("--client", "codex"), ".codex/config.toml", CONFIG)],
    ids=["json", "toml"],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
def test_what_else_stands_there_stays_byte_for_byte(
    options: tuple[str, ...], file: str, text: str, ends: str, mark: str, home: Home
) -> None:
    text = mark + text.replace("\n", ends)
    at = home.put(file, text)
    at.chmod(0o640)
    said = home.mcp("add", *options)
    assert said.code == 0, said.err
    assert "hush" not in said.err, "what is shown is ours alone"
    *shown, trusted, _ = said.err.splitlines()[2:]
    assert all(line[0] in "+@" for line in shown), said.err
    assert "is now trusted" in trusted
    after = at.read_bytes().decode()
    lines = after.split("\n")
    assert all(line in lines for line in text.split("\n"))
    assert after.count("\n") == after.count(ends)
    assert at.stat().st_mode & 0o777 == 0o640
    home.mcp("remove", *options)
    assert at.read_bytes().decode() == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": 1}', '{"mcpServers": {"s": ENTRY}, "a": 1}'),
        ('{"mcpServers": {"b": {}}}', '{"mcpServers": {"s": ENTRY, "b": {}}}'),
        ('{"mcpServers":{"b":{}},"a":[]}', '{"mcpServers":{"s": ENTRY, "b":{}},"a":[]}'),
    ],
)
def test_a_file_of_one_line_stays_one(before: str, after: str, home: Home) -> None:
    file = home.put(".mcp.json", before)
    home.mcp("add", "--name", "s")
    entry = json.dumps(server(file, "s"))
    assert file.read_text() == after.replace("ENTRY", entry)


@pytest.mark.parametrize(
    "text", ["", "{}", "{\n}\n", '{"mcpServers": {}}', '{\n\t"mcpServers": {\n\t}\n}']
)
def test_an_empty_file_is_filled(text: str, home: Home) -> None:
    file = home.put(".mcp.json", text)
    assert home.mcp("add").code == 0
    assert server(file)["command"] == sys.executable
    assert ("\t\t" in file.read_text()) == ("\t" in text)


@pytest.mark.parametrize("at", ["first", "middle", "last"])
def test_an_entry_is_removed_from_between_others(at: str, home: Home) -> None:
    names = {"first": "sab", "middle": "asb", "last": "abs"}[at]
    entry = {"command": "/usr/local/bin/smithers", "args": ["mcp"]}
    servers = {name: entry if name == "s" else {"command": name} for name in names}
    file = home.put(".mcp.json", json.dumps({"mcpServers": servers}, indent=3))
    assert home.mcp("remove", "--name", "s").code == 0
    del servers["s"]
    assert file.read_text() == json.dumps({"mcpServers": servers}, indent=3)


def test_an_entry_of_ours_is_brought_up_to_date_and_keeps_what_a_person_set(home: Home) -> None:
    old = {"command": "/gone/bin/python", "args": COMMAND, "env": {"A": "b"}, "timeout": 9000}
    file = home.put(".mcp.json", json.dumps({"mcpServers": {"smithers": old}}, indent=2))
    said = home.mcp("add", "--json")
    assert said.document["outcome"] == "updated"
    entry = server(file)
    assert (entry["command"], entry["env"], entry["timeout"]) == (sys.executable, {"A": "b"}, 9000)
    toml = home.put(
        ".codex/config.toml",
        "[mcp_servers.smithers] # ours\n"
        'command = "/gone/bin/smithers"\nargs = [\n  "mcp", # so\n]\n'
        'required = false\nenv_vars = ["MINE"]\ntool_timeout_sec = 90\n\n'
        '[mcp_servers.smithers.env]\nA = "b"\n\n# tui\n[tui]\n',
    )
    assert home.mcp("add", "--client", "codex", "--json").document["outcome"] == "updated"
    entry = server(toml)
    assert (entry["command"], entry["args"][:4]) == (sys.executable, COMMAND)
    assert (entry["required"], entry["tool_timeout_sec"], entry["env"]) == (True, 90, {"A": "b"})
    assert entry["env_vars"][0] == "MINE"
    assert "# ours" in toml.read_text()
    home.mcp("remove", "--client", "codex")
    assert toml.read_text() == "\n# tui\n[tui]\n"


def test_for_codex_the_server_is_required_and_is_given_names_and_no_values(home: Home) -> None:
    key = {"ANTHROPIC_API_KEY": "hush-1", "OTHER_KEY": "hush-2"}
    said = home.mcp("add", "--client", "codex", "--env", "OTHER_KEY", env=key)
    assert said.code == 0, said.err
    file = home.project / ".codex" / "config.toml"
    entry = server(file)
    assert entry["required"] is True
    assert {*NEEDED, "OTHER_KEY", "SMITHERS_DB", "CODEX_HOME"} <= set(entry["env_vars"])
    assert "hush" not in file.read_text() + said.err + said.out
    again = home.mcp("add", "--client", "codex", "--json")
    assert again.document["outcome"] == "present", "a variable that was named stays named"


def test_roots_and_the_database_stand_in_the_command_by_their_full_path(home: Home) -> None:
    (home.project / "flows").mkdir()
    home.mcp("add", "--root", "flows", "--root", str(home.path), "--root", ".", "--db", "x.db")
    where = ["--db", str(home.project / "x.db")]
    roots = [home.project, home.project / "flows", home.path]
    allowed = [word for root in roots for word in ("--root", str(root))]
    assert server(home.project / ".mcp.json")["args"] == [*COMMAND, *where, *allowed]


def test_the_folders_that_clients_are_told_of_are_honoured(home: Home, tmp_path: Path) -> None:
    env = {"CLAUDE_CONFIG_DIR": str(tmp_path / "c"), "CODEX_HOME": str(tmp_path / "x")}
    home.mcp("add", "--user", env=env)
    home.mcp("add", "--user", "--client", "codex", env=env)
    assert server(tmp_path / "c" / ".claude.json")["command"] == sys.executable
    assert server(tmp_path / "x" / "config.toml")["command"] == sys.executable


def test_a_link_stays_one_and_what_it_leads_to_is_changed(home: Home, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    (home.project / ".mcp.json").symlink_to(real)
    assert home.mcp("add").code == 0
    assert (home.project / ".mcp.json").is_symlink()
    assert server(real)["command"] == sys.executable


TOML = ("--client", "codex")
REFUSALS = [
    ((), '{\n  "a": 1,\n  b\n}', "line 3 column 3", "correct it"),
    ((), "{ // no\n}", "line 1 column 3", "correct it"),
    ((), "[]", "line 1 column 1", "correct it"),
    ((), '{"mcpServers": []}', "not a table of servers", "correct it"),
    ((), '{"mcpServers": {"smithers": {"command": "npx"}}}', "is another server", "--name"),
    ((), '{"mcpServers": {"smithers": {"url": "http://x/mcp"}}}', "is another server", "--name"),
    (
        (),
        '{"mcpServers": {}, "mcpServers": {"a": {}}, "mcpServers": 1}',
        "not a table",
        "correct it",
    ),
    (TOML, "a = 1\nb = \n", "line 2, column 5", "correct it"),
    (TOML, '[mcp_servers.smithers]\ncommand = "npx"\n', "is another server", "--name"),
    (TOML, 'mcp_servers = { a = { command = "b" } }\n', "piece by piece", "--dry-run"),
    (
        TOML,
        '[mcp_servers]\nsmithers = { command = "smithers", args = ["mcp"] }\n',
        "no header [mcp_servers.smithers]",
        "--dry-run",
    ),
]


@pytest.mark.parametrize(("options", "text", "why", "hint"), REFUSALS)
def test_a_file_that_cannot_be_edited_safely_is_refused_and_untouched(
    options: tuple[str, ...], text: str, why: str, hint: str, home: Home
) -> None:
    file = home.put(".codex/config.toml" if options else ".mcp.json", text)
    said = home.mcp("add", *options)
    assert said.code == 2
    assert why in said.err
    assert hint in said.err
    assert str(file) in said.err
    assert file.read_text() == text


def test_another_name_stands_beside_a_server_that_is_not_ours(home: Home) -> None:
    file = home.put(".mcp.json", '{"mcpServers": {"smithers": {"command": "npx"}}}')
    assert home.mcp("remove").code == 2
    assert home.mcp("add", "--name", "runs").code == 0
    assert server(file, "smithers") == {"command": "npx"}
    assert server(file, "runs")["command"] == sys.executable


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", "--client", "emacs"), "claude-code, codex"),
        (("add", "--project", "--user"), "cannot be combined"),
        (("add", "--name", "a b"), "letters, digits"),
        (("add", "--root", "nowhere"), "is not a folder"),
        (("add", "--env", "A"), "leave out --env"),
        (("add", "--client", "codex", "--env", "KEY=hush"), "give only the name"),
    ],
)
def test_what_cannot_be_meant_is_told_and_nothing_is_written(
    arguments: tuple[str, ...], why: str, home: Home
) -> None:
    said = home.mcp(*arguments)
    assert said.code == 2
    assert why in said.err
    assert "hush" not in said.err
    assert list(home.project.iterdir()) == []


def test_a_file_that_is_no_text_or_no_file_is_told_of(home: Home) -> None:
    file = home.project / ".mcp.json"
    file.write_bytes(b"\xff\xfe{}")
    assert "cannot be read" in home.mcp("add").err
    file.unlink()
    file.mkdir()
    assert "Is a directory" in home.mcp("add").err
    file.rmdir()
    file.symlink_to(file)
    said = home.mcp("add")
    assert (said.code, str(file) in said.err) == (2, True)


def test_of_two_entries_of_one_name_none_is_removed(home: Home) -> None:
    ours = '"smithers": {"command": "smithers", "args": ["mcp"]}'
    file = home.put(".mcp.json", f'{{"mcpServers": {{{ours}, {ours}}}}}')
    said = home.mcp("remove")
    assert (said.code, "piece by piece" in said.err) == (2, True)
    assert file.read_text().count(ours) == 2


def test_what_another_program_writes_meanwhile_is_not_lost(home: Home) -> None:
    file = home.put(".mcp.json", "{}")
    server = Server(name="s", command=["p", "mcp"])
    change = added(CLIENTS["claude-code"], "project", home.project, server)
    file.write_text('{"newer": 1}')
    with pytest.raises(Refused, match="changed meanwhile"):
        change.write()
    assert file.read_text() == '{"newer": 1}'
    assert list(home.project.iterdir()) == [file]


def listed(program: str, home: Home, *arguments: str) -> str:
    """What the real program says when it is asked for its servers."""
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    env = {name: text for name, text in (environment(home.env) | quiet).items() if text}
    done = subprocess.run(
        [installed(program), "mcp", *arguments],
        cwd=home.project,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout


@pytest.mark.live
@pytest.mark.parametrize("own_folder", [False, True])
def test_the_real_claude_code_knows_the_server(own_folder: bool, home: Home) -> None:
    if own_folder:
        home.env["CLAUDE_CONFIG_DIR"] = str(home.path / "config")
    home.mcp("add", "--name", "for-all", "--user")
    home.mcp("add", "--name", "for-this")
    shown = listed("claude", home, "list")
    command = f"{sys.executable} -P -m smithers mcp"
    assert f"for-all: {command} - " in shown
    assert f"for-this: {command} --root {home.project} - " in shown
    assert "User config" in listed("claude", home, "get", "for-all")
    listed("claude", home, "remove", "--scope", "user", "for-all")
    assert (
        home.mcp("remove", "--user", "--name", "for-all", "--json").document["outcome"] == "absent"
    )


@pytest.mark.live
def test_claude_code_keeps_its_settings_where_its_older_file_is(home: Home) -> None:
    old = home.path / ".claude" / ".config.json"
    old.parent.mkdir()
    old.write_text("{}")
    home.mcp("add", "--user")
    assert server(old)["command"] == sys.executable
    assert "User config" in listed("claude", home, "get", "smithers")


@pytest.mark.live
def test_the_real_codex_knows_the_server_and_that_of_a_trusted_project(home: Home) -> None:
    subprocess.run(["git", "init", "-q"], cwd=home.project, check=True)
    home.mcp("add", "--client", "codex", "--user", "--name", "for-all", "--env", "MY_KEY")
    home.mcp("add", "--client", "codex", "--name", "for-this")
    (known,) = json.loads(listed("codex", home, "list", "--json"))
    assert known["name"] == "for-all", "it reads no file of a folder that it does not trust"
    assert known["transport"]["command"] == sys.executable
    assert known["transport"]["args"] == COMMAND
    assert {"MY_KEY", "ANTHROPIC_API_KEY"} <= set(known["transport"]["env_vars"])
    config = home.path / ".codex" / "config.toml"
    trusted = f'[projects."{home.project}"]\ntrust_level = "trusted"\n\n'
    config.write_text(trusted + config.read_text())
    known = json.loads(listed("codex", home, "list", "--json"))
    assert [one["name"] for one in known] == ["for-all", "for-this"]
    home.mcp("remove", "--client", "codex", "--user", "--name", "for-all")
    assert [one["name"] for one in json.loads(listed("codex", home, "list", "--json"))] == [
        "for-this"
    ]
    assert config.read_text() == trusted.rstrip() + "\n"


@pytest.mark.long
def test_the_interpreter_that_is_written_runs_the_command_from_anywhere(
    home: Home, tmp_path: Path
) -> None:
    home.mcp("add")
    entry = server(home.project / ".mcp.json")
    (tmp_path / "smithers.py").write_text("raise RuntimeError('not ours')\n")
    done = subprocess.run(
        [entry["command"], *entry["args"][:4], "--help"],
        cwd=tmp_path,
        env={"HOME": str(home.path), "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "smithers mcp" in done.stdout
