"""All checks of one host, whatever they do and whatever the host does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import CannotTell, NotApplicable, Unreachable, UnreachableReason
from orchestrator.execution import inspector
from orchestrator.execution.inquiry import Suspended
from orchestrator.language import Text
from orchestrator.model.observation import Observation
from orchestrator.model.question import (
    Answer,
    CommandAnswer,
    CommandEnd,
    Question,
    SqlAnswer,
    SqlProbe,
    TcpAnswer,
    TcpProbe,
)
from orchestrator.model.verdict import Verdict
from orchestrator.plugin.check import Ask
from tests.inspections import (
    CannedSession,
    check,
    exited,
    host,
    inspected,
    planned_check,
    planned_host,
    prints,
    threshold,
    timed_out,
)

LOST = Unreachable("his-db01", UnreachableReason.LOST, Text("连接断开", "the connection broke"))


async def test_checks_that_do_not_depend_on_one_another_share_one_batch() -> None:
    session = CannedSession({"a": "1", "b": "2", "c": "3"})
    outcome = await inspected({"x": prints("a"), "y": prints("b"), "z": prints("c")}, session)
    assert session.commands == [["a", "b", "c"]]
    assert outcome.batches == 1
    assert [result.judgements[0].observation.value for result in outcome.results] == [1, 2, 3]
    assert {result.verdict for result in outcome.results} == {Verdict.OK}


async def test_a_chain_of_commands_takes_a_batch_each_and_no_command_is_asked_twice() -> None:
    def observe(ask: Ask) -> Iterable[Observation]:
        first = ask.run("first").stdout
        second = ask.run("second %s", first).stdout
        yield Observation("value", float(second))

    session = CannedSession({"first": "it's", "second 'it'\"'\"'s'": "7", "a": "1"})
    outcome = await inspected({"chain": check(observe), "plain": prints("a")}, session)
    assert session.commands == [["first", "a"], ["second 'it'\"'\"'s'"]]
    assert outcome.results[0].judgements[0].observation.value == 7


async def test_two_checks_that_ask_the_same_command_ask_it_once_with_the_longer_limit() -> None:
    session = CannedSession({"same": "5"})
    planned = planned_host(planned_check("x", timeout=3.0), planned_check("y", timeout=20.0))
    await inspected({"x": prints("same"), "y": prints("same")}, session, planned=planned)
    [[question]] = session.batches
    assert getattr(question, "timeout", None) == 20.0


async def test_thresholds_are_applied_and_the_unit_comes_from_the_metric_unless_the_runbook_names_one() -> (
    None
):
    planned = planned_host(
        planned_check("x", thresholds={"value": threshold(">= 80", ">= 90")}), planned_check("y", unit="GiB")
    )
    outcome = await inspected(
        {"x": prints("a"), "y": prints("a")}, CannedSession({"a": "95"}), planned=planned
    )
    assert [result.verdict for result in outcome.results] == [Verdict.CRIT, Verdict.OK]
    assert [result.judgements[0].unit for result in outcome.results] == ["%", "GiB"]


@pytest.mark.parametrize(
    "swallow",
    [
        pytest.param("except Exception", id="except Exception"),
        pytest.param("bare", id="a bare except"),
        pytest.param("finally", id="a return in finally"),
    ],
)
async def test_a_check_that_swallows_its_suspension_gets_no_result_from_it(swallow: str) -> None:
    def observe(ask: Ask) -> list[Observation]:
        value = -1.0
        if swallow == "except Exception":
            try:
                value = float(ask.run("a").stdout)
            except Exception:
                return [Observation("value", value)]
        elif swallow == "bare":
            try:
                value = float(ask.run("a").stdout)
            except:  # noqa: E722 - just this is tested
                return [Observation("value", value)]
        else:
            try:
                value = float(ask.run("a").stdout)
            finally:
                return [Observation("value", value)]  # noqa: B012 - just this is tested
        return [Observation("value", value)]

    outcome = await inspected({"x": check(observe)}, CannedSession({"a": "42"}))
    assert outcome.results[0].judgements[0].observation.value == 42


async def test_a_command_that_timed_out_makes_the_check_unknown_and_shows_the_command() -> None:
    outcome = await inspected({"x": prints("sleepy")}, CannedSession({"sleepy": timed_out(b"half a li")}))
    [result] = outcome.results
    assert result.verdict is Verdict.UNKNOWN
    assert "10 s" in str(result.reason)
    assert "sleepy" in result.evidence
    assert "half a li" in result.evidence


async def test_a_site_function_that_swallows_a_timeout_does_not_get_an_ok_out_of_it() -> None:
    def observe(ask: Ask) -> list[Observation]:
        try:
            running = ask.host.run("sleepy").rc == 0
        except Exception:
            running = True
        return [Observation("value", 1.0 if running else 0.0)]

    outcome = await inspected({"x": check(observe)}, CannedSession({"sleepy": timed_out()}))
    assert outcome.results[0].verdict is Verdict.UNKNOWN


async def test_a_check_plugin_may_go_on_without_the_answer_that_it_was_told_is_missing() -> None:
    def observe(ask: Ask) -> list[Observation]:
        try:
            ask.run("sleepy")
        except CannotTell:
            return [Observation("value", float(ask.run("other").stdout))]
        return []

    outcome = await inspected({"x": check(observe)}, CannedSession({"sleepy": timed_out(), "other": "3"}))
    assert outcome.results[0].verdict is Verdict.OK


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (CommandAnswer(None, b"", b"", CommandEnd.KILLED_SHELL), "its own shell"),
        (CommandAnswer(None, b"", b"", CommandEnd.NOT_STARTED), "could be started"),
    ],
)
async def test_a_command_without_an_exit_status_is_unknown(answer: CommandAnswer, said: str) -> None:
    [result] = (await inspected({"x": prints("a")}, CannedSession({"a": answer}))).results
    assert result.verdict is Verdict.UNKNOWN
    assert said in str(result.reason)


async def test_a_command_that_timed_out_is_asked_again_by_a_check_that_gives_it_more_time() -> None:
    def patient(ask: Ask) -> list[Observation]:
        ask.run("first")
        return [Observation("value", float(ask.run("slow").stdout))]

    session = CannedSession({"first": "", "slow": timed_out()})
    planned = planned_host(planned_check("x", timeout=1.0), planned_check("y", timeout=60.0))
    await inspected({"x": prints("slow"), "y": check(patient)}, session, planned=planned)
    assert session.commands == [["slow", "first"], ["slow"]]


async def test_output_beyond_the_cap_is_never_called_ok_and_a_finding_in_it_stays_one() -> None:
    capped = CommandAnswer(0, b"95", b"", capped=True)
    planned = planned_host(
        planned_check("x"), planned_check("y", thresholds={"value": threshold(crit="> 90")})
    )
    outcome = await inspected(
        {"x": prints("a"), "y": prints("a")}, CannedSession({"a": capped}), planned=planned
    )
    assert [result.verdict for result in outcome.results] == [Verdict.UNKNOWN, Verdict.CRIT]
    assert "too much" in str(outcome.results[0].reason)


def _raise(error: BaseException) -> Callable[[Ask], list[Observation]]:
    def observe(ask: Ask) -> list[Observation]:
        raise error

    return observe


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError("not even that")


@pytest.mark.parametrize(
    "observe",
    [
        _raise(KeyError("usage")),
        _raise(RecursionError()),
        _raise(SystemExit(3)),
        _raise(asyncio.CancelledError()),
        _raise(GeneratorExit()),
        _raise(Suspended()),
        _raise(_Unprintable()),
        lambda ask: None,
        lambda ask: [3],
        lambda ask: (Observation("value", 1.0) for _ in range(10_001)),
    ],
)
async def test_a_broken_plugin_costs_its_own_check_and_no_other(observe: Any) -> None:
    outcome = await inspected({"bad": check(observe), "good": prints("a")}, CannedSession({"a": "1"}))
    assert [result.verdict for result in outcome.results] == [Verdict.UNKNOWN, Verdict.OK]
    assert outcome.results[0].reason is not None


async def test_the_reason_of_a_broken_plugin_names_it_and_the_kind_of_exception_but_no_traceback() -> None:
    [result] = (await inspected({"disk": check(_raise(KeyError("usage")))}, CannedSession())).results
    assert str(result.reason) == "the check plugin disk failed (KeyError)"
    assert "Traceback" not in result.evidence


async def test_output_in_another_encoding_is_unknown_with_a_plain_reason() -> None:
    session = CannedSession({"a": exited(b"\xd6\xd0\xce\xc4")})
    [result] = (await inspected({"x": prints("a")}, session)).results
    assert result.verdict is Verdict.UNKNOWN
    assert "text" in str(result.reason)


@pytest.mark.parametrize(
    ("signal", "verdict"), [(NotApplicable, Verdict.SKIPPED), (CannotTell, Verdict.UNKNOWN)]
)
async def test_a_signal_becomes_its_verdict_with_reason_and_evidence(signal: Any, verdict: Verdict) -> None:
    error = signal(Text("没有磁盘", "no disk"), "lsblk")
    [result] = (await inspected({"x": check(_raise(error))}, CannedSession())).results
    assert (result.verdict, str(result.reason), result.evidence) == (verdict, "no disk", "lsblk")


async def test_what_was_seen_before_a_check_failed_is_kept_and_the_whole_is_not_ok() -> None:
    def observe(ask: Ask) -> Iterable[Observation]:
        yield Observation("value", 10.0, "/")
        raise CannotTell(Text("看不到 /data", "can't look at /data"))

    [result] = (await inspected({"x": check(observe)}, CannedSession())).results
    assert result.verdict is Verdict.UNKNOWN
    assert [judgement.observation.subject for judgement in result.judgements] == ["/"]
    assert str(result.reason) == "can't look at /data"


async def test_a_check_that_saw_nothing_is_unknown() -> None:
    [result] = (await inspected({"x": check(lambda ask: [])}, CannedSession())).results
    assert result.verdict is Verdict.UNKNOWN
    assert str(result.reason) == "the check saw nothing"


async def test_a_plugin_that_does_not_exist_is_unknown() -> None:
    outcome = await inspected({}, CannedSession(), planned=planned_host("no_such"))
    assert outcome.results[0].verdict is Verdict.UNKNOWN
    assert "no_such" in str(outcome.results[0].reason)


async def test_a_parameter_that_the_plugin_does_not_take_is_named_and_its_value_is_not() -> None:
    planned = planned_host(planned_check("x", parameters={"text": ["hunter2"]}))
    [result] = (await inspected({"x": prints("a")}, CannedSession(), planned=planned)).results
    assert result.verdict is Verdict.UNKNOWN
    assert "text" in str(result.reason)
    assert "hunter2" not in repr(result)


async def test_a_check_that_asks_for_ever_ends_as_unknown_and_the_others_keep_their_results() -> None:
    def endless(ask: Ask) -> Iterable[Observation]:
        number = 0
        while True:
            ask.run("step %s", str(number))
            number += 1

    session = CannedSession({"a": "1"})
    outcome = await inspected({"endless": check(endless), "good": prints("a")}, session)
    assert [result.verdict for result in outcome.results] == [Verdict.UNKNOWN, Verdict.OK]
    assert "100 batches" in str(outcome.results[0].reason)
    assert len(session.batches) == inspector.BATCHES


async def test_a_host_over_its_time_keeps_what_is_known_and_the_rest_is_unknown() -> None:
    class SecondBatchHangs(CannedSession):
        """Answers once."""

        async def ask(self, questions: Any) -> Any:
            self.hangs = len(self.batches) == 1
            return await super().ask(questions)

    def two_steps(ask: Ask) -> Iterable[Observation]:
        ask.run("a")
        yield Observation("value", float(ask.run("b").stdout))

    session = SecondBatchHangs({"a": "1"})
    outcome = await inspected({"quick": prints("a"), "slow": check(two_steps)}, session, seconds=0.2)
    assert [result.verdict for result in outcome.results] == [Verdict.OK, Verdict.UNKNOWN]
    assert outcome.failure is None
    assert "0.2 s" in str(outcome.results[1].reason)


async def test_a_connection_lost_in_the_first_batch_is_one_failure_of_the_host() -> None:
    outcome = await inspected({"x": prints("a"), "y": prints("b")}, CannedSession(lost=LOST))
    assert outcome.failure is not None
    assert outcome.failure.reason is UnreachableReason.LOST
    assert [result.verdict for result in outcome.results] == [Verdict.UNKNOWN] * 2


async def test_a_connection_lost_later_keeps_what_is_known() -> None:
    def two_steps(ask: Ask) -> Iterable[Observation]:
        ask.run("a")
        yield Observation("value", float(ask.run("b").stdout))

    session = CannedSession({"a": "1"}, lost=LOST, lost_after=1)
    outcome = await inspected({"quick": prints("a"), "slow": check(two_steps)}, session)
    assert outcome.failure is None
    assert [result.verdict for result in outcome.results] == [Verdict.OK, Verdict.UNKNOWN]
    assert str(outcome.results[1].reason) == "the connection broke"


async def test_a_cancelled_inspection_returns_what_it_has_and_the_rest_as_not_run() -> None:
    session = CannedSession(hangs=True)
    task = asyncio.create_task(inspected({"none": check(lambda ask: []), "x": prints("a")}, session))
    while not session.batches:
        await asyncio.sleep(0)
    task.cancel()
    outcome = await task
    assert [result.verdict for result in outcome.results] == [Verdict.UNKNOWN, Verdict.NOT_RUN]


async def test_a_fault_of_our_own_is_unknown_and_says_so() -> None:
    class Broken(CannedSession):
        """Fails as only a bug can."""

        async def ask(self, questions: Any) -> Any:
            raise ZeroDivisionError

    [result] = (await inspected({"x": prints("a")}, Broken())).results
    assert result.verdict is Verdict.UNKNOWN
    assert "our own fault (ZeroDivisionError)" in str(result.reason)


async def test_commands_of_last_time_are_sent_ahead_and_make_a_chain_one_batch() -> None:
    def chain(ask: Ask) -> Iterable[Observation]:
        ask.run("a")
        yield Observation("value", float(ask.run("b").stdout))

    first, second = CannedSession({"a": "", "b": "2"}), CannedSession({"a": "", "b": "2"})
    before = await inspected({"x": check(chain)}, first, mark="m")
    after = await inspected({"x": check(chain)}, second, mark="m", remembered=before.commands)
    assert (before.batches, after.batches) == (2, 1)
    assert after.commands == before.commands


async def test_a_check_is_attempted_once_when_all_that_it_asked_last_time_is_remembered() -> None:
    attempts = []

    def chain(ask: Ask) -> Iterable[Observation]:
        attempts.append(ask.name)
        ask.run("a")
        yield Observation("value", float(ask.run("b").stdout))

    answers: dict[Question | str, Answer | str] = {"a": "", "b": "2"}
    before = await inspected({"x": check(chain)}, CannedSession(answers), mark="m")
    attempts.clear()
    await inspected({"x": check(chain)}, CannedSession(answers), mark="m", remembered=before.commands)
    assert len(attempts) == 1


async def test_what_is_never_remembered_still_goes_out_with_what_is() -> None:
    def probing(ask: Ask) -> Iterable[Observation]:
        yield Observation("value", 1.0 if ask.tcp(ask.address, 5432).connected else 0.0)

    probe, secret = TcpProbe("192.0.2.10", 5432, 10.0), host("his-db01", {}, "hunter2")
    answers: dict[Question | str, Answer | str] = {
        probe: TcpAnswer(True, 0.25),
        "login hunter2": "1",
        "a": "1",
    }
    for never in ({"x": check(probing)}, {"x": prints("login hunter2")}):
        plugins = {**never, "y": prints("a")}
        before = await inspected(plugins, CannedSession(answers), mark="m", host=secret)
        after = await inspected(
            plugins, CannedSession(answers), mark="m", host=secret, remembered=before.commands
        )
        assert (before.batches, after.batches) == (1, 1)


async def test_commands_of_another_plan_are_not_sent() -> None:
    before = await inspected({"x": prints("secret-probe")}, CannedSession({"secret-probe": "1"}), mark="m")
    session = CannedSession({"a": "1"})
    await inspected({"y": prints("a")}, session, mark="other", remembered=before.commands)
    assert session.commands == [["a"]]


async def test_a_remembered_command_that_nothing_asks_any_more_is_forgotten() -> None:
    asked = {"pid": "17"}
    plugin = check(lambda ask: [Observation("value", float(ask.run("ps %s", asked["pid"]).stdout))])
    before = await inspected({"x": plugin}, CannedSession({"ps 17": "1"}), mark="m")
    asked["pid"] = "18"
    after = await inspected(
        {"x": plugin}, CannedSession({"ps 18": "1"}), mark="m", remembered=before.commands
    )
    assert after.commands == ("m", "10 ps 18")


async def test_a_command_that_holds_a_secret_is_not_remembered() -> None:
    plugins = {"x": prints("login hunter2"), "y": prints("a")}
    session = CannedSession({"login hunter2": "1", "a": "1"})
    outcome = await inspected(plugins, session, mark="m", host=host("his-db01", {}, "hunter2"))
    assert outcome.commands == ("m+", "10 a")


async def test_an_inspection_that_broke_off_does_not_forget_the_commands_of_the_whole_one() -> None:
    before = await inspected(
        {"x": prints("a"), "y": prints("b")}, CannedSession({"a": "1", "b": "1"}), mark="m"
    )
    after = await inspected(
        {"x": prints("a"), "y": prints("b")}, CannedSession(lost=LOST), mark="m", remembered=before.commands
    )
    assert after.commands == before.commands


async def test_probes_are_asked_beside_the_commands_with_the_checks_own_time_limit() -> None:
    def observe(ask: Ask) -> Iterable[Observation]:
        yield Observation("value", 1.0 if ask.tcp(ask.address, 5432).connected else 0.0)

    probe = TcpProbe("192.0.2.10", 5432, 10.0)
    session = CannedSession({probe: TcpAnswer(True, 0.25), "a": "1"})
    outcome = await inspected({"tcp": check(observe), "x": prints("a")}, session)
    assert len(session.batches) == 1
    assert outcome.results[0].judgements[0].observation.value == 1
    assert outcome.results[0].seconds == 0.25


async def test_a_database_that_can_not_be_asked_is_unknown_with_its_reason() -> None:
    probe = SqlProbe("postgresql://db", "select 1", 10.0)
    answer = SqlAnswer((), (), 0.0, Text("拒绝连接", "connection refused"))
    plugin = check(lambda ask: [Observation("value", float(len(ask.sql(probe.url, probe.statement).rows)))])
    [result] = (await inspected({"x": plugin}, CannedSession({probe: answer}))).results
    assert (result.verdict, str(result.reason)) == (Verdict.UNKNOWN, "connection refused")


async def test_checks_see_the_hosts_variables_without_those_that_hold_secrets() -> None:
    seen: dict[str, object] = {}

    def observe(ask: Ask) -> list[Observation]:
        seen.update(ask.variables)
        return []

    described = host("a", {"port": 5432, "dsn": "x:hunter2@db", "nested": {"k": ["hunter2"]}}, "hunter2")
    await inspected({"x": check(observe)}, CannedSession(), host=described)
    assert seen == {"port": 5432}


async def test_site_python_that_never_ends_holds_up_neither_the_loop_nor_the_other_checks() -> None:
    released = threading.Event()

    def stuck(ask: Ask) -> list[Observation]:
        released.wait(30)
        return []

    planned = planned_host(planned_check("stuck", timeout=0.2), "good")
    plugins = {"stuck": check(stuck, site_python=True), "good": prints("a")}
    try:
        outcome = await inspected(plugins, CannedSession({"a": "1"}), planned=planned)
    finally:
        released.set()
    assert [result.verdict for result in outcome.results] == [Verdict.UNKNOWN, Verdict.OK]
    assert "did not end within 0.2 s" in str(outcome.results[0].reason)


async def test_site_python_that_polls_a_host_is_ended_at_its_next_question() -> None:
    def polling(ask: Ask) -> list[Observation]:
        while ask.host.run("systemctl is-active x").rc != 0:
            time.sleep(0.01)
        return []

    planned = planned_host(planned_check("x", timeout=0.3))
    [result] = (
        await inspected({"x": check(polling, site_python=True)}, CannedSession(), planned=planned)
    ).results
    assert result.verdict is Verdict.UNKNOWN
    async with asyncio.timeout(10):
        while any(thread.name == "site-python" for thread in threading.enumerate()):
            await asyncio.sleep(0.01)


@given(st.lists(st.sampled_from("abcdefgh"), max_size=8), st.integers(0, 4))
def test_every_check_has_exactly_one_result_however_host_and_checks_behave(
    kinds: list[str], lost: int
) -> None:
    def chain(ask: Ask) -> Iterable[Observation]:
        for step in "1234":
            ask.run(step)
        yield Observation("value", 1.0)

    plugins = {
        "a": prints("n"), "b": check(chain), "c": check(_raise(KeyError())), "d": prints("sleepy"),
        "e": check(_raise(SystemExit())), "f": check(lambda ask: []),
        "g": check(lambda ask: [Observation("nonsense", float("nan"))]),
    }  # fmt: skip
    planned = planned_host(*(planned_check(kind, id=f"{kind}{n}") for n, kind in enumerate(kinds)))
    session = CannedSession({"n": "1", "sleepy": timed_out()}, lost=LOST, lost_after=lost)
    outcome = asyncio.run(inspected(plugins, session, planned=planned))
    assert [result.id for result in outcome.results] == [item.id for item in planned.checks]
    assert all(result.verdict is Verdict.OK or result.reason for result in outcome.results)
    assert outcome.failure is None or all(r.verdict is Verdict.UNKNOWN for r in outcome.results)
