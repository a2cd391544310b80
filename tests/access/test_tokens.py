"""Tokens: shown once, kept as digests in a private file, and of no use once revoked or expired."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smithers.access import SCOPES, TOKEN_PREFIX, Tokens
from smithers.errors import Refused, StoreError
from smithers.hub import Hub
from tests.cli.command import smithers

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Now:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path / "home")}


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def tokens(env: dict[str, str], now: Now) -> Tokens:
    return Tokens(env, now=now)


def kept(env: dict[str, str]) -> Path:
    return Path(env["XDG_STATE_HOME"], "smithers", "access.json")


def test_a_token_is_kept_as_a_digest_in_a_private_file(tokens: Tokens, env: dict[str, str]) -> None:
    token, secret = tokens.add("ann", ["approve"])
    assert secret.startswith(TOKEN_PREFIX)
    assert len(secret) >= len(TOKEN_PREFIX) + 43  # 256 bits
    assert kept(env).stat().st_mode & 0o777 == 0o600
    assert secret not in kept(env).read_text()
    assert secret.removeprefix(TOKEN_PREFIX) not in kept(env).read_text()
    assert (token.name, token.scopes, token.expires) == ("ann", ("read", "approve"), None)


def test_without_a_place_for_its_row_nothing_is_granted_and_what_is_taken_away_is_gone(
    tokens: Tokens, env: dict[str, str], tmp_path: Path
) -> None:
    tokens.add("ann", ["approve"])
    kept(env).with_name("audit.jsonl").chmod(0o666)
    with pytest.raises(Refused, match=r"audit\.jsonl"):
        tokens.add("bob", ["read"])
    assert [one.name for one in tokens.all()] == ["ann"]
    with pytest.raises(StoreError, match="it is done, but who did it could not be recorded"):
        tokens.revoke("ann")
    assert tokens.all() == []
    hub = Hub(tmp_path / "app" / "smithers.db", environment=env)
    hub.database.parent.mkdir()
    with pytest.raises(Refused, match=r"audit\.jsonl"):
        hub.trust("trust")
    assert not hub.is_trusted()


def test_a_token_names_its_caller(tokens: Tokens) -> None:
    token, secret = tokens.add("ann", ["approve"])
    _, other = tokens.add("ann", ["admin"])
    caller = tokens.find(secret)
    assert caller is not None
    assert (caller.name, caller.id) == ("ann", token.id)
    assert [one for one in SCOPES if caller.may(one)] == ["read", "approve"]
    admin = tokens.find(other)
    assert admin is not None
    assert admin.scopes == frozenset(SCOPES)


def test_what_is_not_a_token_names_nobody(tokens: Tokens) -> None:
    token, secret = tokens.add("ann", ["read"])
    for wrong in ("", TOKEN_PREFIX, secret[:-1], secret + "x", token.digest, token.id, "ä" * 9):
        assert tokens.find(wrong) is None


def test_a_token_is_over_when_it_expires(tokens: Tokens, now: Now) -> None:
    _, secret = tokens.add("ann", ["read"], expires_in=timedelta(hours=1))
    now.at = AT + timedelta(minutes=59, seconds=59)
    assert tokens.find(secret)
    now.at = AT + timedelta(hours=1)
    assert tokens.find(secret) is None


def test_another_process_sees_a_revoked_token_at_once(tokens: Tokens, env: dict[str, str]) -> None:
    first, secret = tokens.add("ann", ["read"])
    _, second = tokens.add("ann", ["read"])
    server = Tokens(env, now=Now())
    assert server.find(secret)
    assert tokens.revoke(first.id) == [first]
    assert server.find(secret) is None
    assert server.find(second)
    tokens.revoke("ann")
    assert server.find(second) is None
    with pytest.raises(Refused, match="there is no token or session 'ann'"):
        tokens.revoke("ann")


@pytest.mark.long
def test_there_is_room_for_a_token_once_others_are_revoked(
    tokens: Tokens, now: Now, tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smithers.access._tokens._MOST_TOKENS", 2)
    tokens.add("ann", ["read"])
    tokens.add("bob", ["read"], expires_in=timedelta(hours=1))
    with pytest.raises(Refused, match="there are 2 tokens already, which is the most") as refused:
        tokens.add("cid", ["read"])
    assert refused.value.hint is not None
    assert "`smithers token list`" in refused.value.hint
    shown = smithers(tmp_path, "token", "list", env=env).out
    assert [line.split()[1] for line in shown.splitlines()[1:]] == ["ann", "bob"]
    tokens.revoke("ann")
    tokens.add("cid", ["read"])
    now.at += timedelta(hours=1)  # bob's is over, and takes no room
    tokens.add("dan", ["read"])
    assert [one.name for one in tokens.all()] == ["cid", "dan"]


@pytest.mark.parametrize("name", ["", " ann", "a\nb", "a\x1b[1m", "a\u202eb", "x" * 101])
def test_a_name_is_one_that_a_person_can_read(tokens: Tokens, name: str) -> None:
    with pytest.raises(Refused, match="cannot be the name of a caller"):
        tokens.add(name, ["read"])
    assert tokens.all() == []


def test_an_unknown_scope_is_refused_with_the_nearest(tokens: Tokens) -> None:
    with pytest.raises(Refused, match="'aprove' is not a scope") as refused:
        tokens.add("ann", ["read", "aprove"])
    assert refused.value.hint == "did you mean 'approve'?"
    with pytest.raises(Refused, match="a token needs a scope"):
        tokens.add("ann", [])


def test_a_file_that_others_may_write_counts_for_nothing(
    tokens: Tokens, env: dict[str, str]
) -> None:
    _, secret = tokens.add("ann", ["read"])
    kept(env).chmod(0o666)
    with pytest.raises(Refused, match="can be written by everybody, so it cannot keep your tokens"):
        Tokens(env).find(secret)


@pytest.mark.parametrize("change", ["scopes", "name", "expires", "digest"])
def test_a_damaged_file_is_said_and_not_a_crash(
    tokens: Tokens, env: dict[str, str], change: str
) -> None:
    tokens.add("ann", ["read"])
    document = json.loads(kept(env).read_text())
    document["tokens"][0][change] = 3
    kept(env).write_text(json.dumps(document))
    with pytest.raises(Refused, match=r"access.json is damaged"):
        Tokens(env).all()


def test_the_token_of_this_users_programs_is_made_once_and_made_again_if_it_is_revoked(
    tokens: Tokens,
) -> None:
    file = tokens.own("ann")
    secret = file.read_text().strip()
    assert file.stat().st_mode & 0o777 == 0o600
    assert tokens.own("ann").read_text().strip() == secret
    caller = tokens.find(secret)
    assert caller is not None
    assert (caller.name, caller.how) == ("ann", "own token")
    assert caller.may("admin")
    tokens.revoke("ann")
    assert tokens.own("ann").read_text().strip() != secret
    assert len(tokens.all()) == 1


def test_the_command_line_adds_lists_and_revokes(tmp_path: Path, env: dict[str, str]) -> None:
    said = smithers(
        *(tmp_path, "token", "add", "ann", "--scope", "approve,run", "--expires", "30d"), env=env
    )
    assert (said.code, said.out.count("\n")) == (0, 1)
    assert "ann may read, approve, run with this token, until 20" in said.err
    caller = Tokens(env).find(said.out.strip())
    assert caller is not None
    assert caller.name == "ann"
    made = smithers(tmp_path, "token", "add", "bob", "--scope", "read", "--json", env=env).document
    (ann, bob) = smithers(tmp_path, "token", "list", "--json", env=env).document["tokens"]
    assert made["token"] == bob
    assert (ann["id"], ann["scopes"]) == (caller.id, ["read", "approve", "run"])
    shown = smithers(tmp_path, "token", "list", env=env).out
    assert [line.split()[1] for line in shown.splitlines()[1:]] == ["ann", "bob"]
    gone = smithers(tmp_path, "token", "revoke", "ann", env=env)
    assert gone.out == f"token {caller.id} of ann is revoked\n"
    assert Tokens(env).find(said.out.strip()) is None
    again = smithers(tmp_path, "token", "revoke", "ann", env=env)
    assert (again.code, again.out) == (2, "")
    wrong = smithers(
        *(tmp_path, "token", "add", "x", "--scope", "read", "--expires", "soon"), env=env
    )
    assert wrong.code == 2
    assert "--expires 'soon' is not an age" in wrong.err


def test_what_stands_below_a_run_may_not_change_who_may_call(
    tmp_path: Path, env: dict[str, str]
) -> None:
    hub = Hub(tmp_path / "smithers.db", environment={**env, "SMITHERS_RUN": "r1"})
    hub.database.touch()
    for change in (lambda: hub.add_token("x", ["admin"]), lambda: hub.revoke_token("x")):
        with pytest.raises(Refused, match="an agent may not add or revoke tokens"):
            change()
    assert hub.tokens() == []
