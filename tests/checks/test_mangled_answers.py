"""Whatever a host answers, a check sees something or says why not; it never breaks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from testinfra.backend.base import CommandResult

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from orchestrator.testing import CannedAsk
from tests.checks.case import case_files, read_case, worker_clock

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))
CASES: dict[str, list[dict[str, Any]]] = {}
for file in case_files():
    CASES.setdefault(file.parent.name, []).append(read_case(file))


class SameAnswer(CannedAsk):
    """Gives one answer to every command."""

    def __init__(self, rc: int, stdout: bytes, stderr: bytes, now: datetime) -> None:
        super().__init__(now=now)
        self._answer = rc, stdout, stderr

    def run(self, command: str, *arguments: str) -> CommandResult:
        rc, stdout, stderr = self._answer
        return CommandResult(self.host.backend, rc, command.encode(), stdout, stderr)


def _lines(case: dict[str, Any]) -> list[bytes]:
    said = [command.get("stdout", "") for command in case.get("commands", [])]
    return b"".join(text if isinstance(text, bytes) else text.encode() for text in said).splitlines(True)


def _mangled(lines: list[bytes]) -> st.SearchStrategy[bytes]:
    """Some of the lines in their order, others in their place, words and numbers changed, the end cut off."""
    words = st.sampled_from(
        [b"0", b"-1", b"99", b"9" * 30, b"-", b"", b"\xff\xfe", b"nan", b"\n", b":", b"[", b" - "]
    )
    changed = st.tuples(st.sampled_from(lines or [b""]), words, st.integers(0, 8)).map(_with_another_word)
    line = st.one_of(st.sampled_from(lines or [b""]), changed, st.binary(max_size=30))
    kept = st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)).map(
        lambda keep: [text for text, kept in zip(lines, keep, strict=True) if kept]
    )
    one_changed = st.tuples(st.integers(0, max(len(lines) - 1, 0)), changed).map(
        lambda change: [change[1] if place == change[0] else text for place, text in enumerate(lines)]
    )
    return st.one_of(one_changed, kept, st.lists(line, max_size=12)).map(b"".join)


def _with_another_word(change: tuple[bytes, bytes, int]) -> bytes:
    line, word, place = change
    words = line.split(b" ")
    words[place % len(words)] = word
    return b" ".join(words)


@pytest.mark.parametrize("name", sorted(CASES))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_mangled_answer_breaks_no_check(name: str, data: st.DataObject) -> None:
    plugin = REGISTRY.get(name)
    case = data.draw(st.sampled_from(CASES[name]))
    stdout = data.draw(_mangled(_lines(case)))
    stderr = data.draw(st.sampled_from([b"", b"x: Permission denied\n", b"x: No such file or directory\n"]))
    rc = data.draw(st.sampled_from([0, 0, 0, 1, 127]))
    ask = SameAnswer(rc, stdout, stderr, worker_clock(case))
    try:
        seen = list(plugin.observe(ask, plugin.Parameters(**case.get("parameters", {}))))
    except (CannotTell, NotApplicable):
        return
    assert seen, "silence is not success"
    for observation in seen:
        if not isinstance(observation.value, str):
            assert observation.value == observation.value, "no number is a value too"
            assert abs(observation.value) != float("inf")
