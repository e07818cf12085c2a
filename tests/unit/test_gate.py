"""The gate lets an inspection pass once, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.errors import Refused
from orchestrator.gate.gate import VALIDITY, admit
from orchestrator.gate.ledger import redeem
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan
from orchestrator.model.runbook import Kind
from orchestrator.planning.digest import plan_digest
from tests.unit.planning_cast import host, inventory, plan, play, runbook, task

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Notebook:
    """A ledger that lives as long as its test."""

    def __init__(self) -> None:
        self.used: dict[str, datetime] = {}

    def redeem(self, permit_id: str, plan_digest: str, at: datetime) -> None:
        if permit_id in self.used:
            raise Refused(Text("许可已用过", "the permit was used before"))
        self.used[permit_id] = at


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


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.INSPECTION])
def test_other_runbooks_need_a_change_that_does_not_exist_yet(kind: Kind) -> None:
    with pytest.raises(Refused, match="only inspections can run"):
        admit(sealed(replace(inspection(), kind=kind)), NOW)


@pytest.mark.parametrize("effect", [Effect.IDEMPOTENT, Effect.ONCE])
def test_an_inspection_that_changes_something_is_refused_by_task(effect: Effect) -> None:
    with pytest.raises(Refused, match="must not change hosts: disk"):
        admit(with_effect(effect), NOW)


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(Refused, match="no check"):
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
    with pytest.raises(Refused, match="reading only"):
        redeem(forged, changing, NOW, Notebook())
