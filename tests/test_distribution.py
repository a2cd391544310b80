"""What the distribution tells an index and its users, beyond what it does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hatch_build import absolute_links, repository_of

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_link_of_the_readme_works_on_the_page_of_an_index() -> None:
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)\s]+)", text)
    files = [link for link in links if not link.startswith(("http", "#"))]
    assert len(files) > 5
    assert [one for one in files if not (ROOT / one.partition("#")[0]).exists()] == []
    shown = absolute_links(text, "https://example.org/team/smithers")
    for link in re.findall(r"\]\(([^)\s]+)", shown):
        assert link.startswith(("http", "#"))
    assert f"](https://example.org/team/smithers/blob/HEAD/{files[0]})" in shown


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("git@example.org:team/smithers.git", "https://example.org/team/smithers"),
        ("ssh://git@example.org/team/smithers", "https://example.org/team/smithers"),
        ("https://example.org/team/smithers.git", "https://example.org/team/smithers"),
        ("/srv/repositories/smithers", None),
    ],
)
def test_the_address_of_the_repository_is_for_a_browser(
    told: str, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMITHERS_REPOSITORY", told)
    assert repository_of(ROOT) == address


def test_a_checkout_without_a_remote_has_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMITHERS_REPOSITORY", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert repository_of(tmp_path) is None


def test_every_package_is_typed_for_its_users_and_ships() -> None:
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert {"smithers", "harnesses", "mcp_server"} <= set(shipped)
    for name in shipped:
        assert (ROOT / name / "py.typed").exists(), name


def test_the_pythons_that_are_promised_are_those_that_are_tested() -> None:
    promised = re.findall(r":: (3\.\d+)$", "\n".join(PROJECT["project"]["classifiers"]), re.M)
    tested = re.findall(r'"(3\.\d+)"', (ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert promised == ["3.11", "3.12", "3.13", "3.14"]
    assert sorted(set(tested)) == promised
