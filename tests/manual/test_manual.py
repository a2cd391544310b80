"""The manual that ships: complete by what the code has, and cut where it may be."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import harnesses
import smithers
from smithers import errors, patterns
from smithers.cli._manual import known_commands
from smithers.manual import FOLDER, TOPICS, cut, page, topic
from tests.cli.command import smithers as typed

COMMANDS = list(known_commands())
PAGE = page(COMMANDS)
NODES: list[Any] = [
    one
    for name in smithers.__all__
    if inspect.isclass(one := getattr(smithers, name))
    and issubclass(one, smithers.Node)
    and one is not smithers.Node
]


def test_each_file_is_a_topic_and_each_mark_is_filled() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(TOPICS)
    for text in (PAGE, *(topic(name, COMMANDS) for name in TOPICS)):
        assert "<!--" not in text
        assert "@of" not in text
        assert "```text\n\n```" not in text
        assert text.count("```") % 2 == 0


def test_the_page_has_every_public_name() -> None:
    names = {*smithers.__all__, *patterns.__all__, *errors.__all__} - {"__version__"}
    agents = {name for name in harnesses.__all__ if name[0].isupper()} - {
        "Replay",
        "ReplayMismatch",
    }
    assert {name for name in names | agents if not re.search(rf"\b{name}\b", PAGE)} == set()


@pytest.mark.parametrize("node", NODES, ids=lambda node: str(node.__name__))
def test_the_table_of_options_has_each_option_of_a_node(node: Any) -> None:
    rows = {
        name: of.split(", ") for name, of in re.findall(r"^\| `(\w+)=.*?` \| (.*?) \|", PAGE, re.M)
    }
    for name, each in inspect.signature(node).parameters.items():
        if each.kind is not each.VAR_POSITIONAL:
            assert node.__name__ in rows[name], f"{name} of {node.__name__} has no row"


def test_a_row_of_the_table_of_options_is_of_some_node() -> None:
    section = PAGE.partition("## Every option\n")[2].partition("\n## ")[0]
    assert not re.findall(r"^\| `\w+=.*?` \|  \|", section, re.M)


def test_the_page_has_every_command_and_its_options() -> None:
    names = {one.usage.split(" [")[0] for one in COMMANDS}
    assert len(names) >= 45
    for one in COMMANDS:
        assert f"\nsmithers {one.usage}: {one.summary}" in PAGE
        for option, says in one.options:
            assert says, f"{option} of {one.usage} has no help"
            assert not option.startswith("-") or option in PAGE


def test_the_whole_page_of_commands_says_what_each_option_means() -> None:
    text = topic("cli", COMMANDS)
    assert "    --max-tokens N\n        Leave out what matters least" in text


@pytest.mark.parametrize("most", [100, 300, 1000, 4000, 8000, 100_000])
def test_what_does_not_fit_is_left_out_and_named(most: int) -> None:
    shown = cut(PAGE, most, "smithers docs")
    assert len(shown) <= most * 4
    assert shown.count("```") % 2 == 0
    if len(PAGE) <= most * 4:
        assert shown == PAGE
        return
    assert shown.startswith("# Writing workflows with Smithers\n")
    assert re.search(r"\n\(left out: .* All of it is about \d+ tokens: `smithers docs`\)\n$", shown)
    kept = re.findall(r"^#{1,2} .*", shown, re.M)
    assert kept == [one for one in re.findall(r"^#{1,2} .*", PAGE, re.M) if one in kept]


def test_few_tokens_go_to_what_an_author_needs_most() -> None:
    shown = cut(PAGE, 4000, "smithers docs")
    for heading in ("## A complete file", "## Rules", "## What to use", "# Common mistakes"):
        assert f"\n{heading}" in shown


def test_the_command_prints_the_page_without_colours(tmp_path: Path) -> None:
    said = typed(tmp_path, "docs", env={"FORCE_COLOR": "1"})
    assert (said.code, said.out, said.err) == (0, PAGE, "")
    assert not list(tmp_path.iterdir())
    short = typed(tmp_path, "docs", "nodes", "--max-tokens", "1000")
    assert (short.code, short.out.startswith("# Nodes\n")) == (0, True)
    assert short.out.endswith("tokens: `smithers docs nodes`)\n")


def test_the_pages_are_listed_as_json_and_one_is_given_with_its_text(tmp_path: Path) -> None:
    found = typed(tmp_path, "docs", "--json").document
    assert [one["name"] for one in found["pages"]] == list(TOPICS)
    (nodes,) = (one for one in found["pages"] if one["name"] == "nodes")
    given = typed(tmp_path, "docs", "nodes", "--json").document
    assert {name: given[name] for name in nodes} == nodes
    assert given["text"].startswith("# Nodes\n")
    assert len(given["text"].encode()) == nodes["bytes"]
    assert typed(tmp_path, "docs", "--json", "--max-tokens", "100").code == 2


def test_an_unknown_topic_is_answered_with_the_list(tmp_path: Path) -> None:
    said = typed(tmp_path, "docs", "nods")
    assert (said.code, said.out) == (2, "")
    assert said.err == (f"error: there is no topic 'nods'\nhint: use one of: {', '.join(TOPICS)}\n")
