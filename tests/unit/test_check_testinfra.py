"""Plain testinfra test functions as checks."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from orchestrator.execution.inspector import inspect
from orchestrator.model.question import Answer, Question
from orchestrator.model.round import CheckResult
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.checks import testinfra
from tests.inspections import (
    NOW,
    CannedSession,
    GivenChecks,
    exited,
    host,
    planned_check,
    planned_host,
    threshold,
)

PATH = "files/test_web.py"


async def result(
    source: str,
    answers: Mapping[Question | str, Answer | str] | None = None,
    session: CannedSession | None = None,
) -> CheckResult:
    """What `test_it` of that source comes to."""
    planned = planned_check(
        "testinfra",
        parameters={"function": f"{PATH}::test_it"},
        thresholds={"result": threshold(crit="!= passed")},
    )
    files = {PATH: textwrap.dedent(source).encode()}
    outcome = await inspect(
        planned_host(planned), host(), session or CannedSession(answers or {}),
        GivenChecks({"testinfra": testinfra}), source=files.__getitem__, now=NOW, seconds=30.0,
    )  # fmt: skip
    return outcome.results[0]


async def test_a_function_whose_assertions_hold_is_ok() -> None:
    found = await result(
        """
        def test_it(host):
            assert host.run("uptime").rc == 0
        """,
        {"uptime": "up"},
    )
    assert found.verdict is Verdict.OK
    assert found.judgements[0].observation.value == "passed"


async def test_a_failed_assertion_is_critical_and_shows_the_line_and_what_was_compared() -> None:
    found = await result(
        """
        def test_it(host):
            limit = 80
            used = int(host.check_output("usage"))
            assert used < limit, "the disk is full"
        """,
        {"usage": "95"},
    )
    assert found.verdict is Verdict.CRIT
    assert found.judgements[0].observation.evidence == f"{PATH}:5\nthe disk is full\nassert 95 < 80"


async def test_an_assertion_within_testinfra_is_critical_too() -> None:
    found = await result(
        "def test_it(host):\n    host.check_output('probe')", {"probe": exited("", 4, b"no such unit")}
    )
    assert found.verdict is Verdict.CRIT
    assert f"{PATH}:2" in found.judgements[0].observation.evidence
    assert "no such unit" in found.judgements[0].observation.evidence


async def test_pytest_fail_is_critical_and_pytest_skip_is_skipped() -> None:
    failed = await result("import pytest\ndef test_it(host):\n    pytest.fail('too old')")
    skipped = await result("import pytest\ndef test_it(host):\n    pytest.skip('no database here')")
    assert (failed.verdict, skipped.verdict) == (Verdict.CRIT, Verdict.SKIPPED)
    assert "too old" in failed.judgements[0].observation.evidence
    assert "no database here" in str(skipped.reason)


async def test_any_other_exception_is_unknown_with_its_line() -> None:
    found = await result("def test_it(host):\n    return {}['x']")
    assert found.verdict is Verdict.UNKNOWN
    assert "KeyError" in str(found.reason)
    assert found.evidence.startswith(f"{PATH}:2")


async def test_a_suspension_is_not_swallowed_by_a_function_that_catches_everything() -> None:
    found = await result(
        """
        def test_it(host):
            try:
                state = host.check_output("state")
            except:
                state = "up"
            assert state == "up"
        """,
        {"state": "down"},
    )
    assert found.verdict is Verdict.CRIT


async def test_a_parametrized_function_is_one_value_a_set_and_all_sets_share_a_batch() -> None:
    session = CannedSession({"probe a": "1", "probe b": "0", "probe c": "1"})
    found = await result(
        """
        import pytest
        @pytest.mark.parametrize("name", ["a", "b", pytest.param("c", id="see")])
        def test_it(host, name):
            assert host.check_output("probe %s", name) == "1"
        """,
        session=session,
    )
    assert found.verdict is Verdict.CRIT
    assert {one.observation.subject: one.verdict for one in found.judgements} == {
        "a": Verdict.OK, "b": Verdict.CRIT, "see": Verdict.OK
    }  # fmt: skip
    assert session.commands == [["probe a", "probe b", "probe c"]]


async def test_several_parameters_and_stacked_marks_multiply() -> None:
    found = await result(
        """
        import pytest
        @pytest.mark.parametrize("port,name", [(80, "web"), (22, "ssh")], ids=["w", "s"])
        @pytest.mark.parametrize("round", [1, 2], ids=str)
        def test_it(host, port, name, round):
            assert (port, name) in [(80, "web"), (22, "ssh")]
        """
    )
    assert found.verdict is Verdict.OK
    assert [one.observation.subject for one in found.judgements] == ["1-w", "1-s", "2-w", "2-s"]


async def test_a_set_that_could_not_be_judged_does_not_hide_how_the_others_end() -> None:
    found = await result(
        """
        import pytest
        @pytest.mark.parametrize("name", ["broken", "bad", "good"])
        def test_it(host, name):
            if name == "broken":
                raise OSError(name)
            assert name == "good"
        """
    )
    assert found.verdict is Verdict.CRIT
    assert [one.observation.value for one in found.judgements] == ["failed", "passed"]
    assert "OSError" in str(found.reason)


async def test_skipif_with_a_plain_condition_is_honoured() -> None:
    found = await result(
        """
        import pytest
        @pytest.mark.parametrize("name", ["a", pytest.param("b", marks=pytest.mark.skip(reason="later"))])
        @pytest.mark.skipif(1 > 2, reason="never")
        @pytest.mark.acceptance
        def test_it(host, name):
            assert name == "a"
        """
    )
    assert found.verdict is Verdict.OK
    assert [one.observation.subject for one in found.judgements] == ["a"]


async def test_a_function_that_is_skipped_as_a_whole_is_skipped() -> None:
    found = await result(
        "import pytest\n@pytest.mark.skipif(True, reason='not here')\ndef test_it(host):\n    assert False"
    )
    assert found.verdict is Verdict.SKIPPED
    assert "not here" in str(found.reason)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def test_it(host, tmp_path): ...", "tmp_path"),
        ("import pytest\n@pytest.mark.xfail\ndef test_it(host): ...", "xfail"),
        ("import pytest\n@pytest.mark.usefixtures('db')\ndef test_it(host): ...", "usefixtures"),
        ("import pytest\n@pytest.mark.skipif('sys.x')\ndef test_it(host): ...", "skipif"),
        ("import pytest\n@pytest.mark.parametrize('a', [1], indirect=True)\ndef test_it(a): ...", "indirect"),
        ("import pytest\n@pytest.mark.parametrize('a,b', [(1,)])\ndef test_it(a, b): ...", "parametrize"),
        ("async def test_it(host): ...", "coroutine"),
        ("class test_it: ...", "no plain function"),
        ("def test_other(host): ...", "has no function test_it"),
        ("def test_it(host: ...", f"{PATH}:1 is no valid Python"),
        ("import no_such_module", "can't be loaded (ModuleNotFoundError)"),
        ("import testinfra\ntestinfra.get_host('local://').run('id')", "can't be loaded (CannotTell)"),
        ("\0", "no valid Python"),
    ],
)
async def test_what_it_does_not_support_is_unknown_and_named(source: str, said: str) -> None:
    found = await result(source)
    assert found.verdict is Verdict.UNKNOWN
    assert said in str(found.reason)


async def test_what_one_run_leaves_in_a_global_is_not_seen_by_the_next() -> None:
    source = "seen = []\ndef test_it(host):\n    seen.append(1)\n    assert len(seen) == 1"
    assert [(await result(source)).verdict for _ in range(2)] == [Verdict.OK, Verdict.OK]


@pytest.mark.parametrize("function", ["test_web.py", "web.yml::test", "a.py::Class::test", "::x"])
def test_a_reference_that_names_no_function_is_refused_when_it_is_planned(function: str) -> None:
    with pytest.raises(ValidationError):
        testinfra.Parameters.model_validate({"function": function})
