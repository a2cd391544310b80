"""The page of the source of a run, of many files and of long ones."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from smithers import Context, Node, NoInput, Parallel, Step, workflow
from smithers.hub import Hub
from smithers.sources import SourceFile, SourceView


@workflow
def many(ctx: Context[NoInput]) -> Node:
    return Parallel(*(Step(f"step {n}", lambda: "done", output=str) for n in range(20)))


def _files(hub: Hub, monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> None:
    """The run was made with other files."""
    files = tuple(
        SourceFile(path=f"m{n}.py", digest=str(n), text=text) for n, text in enumerate(texts)
    )
    found = replace(hub.source("r1"), files=files)

    def source(*_: object, **__: object) -> SourceView:
        return found

    monkeypatch.setattr(Hub, "source", source)


def test_each_file_is_parsed_once_for_all_tasks(
    hub: Hub, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(hub.run(many, run_id="r1"))
    _files(hub, monkeypatch, [f"f{n}(1)\n" for n in range(299)] + ['Step(f"step {n}", f)\n'])
    parsed: list[Any] = []
    parse: Callable[..., Any] = ast.parse

    def count(text: str, *more: Any, **others: Any) -> Any:
        parsed.append(text)
        return parse(text, *more, **others)

    monkeypatch.setattr(ast, "parse", count)
    page = browser.get("/runs/r1/source?file=m299.py").text
    assert 'title="step 0 to step 19"' in page
    assert len(parsed) <= 300


def test_long_files_are_not_compared(
    hub: Hub, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(hub.run(many, run_id="r1"))
    _files(hub, monkeypatch, ["x = 1\n" * 15_000])
    now = SourceFile(path="m0.py", digest="now", text="x = 2\n" * 15_000)

    def source_now(*_: object) -> SourceFile:
        return now

    monkeypatch.setattr(Hub, "source_file_now", source_now)
    page = browser.get("/runs/r1/source?changes=true").text
    assert "too long to be compared" in page
    assert "x = 2" not in page
