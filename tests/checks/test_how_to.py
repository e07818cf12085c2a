"""The how-to's example is a check that works."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.model.question import CommandAnswer
from orchestrator.testing import CannedAsk

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-check.md"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    block = re.search(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    module = ModuleType("mail_queue")
    exec(block[1], module.__dict__)  # the page's own words, so that they can't rot
    return module


def test_it_counts_what_waits(example: ModuleType) -> None:
    ask = CannedAsk({example.QUEUE: '{"queue_id": "1"}\n{"queue_id": "2"}\n'})
    assert [seen.value for seen in example.observe(ask, example.Parameters())] == [2]


def test_a_host_without_postfix_is_skipped(example: ModuleType) -> None:
    with pytest.raises(NotApplicable):
        list(example.observe(CannedAsk({example.QUEUE: "none\n"}), example.Parameters()))


def test_a_queue_that_may_not_be_read_is_unknown(example: ModuleType) -> None:
    refused = CommandAnswer(1, b"", b"postqueue: fatal: Permission denied\n")
    with pytest.raises(CannotTell):
        list(example.observe(CannedAsk({example.QUEUE: refused}), example.Parameters()))
