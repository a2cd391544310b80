"""Settings files: which of them count, what is wrong in them, and on which line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smithers.engine.configuring import view_settings
from smithers.errors import Refused, Untrusted
from smithers.settings import Found, load_settings
from smithers.settings.keys import Values

ROOT = Path(__file__).parents[2]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of a user, whose own file is `user(...)`."""
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}


def user(env: dict[str, str], text: str) -> Path:
    path = Path(env["HOME"], ".config", "smithers", "config.toml")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def project(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    (folder / "smithers.toml").write_text(text)
    return folder


def nobody(path: Path, digest: str) -> None:
    """Nothing was ever trusted."""


def load(folder: Path, env: dict[str, str]) -> Found:
    return load_settings(folder, env, nobody)


def test_variables_count_more_than_the_project_and_that_more_than_the_user(
    tmp_path: Path, env: dict[str, str]
) -> None:
    own = user(env, "max_concurrency = 1\nlinger_s = 1\n[pools]\na = 1\nb = 1\n")
    folder = project(tmp_path, "max_concurrency = 2\nlinger_s = 2\n[pools]\nb = 2\n")
    (folder / "deep" / "deeper").mkdir(parents=True)
    env["SMITHERS_LINGER_S"] = "3"
    found = load(folder / "deep" / "deeper", env)
    values = found.values
    assert (values.max_concurrency, values.linger_s) == (2, 3)
    assert {name: pool.limit for name, pool in values.pools.items()} == {"a": 1, "b": 2}
    assert str(found.origin("max_concurrency")) == f"{folder}/smithers.toml:1"
    assert str(found.origin("pools.a")) == f"{own}:4"
    assert str(found.origin("pools.b")) == f"{folder}/smithers.toml:4"
    assert str(found.origin("linger_s")) == "SMITHERS_LINGER_S"
    assert str(found.origin("db")) == "default"


def test_the_users_file_is_in_the_folder_that_xdg_names(
    tmp_path: Path, env: dict[str, str]
) -> None:
    user(env, "linger_s = 1")
    (tmp_path / "xdg" / "smithers").mkdir(parents=True)
    (tmp_path / "xdg" / "smithers" / "config.toml").write_text("linger_s = 2")
    assert load(tmp_path, env).values.linger_s == 1
    assert load(tmp_path, {**env, "XDG_CONFIG_HOME": str(tmp_path / "xdg")}).values.linger_s == 2
    assert load(tmp_path, {**env, "XDG_CONFIG_HOME": "xdg"}).values.linger_s == 1


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("\nlinger = 3", ":2: unknown key 'linger'", "did you mean 'linger_s'?"),
        ("[pool]\na = 1", ":1: unknown key 'pool'", "did you mean 'pools'?"),
        ("xyz = 1", ":1: unknown key 'xyz'", "use one of: db, max_concurrency"),
        (
            "max_concurrency = 0",
            ":1: max_concurrency must be at least 1, not 0",
            "",
        ),
        ("max_concurrency = '3'", ":1: max_concurrency must be a whole number, not '3'", "= 4"),
        ("linger_s = nan", ":1: linger_s must be a finite number, not nan", "linger_s = 60"),
        ("db = ''", ":1: db ", ""),
        ("[pools]\n\ndb = 0", ":3: pools.db must be at least 1, not 0", ""),
        ("[pools.db]\nlimit = 0", ":2: pools.db.limit must be at least 1, not 0", ""),
        (
            "[pools]\ndb = true",
            ":2: pools.db must be a number or a table with limit, machine, not True",
            "",
        ),
        ("pools = 3", ":1: pools must be a table, not 3", "[pools]"),
        ("[pools.db]\nlimit = 1\nlimits = 2", ":3: unknown key 'pools.db.limits'", "'limit'"),
        ("[pools.db]\n", ":1: pools.db has no limit", "machine = 2"),
        ("[pools.db]\nmashine = 1", ":2: unknown key 'pools.db.mashine'", "'machine'"),
        ("[pools]\ndb = {machine = 0}", ":2: pools.db.machine must be at least 1, not 0", ""),
        ("[pools.db]\nmachine = 5000", ":2: pools.db.machine must be at most 1000", ""),
        ("[agents]\nfast = 3", ":2: agents.fast must be a table, not 3", "ADAPTER"),
        ("[agents.fast]\nmodel = 'a'", ":1: agents.fast names no adapter", "ADAPTER:MODEL"),
        ("a = \n", ":1: not valid TOML: Invalid value, column 5", 'name = "value"'),
        ("[pools]\na = 1\na = 2", ":3: not valid TOML", ""),
        ("a = '''\n", "smithers.toml:2: not valid TOML", ""),
    ],
)
def test_what_is_wrong_in_a_file_has_its_line_and_a_fix(
    tmp_path: Path, env: dict[str, str], text: str, said: str, hint: str
) -> None:
    folder = project(tmp_path, text)
    with pytest.raises(Refused) as caught:
        load(folder, env)
    assert said in caught.value.said
    assert caught.value.said.startswith(f"{folder}/smithers.toml:")
    assert hint in caught.value.hint
    assert caught.value.hint


@pytest.mark.parametrize("text", ["0", "many", "1.5"])
def test_a_variable_that_is_no_number_is_refused(
    tmp_path: Path, env: dict[str, str], text: str
) -> None:
    env["SMITHERS_MAX_CONCURRENCY"] = text
    with pytest.raises(Refused, match="SMITHERS_MAX_CONCURRENCY must be"):
        load(tmp_path, env)


def test_a_file_that_others_may_write_is_not_used(tmp_path: Path, env: dict[str, str]) -> None:
    folder = project(tmp_path, "linger_s = 1")
    (folder / "smithers.toml").chmod(0o666)
    with pytest.raises(Untrusted, match="can be written by everybody"):
        load(folder, env)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[agents.a]\nadapter = 'echo'\nprogram = './evil'", ":3: agents.a.program"),
        ("[agents.a]\nadapter = 'echo'\nmodel = 'x'\nbase_url = 'u'", ":4: agents.a.base_url"),
        ("[agents]\na = {adapter = 'echo', env = {A_TOKEN = 't'}}", ":2: agents.a.env"),
        ("db = '../elsewhere.db'", ":1: db"),
        ("db = '/var/elsewhere.db'", ":1: db"),
        ("db = '~/elsewhere.db'", ":1: db"),
    ],
)
def test_what_could_run_or_send_something_needs_trust_in_a_project_only(
    tmp_path: Path, env: dict[str, str], text: str, key: str
) -> None:
    folder = project(tmp_path, text)
    with pytest.raises(Untrusted) as caught:
        load(folder, env)
    assert f"smithers.toml{key} may decide" in caught.value.said
    assert caught.value.hint == f"check the file, then type: smithers trust {folder}/smithers.toml"
    load_settings(folder, env, lambda path, digest: True)
    (folder / "smithers.toml").unlink()
    user(env, text)
    load(folder, env)


def test_a_database_is_named_relative_to_its_file(tmp_path: Path, env: dict[str, str]) -> None:
    folder = project(tmp_path, "db = 'data/runs.db'")
    (folder / "deep").mkdir()
    assert load(folder / "deep", env).values.db == f"{folder}/data/runs.db"


def test_secrets_are_not_shown(tmp_path: Path, env: dict[str, str]) -> None:
    user(
        env,
        "[agents.a]\nadapter = 'claude-code'\n"
        "env = {ANTHROPIC_API_KEY = 'short', OTHER = 'https://me:sesame-4711@host/'}\n"
        "arguments = ['--api-key', 'hidden-1', '--token=hidden-2', '--verbose', 'pXq7-secret']\n"
        "[agents.b]\nadapter = 'codex'\napi_key_env = 'MY_KEY'\n",
    )
    found = view_settings(tmp_path, {**env, "APP_TOKEN": "pXq7-secret"}, lambda: tmp_path)
    shown = {one.key: one.value for one in found.lines}
    text = repr(shown)
    for secret in ("short", "sesame", "hidden", "pXq7"):
        assert secret not in text
    assert shown["agents.a"]["arguments"][3] == "--verbose"
    assert shown["agents.b"]["api_key_env"] == "MY_KEY"


def test_each_key_has_a_docstring_and_a_line_in_the_documents() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    for name, field in Values.model_fields.items():
        assert field.description
        assert re.search(rf"^\| `\[?{name}\]?` \|", text, re.M), name
