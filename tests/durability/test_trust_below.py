"""What a user trusts concerns every database, so nothing below a run of any may change it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from smithers.engine.authority import driving
from smithers.engine.trust_changes import refuse_to_change_trust
from smithers.errors import Refused
from smithers.hub import Hub
from smithers.store import looking
from tests.durability.commands import Project

TRIES = """
from smithers.cli._main import run

for words in ("smithers.toml", "--remove mine/smithers.toml", "other", "--remove mine"):
    run(["trust", *words.split()])
"""
FLOW = f"""
from smithers import Command, Context, Node, NoInput, workflow

TRIES = "{sys.executable} tries.py >>said.txt 2>&1 || :"
CLEARED = "env -u SMITHERS_RUN -u SMITHERS_ATTEMPT -u SMITHERS_RUN_DATABASE -u SMITHERS_DB"


@workflow
def agent(ctx: Context[NoInput]) -> Node[str]:
    # stands for an agent's shell
    lines = [TRIES, f"{{CLEARED}} {{TRIES}}"]
    return Command("sh", "\\n".join(lines), shell=True)
"""
SETTINGS = '[agents.fast]\nadapter = "claude-code"\nprogram = "{folder}/evil"\n'


@pytest.fixture
def kept(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose user trusts one settings file and one other database."""
    project.environment["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    (project.folder / "agent.py").write_text(FLOW)
    (project.folder / "tries.py").write_text(TRIES)
    text = SETTINGS.format(folder=project.folder)
    for folder in ("mine", "other"):
        (project.folder / folder).mkdir()
    for place in (project.folder, project.folder / "mine"):
        (place / "smithers.toml").write_text(text)
    assert project.run("trust", "mine/smithers.toml").returncode == 0
    assert project.run("trust", "mine").returncode == 0
    return project


@pytest.mark.sampled(1)
@pytest.mark.parametrize("named", ["--db", "SMITHERS_DB", "not at all"])
def test_an_agent_may_not_change_trust_whatever_names_its_database(
    kept: Project, named: str
) -> None:
    options: tuple[str, ...] = ()
    before = kept.json("trust", "--list")
    database = kept.folder / "named" / "a.db"
    database.parent.mkdir()
    if named == "--db":
        options = ("--db", str(database))
    elif named == "SMITHERS_DB":
        kept.environment["SMITHERS_DB"] = str(database)
    text = (kept.folder / "smithers.toml").rename(kept.folder / "kept.toml").read_text()
    flow = kept.folder / "agent.py"  # the agent writes the file itself
    flow.write_text(
        flow.read_text().replace("lines = [", "lines = ['cp kept.toml smithers.toml'] + [")
    )
    assert kept.run("up", "agent.py", "--run-id", "r1", *options).returncode == 0
    said = (kept.folder / "said.txt").read_text()
    assert said.count("an agent may not change what is trusted: this process was") == 8, said
    assert (kept.folder / "smithers.toml").read_text() == text
    after = kept.json("trust", "--list")
    assert after["settings"] == before["settings"]
    paths = {one["path"] for one in after["databases"]} - {
        one["path"] for one in before["databases"]
    }
    assert paths <= {str(database), str(kept.database)}  # `up` trusts what it makes
    assert len(after["databases"]) >= len(before["databases"])
    assert kept.run("trust", "smithers.toml").returncode == 0  # a person may


def test_what_is_gone_or_cannot_be_read_is_skipped_unless_it_is_named(
    tmp_path: Path,
) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
    mine, gone, broken = (tmp_path / one / "a.db" for one in ("mine", "gone", "broken"))
    copies = dict(looking.copies)  # of other tests of this process
    for one in (mine, gone, broken):
        one.parent.mkdir()
        Hub(one, environment=environment).trust("trust")
    gone.unlink()
    broken.write_bytes(b"no database" * 100)
    refuse_to_change_trust([tmp_path / "new.db"], environment)
    with driving(mine, "r1"), pytest.raises(Refused, match=r"may not change .* of .*mine/a\.db"):
        refuse_to_change_trust([tmp_path / "new.db"], environment)
    for name in ("SMITHERS_RUN", "SMITHERS_ATTEMPT"):
        elsewhere = {name: "x", "SMITHERS_RUN_DATABASE": str(gone)}
        with pytest.raises(Refused, match=name):
            refuse_to_change_trust([mine], {**environment, **elsewhere})
    with pytest.raises(Exception, match=r"broken/a\.db"):
        refuse_to_change_trust([broken], environment)
    assert looking.copies == copies
