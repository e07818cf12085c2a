"""The limits that hold are those of whoever stands nearest to the host, and say where they come from."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.errors import InvalidDocument, InvalidInventory
from orchestrator.language import Language
from orchestrator.model.runbook import LimitText
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource
from tests.unit.planning_cast import host, inventory, limits, plan, play, runbook, task

SITE_SOURCE = ThresholdSource(Evidence.SITE, "thresholds.yml:4:3")
Written = Mapping[str, LimitText]


def at_least(number: float) -> Limit:
    return Limit(Comparison.AT_LEAST, number)


def site(warn: float | None, crit: float | None) -> Mapping[str, Mapping[str, Threshold]]:
    ends = [None if end is None else at_least(end) for end in (warn, crit)]
    return {"disk": {"used_pct": Threshold(ends[0], ends[1], SITE_SOURCE)}}


def resolved(
    own: object = None,
    warn: Written | None = None,
    crit: Written | None = None,
    stock: Mapping[str, Mapping[str, Threshold]] | None = None,
) -> Mapping[str, Threshold]:
    variables = {} if own is None else {"wardround_thresholds": own}
    made, _ = plan(runbook(play(task(warn=warn, crit=crit))), inventory(host("db01", **variables)), stock)  # type: ignore[arg-type]  # a name among variables
    return made.hosts[0].checks[0].thresholds


def used(threshold: Mapping[str, Threshold]) -> tuple[Limit | None, Limit | None]:
    return threshold["used_pct"].warn, threshold["used_pct"].crit


def test_the_checks_own_limits_hold_where_nobody_says_otherwise() -> None:
    found = resolved()
    assert used(found) == (at_least(85), at_least(90))
    assert found["used_pct"].source == ThresholdSource(Evidence.PRACTICE, "domain.md 3.2 LNX05")
    assert "free_gb" not in found


def test_inventory_goes_before_runbook_before_site_before_check() -> None:
    written = {"warn": limits(_=70), "crit": limits(_=75)}
    assert used(resolved(stock=site(80, 82))) == (at_least(80), at_least(82))
    assert used(resolved(None, **written, stock=site(80, 82))) == (at_least(70), at_least(75))
    own = {"disk": {"used_pct": {"warn": 60, "crit": "> 65"}}}
    assert used(resolved(own, **written, stock=site(80, 82))) == (at_least(60), Limit(Comparison.ABOVE, 65))


@pytest.mark.parametrize("strict_first", [True, False])
def test_a_hosts_own_limits_hold_for_it_alone_wherever_it_stands_among_the_hosts(strict_first: bool) -> None:
    own = {"disk": {"warn": 60, "crit": 65}}
    strict, others = host("strict", wardround_thresholds=own), (host("a"), host("b"))
    stock = inventory(strict, *others) if strict_first else inventory(*others, strict)
    made, _ = plan(runbook(play(task())), stock)
    found = {one.name: used(one.checks[0].thresholds) for one in made.hosts}
    usual = (at_least(85), at_least(90))
    assert found == {"strict": (at_least(60), at_least(65)), "a": usual, "b": usual}


def test_warn_and_crit_may_come_from_different_places_and_both_are_named() -> None:
    found = resolved({"disk": {"warn": 70}}, stock=site(None, 88))
    assert used(found) == (at_least(70), at_least(88))
    assert found["used_pct"].source == ThresholdSource(
        Evidence.SITE, "warn: inventory: db01; crit: thresholds.yml:4:3"
    )


def test_half_a_site_threshold_leaves_the_other_half_unconfirmed() -> None:
    found = resolved(warn=limits(_=70))
    assert found["used_pct"].source == ThresholdSource(
        Evidence.PRACTICE, "warn: morning.yml:90:1; crit: domain.md 3.2 LNX05"
    )


def test_an_inventory_may_say_why() -> None:
    found = resolved({"disk": {"warn": 70, "crit": 75, "source": "letter of 1 Nov"}})
    assert found["used_pct"].source.origin == "inventory: db01 (letter of 1 Nov)"


def test_an_inventorys_limits_may_be_templates() -> None:
    found = resolved({"disk": {"warn": "{{ 35 * 2 }}"}})
    assert used(found)[0] == at_least(70)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"dsik": {"warn": 1}}, "wardround_thresholds.dsik: there is no such check (did you mean disk?)"),
        ({"disk": {"usde_pct": {"warn": 1}}}, "wardround_thresholds.disk.usde_pct: this check has no metric"),
        ({"disk": {"used_pct": {"wran": 1}}}, "unknown key wran"),
        ({"disk": {"used_pct": {"warn": "a lot"}}}, "warn is no limit: 'a lot' is no number"),
        ({"disk": {"used_pct": {"warn": None}}}, "is no limit"),
        ({"disk": {"used_pct": {"warn": True}}}, "not a yes or no"),
        ({"disk": {"used_pct": 85}}, "`warn` and `crit` are expected"),
        ({"disk": 85}, "a mapping is expected"),
        ("85", "wardround_thresholds: a mapping is expected"),
        ("{{ nowhere }}", "wardround_thresholds: undefined variable"),
    ],
)
def test_a_slip_in_the_inventory_is_named_with_its_place(own: object, said: str) -> None:
    with pytest.raises(InvalidInventory) as caught:
        resolved(own)
    assert said in caught.value.say(Language.EN)
    assert "[db01]" in caught.value.say(Language.ZH)


@pytest.mark.parametrize(
    ("warn", "said"),
    [
        (limits(used_pcr=1), "this check has no metric used_pcr (did you mean used_pct?)"),
        (limits(_="many"), "is no limit: 'many' is no number"),
    ],
)
def test_a_slip_in_the_runbook_is_named_with_its_line(warn: Written, said: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        resolved(warn=warn)
    assert caught.value.say(Language.EN).startswith("morning.yml:90:1: ")
    assert said in caught.value.say(Language.EN)


@pytest.mark.parametrize(
    ("warn", "crit"),
    [
        ({"_": "> 95"}, {"_": "> 90"}),
        ({"free_gb": "< 1"}, {"free_gb": "< 2"}),
        ({"free_gb": "outside 1..9"}, {"free_gb": "outside 2..8"}),
    ],
)
def test_a_warning_that_is_worse_than_critical_is_an_error(
    warn: dict[str, str | float], crit: dict[str, str | float]
) -> None:
    with pytest.raises(InvalidDocument, match="is more severe than crit"):
        resolved(warn=limits(**warn), crit=limits(**crit))


def test_a_warning_moved_beyond_a_default_names_both_places() -> None:
    with pytest.raises(InvalidDocument) as caught:
        resolved({"disk": {"warn": 95}})
    said = caught.value.say(Language.EN)
    assert "warn: inventory; crit: domain.md 3.2 LNX05" in said
    assert "write both in the same place" in said
