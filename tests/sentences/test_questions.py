"""Sentence 7: twenty questions, each in a copy of the session that has read the code."""

from __future__ import annotations

import json

import pytest

from examples.sentences import questions as example
from examples.sentences.questions import Questions
from smithers.errors import Permanent
from tests.rules.agents import Recalling
from tests.sentences.runs import run_of

QUESTIONS = [f"What is part {number}?" for number in range(20)]


def test_each_answer_comes_from_the_session_that_has_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Recalling(name="reader")
    monkeypatch.setattr(example, "reader", reader)
    run = run_of(example.questions, Questions(questions=QUESTIONS))
    ended = run.go()
    assert ended.status == "finished"
    assert json.loads(str(ended.output)) == [f"Read this code base. | {one}" for one in QUESTIONS]
    assert [ask.forks for ask in reader.asks] == [None, *["reader-1"] * 20]
    assert reader.disk["reader-1"] == ["Read this code base."]


def test_after_a_failure_the_code_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Recalling(None, None, Permanent("refused"), name="reader")
    monkeypatch.setattr(example, "reader", reader)
    run = run_of(example.questions, Questions(questions=QUESTIONS))
    assert run.go().status == "failed"
    assert run.go().status == "finished"
    assert [ask.told for ask in reader.asks].count("Read this code base.") == 1
    assert len(reader.asks) == 22
