"""The catalogue of systems is closed and free of circles, or says where it is not."""

from __future__ import annotations

import pytest

from orchestrator.documents.systems import read_systems
from orchestrator.language import Text
from orchestrator.model.system import Component, Tier
from tests.documents.reading import hint, places, refused

GOOD = """\
platform:
  - {id: p_room, zh: 机房动环, en: Machine room, tier: T1}
  - {id: p_his_db, zh: HIS核心数据库, en: HIS core DB, tier: T1, dep_hard: [p_room], hosts: [his_db]}
systems:
  - {seq: 1, slug: op_registration, zh: 门急诊挂号, en: Registration, tier: T1, rto_min: 10,
     dep_hard: [p_his_db], dep_soft: [wechat_if], hosts: [his-app01, his_app]}
  - {seq: 43, slug: wechat_if, zh: 微信公众号接口, en: WeChat, tier: T2, dep_soft: [op_registration]}
"""


def system(**keys: str) -> str:
    given = {"seq": "1", "slug": "a", "zh": "甲", "en": "A", "tier": "T1"} | keys
    return "  - {" + ", ".join(f"{key}: {value}" for key, value in given.items()) + "}\n"


def test_a_catalogue_is_read_in_order_business_systems_first() -> None:
    catalogue = read_systems("s.yml", GOOD.encode())
    assert [item.slug for item in catalogue.components] == [
        "op_registration",
        "wechat_if",
        "p_room",
        "p_his_db",
    ]
    assert catalogue.components[0] == Component(
        slug="op_registration",
        title=Text("门急诊挂号", "Registration"),
        tier=Tier.T1,
        hosts=("his-app01", "his_app"),
        requires=("p_his_db",),
        uses=("wechat_if",),
        seq=1,
        rto_minutes=10,
    )


@pytest.mark.parametrize("key", ["group", "runtime", "checks", "plans", "manual", "faults", "external"])
def test_what_nothing_uses_yet_is_refused_as_such(key: str) -> None:
    found = refused(lambda: read_systems("s.yml", f"systems:\n{system(**{key: 'x'})}".encode()))
    assert [item.rule for item in found] == ["not-supported-yet"]


@pytest.mark.parametrize(
    ("text", "expected", "says"),
    [
        ("systems:\n" + system(dep_hard="[b]"), "2:58 unknown-system", "a"),
        ("systems:\n" + system(dep_hard="[a]"), "2:58 dependency-cycle", "dep_soft"),
        ("systems:\n" + system() + system(seq="2"), "3:20 duplicate-system", "第 2 行"),
        ("systems:\n" + system() + system(slug="b"), "3:11 duplicate-system", "第 2 行"),
        ("systems:\n" + system(tier="T4"), "2:43 unknown-value", "T1"),
        ("systems:\n" + system(slug="A-b"), "2:20 invalid-value", ""),
        ("systems:\n" + system(seq="x"), "2:11 wrong-type", "数字"),
        ("systems:\n" + system(dep_hrd="[]"), "2:47 unknown-key", "dep_hard"),
        ("system: []\n", "1:1 unknown-key", "systems"),
        ("systems:\n  - {slug: a, zh: 甲, en: A, tier: T1}\n", "2:5 missing-key", ""),
        ("- a\n", "1:1 wrong-type", ""),
    ],
)
def test_each_mistake_has_its_place_and_cure(text: str, expected: str, says: str) -> None:
    found = refused(lambda: read_systems("s.yml", text.encode()))
    assert expected in places(found)
    assert any(says in (item.hint.zh if item.hint else "") for item in found)


def test_a_circle_is_told_once_and_named_whole() -> None:
    text = "systems:\n" + "".join(
        system(seq=str(number), slug=slug, dep_hard=f"[{needs}]")
        for number, (slug, needs) in enumerate([("a", "b"), ("b", "c"), ("c", "a")], start=1)
    )
    (found,) = refused(lambda: read_systems("s.yml", text.encode()))
    assert "a → b → c → a" in found.message.zh


def test_a_long_chain_is_no_circle() -> None:
    text = "systems:\n" + "".join(
        system(seq=str(number), slug=f"s{number}", dep_hard=f"[s{number + 1}]" if number < 3000 else "[]")
        for number in range(1, 3001)
    )
    assert len(read_systems("s.yml", text.encode()).components) == 3000


def test_a_structural_mistake_does_not_hide_an_open_reference() -> None:
    text = "systems:\n" + system(tier="T4", dep_hard="[zz]")
    assert {item.rule for item in refused(lambda: read_systems("s.yml", text.encode()))} == {
        "unknown-value",
        "unknown-system",
    }


def test_hosts_are_held_against_the_inventory_where_it_is_known() -> None:
    assert read_systems("s.yml", GOOD.encode(), {"his_db", "his-app01", "his_app"})
    found = refused(lambda: read_systems("s.yml", GOOD.encode(), {"his_db", "his-app01", "his-app"}))
    assert places(found) == ["6:70 unknown-host"]
    assert "his-app" in hint(found)
