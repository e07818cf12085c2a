"""The gate lets pass once what only reads or changes test hosts alone, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.errors import Refused
from orchestrator.execution.start import resume, start
from orchestrator.gate.gate import VALIDITY, admit
from orchestrator.gate.ledger import redeem
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan
from orchestrator.model.runbook import Kind
from orchestrator.planning.digest import plan_digest
from tests.unit.planning_cast import action, host, inventory, plan, play, runbook, task

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Notebook:
    """A ledger that lives as long as its test."""

    def __init__(self) -> None:
        self.used: dict[str, datetime] = {}
        self._plans: dict[str, str] = {}

    def redeem(self, permit_id: str, plan_digest: str, at: datetime) -> None:
        if permit_id in self.used:
            raise Refused(Text("许可已用过", "the permit was used before"))
        self.used[permit_id] = at
        self._plans[permit_id] = plan_digest

    def redeemed_for(self, permit_id: str) -> str | None:
        return self._plans.get(permit_id)


def inspection(*names: str) -> Plan:
    made, _ = plan(runbook(play(task())), inventory(*(host(name) for name in names or ("db01",))))
    return made


def sealed(changed: Plan) -> Plan:
    return replace(changed, digest=plan_digest(changed))


def with_effect(effect: Effect) -> Plan:
    made = inspection()
    (planned,) = made.hosts
    (check,) = planned.checks
    return sealed(replace(made, hosts=(replace(planned, checks=(replace(check, effect=effect),)),)))


def test_an_inspection_gets_a_short_read_only_permit_for_exactly_its_plan() -> None:
    made = inspection()
    permit = admit(made, NOW)
    assert permit.plan_digest == made.digest
    assert permit.effect is Effect.READ
    assert (permit.granted_at, permit.expires_at) == (NOW, NOW + VALIDITY)


def test_no_two_permits_are_the_same() -> None:
    made = inspection()
    assert admit(made, NOW).id != admit(made, NOW).id


KINDS = [kind for kind in Kind if kind is not Kind.INSPECTION]


def acting(kind: Kind, effect: Effect | None, **environments: str) -> Plan:
    """One command on hosts of these environments."""
    hosts = [host(name, **({"environment": said} if said else {})) for name, said in environments.items()]
    made, _ = plan(runbook(play(action(effect=effect)), kind=kind), inventory(*hosts))
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_any_runbook_passes_anywhere_as_long_as_it_only_reads(kind: Kind) -> None:
    permit = admit(acting(kind, Effect.READ, db01="production", db02=""), NOW)
    assert (permit.effect, permit.reason) == (Effect.READ, "every effect is read")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("effect", [Effect.IDEMPOTENT, Effect.ONCE, None])
def test_any_runbook_may_change_test_hosts(kind: Kind, effect: Effect | None) -> None:
    permit = admit(acting(kind, effect, test01="test", test02="test"), NOW)
    assert (permit.effect, permit.reason) == (effect or Effect.ONCE, "it changes test hosts alone")


@pytest.mark.parametrize("effect", [Effect.IDEMPOTENT, Effect.ONCE])
@pytest.mark.parametrize("said", ["production", "", "Test", "test ", "testing"])
def test_one_host_that_is_no_test_host_keeps_a_change_from_passing(effect: Effect, said: str) -> None:
    with pytest.raises(Refused, match=r"change request.*: db01$"):
        admit(acting(Kind.EMERGENCY, effect, test01="test", db01=said), NOW)


def test_a_host_that_is_only_read_may_stand_beside_a_test_host_that_is_changed() -> None:
    book = runbook(
        play(action(id="look", effect=Effect.READ)),
        play(action(id="change"), hosts="tests"),
        kind=Kind.ROUTINE,
    )
    stock = inventory(host("db01"), host("test01", environment="test"), tests=("test01",))
    made, _ = plan(book, stock)
    assert admit(made, NOW).effect is Effect.ONCE


def test_a_check_that_changes_its_host_is_held_to_the_same_rule() -> None:
    book = runbook(play(task("cleaner")), kind=Kind.ROUTINE)
    assert admit(plan(book, inventory(host("a", environment="test")))[0], NOW).effect is Effect.IDEMPOTENT
    with pytest.raises(Refused, match="change request"):
        admit(plan(book, inventory(host("a")))[0], NOW)


def test_a_runbook_can_not_say_itself_that_its_hosts_are_test_hosts() -> None:
    book = runbook(play(action(), environment="test"), kind=Kind.ROUTINE)
    with pytest.raises(Refused, match="change request"):
        admit(plan(book, inventory(host("db01")))[0], NOW)


def test_an_inspection_has_checks_alone_however_it_was_made() -> None:
    with pytest.raises(Refused, match="checks alone"):
        admit(acting(Kind.INSPECTION, Effect.READ, test01="test"), NOW)


@pytest.mark.parametrize("effect", [Effect.IDEMPOTENT, Effect.ONCE])
def test_an_inspection_that_changes_something_is_refused_by_task(effect: Effect) -> None:
    with pytest.raises(Refused, match="must not change hosts: disk"):
        admit(with_effect(effect), NOW)


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(Refused, match="no task at all"):
        admit(sealed(replace(inspection(), hosts=())), NOW)


def test_a_plan_that_was_altered_after_its_digest_is_refused() -> None:
    with pytest.raises(Refused, match="does not match its digest"):
        admit(replace(inspection(), title="something else"), NOW)


def test_a_permit_is_redeemed_once() -> None:
    made, ledger = inspection(), Notebook()
    permit = admit(made, NOW)
    redeem(permit, made, NOW, ledger)
    assert ledger.used == {permit.id: NOW}
    with pytest.raises(Refused, match="used before"):
        redeem(permit, made, NOW, ledger)


@pytest.mark.parametrize("late", [VALIDITY, timedelta(days=1), timedelta(seconds=-1)])
def test_a_permit_is_good_for_its_time_only(late: timedelta) -> None:
    made, ledger = inspection(), Notebook()
    with pytest.raises(Refused, match="valid from"):
        redeem(admit(made, NOW), made, NOW + late, ledger)
    assert not ledger.used


def test_a_permit_is_good_for_its_plan_only() -> None:
    ledger = Notebook()
    with pytest.raises(Refused, match="another plan"):
        redeem(admit(inspection("db01"), NOW), inspection("db02"), NOW, ledger)
    altered = replace(inspection(), title="x")
    with pytest.raises(Refused, match="does not match its digest"):
        redeem(admit(inspection(), NOW), altered, NOW, ledger)
    assert not ledger.used


def test_a_read_only_permit_does_not_cover_more() -> None:
    changing = with_effect(Effect.ONCE)
    forged = replace(admit(inspection(), NOW), plan_digest=changing.digest)
    with pytest.raises(Refused, match="no more than read"):
        redeem(forged, changing, NOW, Notebook())


def test_a_run_starts_by_using_its_permit_up_and_goes_on_with_the_proof_of_that() -> None:
    made, ledger = acting(Kind.ROUTINE, None, test01="test"), Notebook()
    permit = admit(made, NOW)
    started = start(permit, made, NOW, ledger)
    assert (started.plan, started.permit) == (made, permit.id)
    with pytest.raises(Refused, match="used before"):
        start(permit, made, NOW, ledger)
    assert resume(made, permit.id, ledger) == started


def test_a_plan_does_not_go_on_with_a_permit_that_was_never_used_or_used_for_another() -> None:
    made, other, ledger = inspection("db01"), inspection("db02"), Notebook()
    permit = admit(made, NOW)
    with pytest.raises(Refused, match="no permit was ever used up"):
        resume(made, permit.id, ledger)
    start(permit, made, NOW, ledger)
    with pytest.raises(Refused, match="no permit was ever used up"):
        resume(other, permit.id, ledger)
