"""An outcome that nobody knows: whoever rules on it or looks at it is told who ruled what and who is next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.cli.main import run
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.effect import Effect
from orchestrator.model.run import (
    Decision,
    Intent,
    RunRequest,
    RunState,
    TaskOutcome,
    TaskState,
    Wait,
)
from orchestrator.model.runbook import Kind
from orchestrator.records import database as records
from orchestrator.records.journal import write_journal
from orchestrator.records.rulings import rule
from orchestrator.records.runs import finish_run, get_run, make_run_wait, request_run, take_run
from tests.rounds import START

SITE = "hospital: {zh: 示范医院, en: Demo}\nsingle_user: true\nstate: state\n"
PLACE = ("his-db01", "backup")


@pytest.fixture
def number(sqlite_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A run that waits for a ruling on a `once` step of a host that is not known to be a test host."""
    root = sqlite_database.parent
    (root / "inventory").mkdir()
    (root / "wardround.yml").write_text(SITE)
    monkeypatch.setenv("WARDROUND_SITE", str(root))
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "home"))
    made = request_run(RunRequest("emergency/restart", Kind.EMERGENCY, person("wang"), "key"), START)
    assert take_run(made, "ward#1", START)
    write_journal(made, 1, [Intent(*PLACE, 1, Effect.ONCE, "t" * 32, "s" * 32)], START)
    write_journal(made, 1, [TaskOutcome(*PLACE, 1, TaskState.UNKNOWN)], START)
    make_run_wait(made, 1, Wait.RULING, Text("待裁定", "to be ruled on"), START)
    yield made
    records.disconnect()


def person(name: str) -> Actor:
    return Actor(name, Proof.SESSION)


def ruled(number: int, decision: Decision, by: str) -> None:
    rule(number, *PLACE, decision, person(by), "looked", START)


def command(number: int, decision: Decision, language: str = "en") -> list[str]:
    words = ["--decision", decision.value, "--reason", "looked"]
    return ["--lang", language, "run", "rule", str(number), *PLACE, *words]


EN = (
    'wang ruled "take it for done", {me} ruled "go no further on this host", and they disagree: '
    "a third person decides"
)
ZH = "wang 裁定“视为已完成”，{me} 裁定“在该主机上中止”，意见不一：由第三人裁定"


@pytest.mark.parametrize(("language", "says"), [("en", EN), ("zh", ZH)])
def test_the_second_who_rules_otherwise_is_told_who_ruled_what_and_that_a_third_decides(
    number: int, language: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ruled(number, Decision.DONE, "wang")
    assert run(command(number, Decision.ABORT, language)) == 0
    told = capsys.readouterr().err
    me = told.split()[0]
    assert says.format(me=me) in told
    run(["--lang", language, "run", "show", str(number)])
    assert says.format(me=me) in capsys.readouterr().out


def test_the_first_of_two_is_told_that_another_has_to_say_the_same(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command(number, Decision.DONE)) == 0
    assert "; another person has to rule the same" in capsys.readouterr().err


def test_once_it_is_decided_nobody_is_asked_any_more(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    ruled(number, Decision.DONE, "wang")
    assert run(command(number, Decision.DONE)) == 0
    assert "disagree" not in capsys.readouterr().err
    run(["--lang", "en", "run", "show", str(number)])
    assert "rule on it" not in capsys.readouterr().out


def test_a_run_that_ended_unknown_is_ruled_on_and_stays_what_it_was(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_run(number, 1, RunState.UNKNOWN, None, START, {})
    run(["--lang", "en", "run", "show", str(number)])
    assert f"wardround run rule {number} his-db01 backup" in capsys.readouterr().out
    retry = ["--lang", "en", "run", "retry", str(number), "--failed-hosts"]
    assert run(retry) == 2
    assert "may do it twice" in capsys.readouterr().err
    ruled(number, Decision.DONE, "wang")
    assert run(command(number, Decision.DONE)) == 0
    assert get_run(number).state is RunState.UNKNOWN
    capsys.readouterr()
    assert run(retry) == 2
    assert "failed on no host" in capsys.readouterr().err


def test_a_run_that_ended_well_is_not_ruled_on(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    finish_run(number, 1, RunState.FAILED, None, START, {})
    assert run(command(number, Decision.DONE)) == 2
    assert "is over" in capsys.readouterr().err
