"""A free command's output as a value."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.errors import CannotTell
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Value
from orchestrator.testing import CannedAsk
from orchestrator_plugins.checks import run
from tests.inspections import exited


def seen(stdout: str, ended: int = 0, stderr: bytes = b"", **parameters: Any) -> list[Observation]:
    given = run.Parameters.model_validate({"command": "probe", **parameters})
    return list(run.observe(CannedAsk({"probe": exited(stdout, ended, stderr)}), given))


@pytest.mark.parametrize(
    ("stdout", "value"),
    [
        ("42\n", 42.0),
        ("-1.5e3", -1500.0),
        ("/dev/sda1  85% /data\n", 85.0),
        ("load average: 0.50, 0.40", 0.5),
        ("queue=17;", 17.0),
        ("active\n", "active"),
        ("two words", "two words"),
        ("2026-11-24", "2026-11-24"),
        ("1.2.3", "1.2.3"),
        ("10.1.2.3:8080", "10.1.2.3:8080"),
        ("900M", "900M"),
        ("1,234", "1,234"),
        ("sda1", "sda1"),
    ],
)
def test_the_value_is_the_first_number_that_stands_alone_or_the_word(stdout: str, value: Value) -> None:
    [observation] = seen(stdout)
    assert observation.value == value
    assert observation.evidence == stdout.strip()


def test_expect_says_which_of_the_two_it_is() -> None:
    assert seen("15 active", expect="word")[0].value == "15 active"
    with pytest.raises(CannotTell, match="no number"):
        seen("active", expect="number")


@pytest.mark.parametrize(("stdout", "said"), [("", "nothing"), ("a\nb", "neither"), ("x" * 101, "neither")])
def test_what_is_neither_number_nor_word_can_not_be_told(stdout: str, said: str) -> None:
    with pytest.raises(CannotTell, match=said):
        seen(stdout)


def test_an_unexpected_exit_status_can_not_be_told_and_shows_what_the_command_said() -> None:
    with pytest.raises(CannotTell, match="exit status 2") as caught:
        seen("17", 2, b"grep: app.log: No such file\n")
    assert caught.value.evidence == "grep: app.log: No such file"


def test_exit_statuses_that_mean_something_may_be_named_as_one_or_several() -> None:
    assert seen("0", 1, rc=[0, 1])[0].value == 0
    assert seen("inactive", 3, rc=3)[0].value == "inactive"


def test_arguments_are_quoted_into_their_places() -> None:
    given = run.Parameters.model_validate({"command": "wc -l %s", "arguments": ["a b; rm -rf /"]})
    ask = CannedAsk({"wc -l 'a b; rm -rf /'": "3 a b"})
    assert [found.value for found in run.observe(ask, given)] == [3.0]


@pytest.mark.parametrize("command", ["df -P", "df %s %s", "awk '{print $5%}' %s"])
def test_arguments_that_do_not_fit_the_command_are_refused_when_it_is_planned(command: str) -> None:
    with pytest.raises(ValidationError, match="one %s for each"):
        run.Parameters.model_validate({"command": command, "arguments": ["x"]})
