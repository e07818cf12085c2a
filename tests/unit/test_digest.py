"""Digests follow the content, the whole content and nothing else."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.check import Layer
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan, PlannedCheck, PlannedHost, PlannedPlay, PlannedStep
from orchestrator.model.runbook import Kind, Module
from orchestrator.model.secret import Secret
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource
from orchestrator.planning.digest import digest, fingerprint, plan_digest

SOURCE = ThresholdSource(Evidence.SITE, "morning.yml:3:5")
THRESHOLD = Threshold(Limit(Comparison.ABOVE, 85.0), None, SOURCE)
CHECK = PlannedCheck(
    "disk",
    "磁盘",
    "filesystem_usage",
    "LNX05",
    Layer.SYSTEM,
    None,
    Effect.READ,
    {"a": 1},
    {"m": THRESHOLD},
    10.0,
)
STEP = PlannedStep("stop", "停服务", Module.COMMAND, {"cmd": "w"}, Effect.ONCE, None, None)
HOST = PlannedHost("his-db01", ("db",), "root@10.0.0.1:22", (CHECK,), "", (STEP,))
PLAY = PlannedPlay("第一段", ("his-db01",), ("stop", "disk"))
PLAN = Plan(
    "morning", "早巡检", Kind.INSPECTION, (HOST,), {"morning.yml": "0"}, {"wardround": "1"}, "", (PLAY,)
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_equal_values_have_equal_digests(value: Any) -> None:
    surrogates = "\\ud" in json.dumps(value).lower()
    if not surrogates:
        assert digest(value) == digest(json.loads(json.dumps(value)))


@given(st.dictionaries(st.text(alphabet="abcdé中", min_size=1), st.integers(), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


@given(st.lists(st.integers(), min_size=2, unique=True))
def test_the_order_of_elements_matters(value: list[int]) -> None:
    assert digest(value) != digest(value[::-1])


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, "1"), (1, True), (None, ""), ([], {}), (["a", "b"], ["ab"]), ({"a": None}, {}), ("é", "e\u0301")],
)
def test_what_only_looks_alike_differs(one: object, other: object) -> None:
    assert digest(one) != digest(other)


CHANGED: dict[type[Any], dict[str, Any]] = {
    Plan: {
        "runbook": "evening",
        "title": "晚巡检",
        "kind": Kind.ROUTINE,
        "hosts": (),
        "documents": {"morning.yml": "1"},
        "versions": {"wardround": "2"},
        "plays": (),
    },
    PlannedPlay: {"name": "x", "hosts": (), "tasks": ("disk", "stop")},
    PlannedHost: {
        "name": "x",
        "groups": (),
        "address": "x",
        "checks": (),
        "secrets": "x",
        "steps": (),
        "environment": "test",
    },
    PlannedStep: {
        "id": "x",
        "title": "x",
        "module": Module.SHELL,
        "arguments": {"cmd": "w "},
        "effect": Effect.IDEMPOTENT,
        "verify": "x",
        "timeout": 1.0,
        "secret": ("cmd",),
    },
    PlannedCheck: {
        "id": "x",
        "title": "x",
        "check": "x",
        "code": "x",
        "layer": Layer.BUSINESS,
        "unit": "%",
        "effect": Effect.ONCE,
        "parameters": {"a": 2},
        "thresholds": {},
        "timeout": 11.0,
    },
    Threshold: {
        "warn": Limit(Comparison.ABOVE, 86.0),
        "crit": Limit(Comparison.ABOVE, 90.0),
        "source": ThresholdSource(Evidence.PRACTICE, "x"),
    },
    Limit: {"comparison": Comparison.AT_LEAST, "operand": "85", "upper": 90.0},
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, changes in CHANGED.items() for name in changes]
)
def test_any_changed_field_changes_the_digest(kind: type[Any], name: str) -> None:
    def rebuilt(value: Any) -> Any:
        return replace(value, **{name: CHANGED[kind][name]}) if isinstance(value, kind) else value

    threshold = rebuilt(replace(THRESHOLD, warn=rebuilt(Limit(Comparison.ABOVE, 85.0))))
    check = rebuilt(replace(CHECK, thresholds={"m": threshold}))
    host = rebuilt(replace(HOST, checks=(check,), steps=(rebuilt(STEP),)))
    assert plan_digest(rebuilt(replace(PLAN, hosts=(host,), plays=(rebuilt(PLAY),)))) != plan_digest(PLAN)


def test_the_changes_above_cover_every_field() -> None:
    for kind, changes in CHANGED.items():
        assert {field.name for field in fields(kind)} - {"digest"} == set(changes)


def test_a_plans_own_digest_is_not_a_part_of_it() -> None:
    assert plan_digest(replace(PLAN, digest="x")) == plan_digest(PLAN)


def test_a_secret_is_never_digested_by_accident() -> None:
    with pytest.raises(TypeError, match="secret"):
        digest({"password": Secret("x")})


def test_a_fingerprint_needs_its_key() -> None:
    assert fingerprint("secret", b"one") == fingerprint("secret", b"one")
    assert fingerprint("secret", b"one") != fingerprint("secret", b"other")
    assert fingerprint("secret", b"one") != fingerprint("secrets", b"one")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        digest(value)


def test_what_hosts_share_is_digested_as_if_each_had_its_own() -> None:
    row = (CHECK, replace(CHECK, id="other"))
    own = [replace(HOST, name=name, checks=tuple(replace(one) for one in row)) for name in "ab"]
    shared = [replace(HOST, name=name, checks=row) for name in "ab"]
    assert own[0].checks is not own[1].checks
    assert plan_digest(replace(PLAN, hosts=tuple(own))) == plan_digest(replace(PLAN, hosts=tuple(shared)))
    altered = [shared[0], replace(shared[1], checks=(CHECK,))]
    assert plan_digest(replace(PLAN, hosts=tuple(altered))) != plan_digest(replace(PLAN, hosts=tuple(shared)))


def test_a_value_that_is_altered_between_two_digests_is_digested_anew() -> None:
    parameters: dict[str, object] = {"a": 1}
    plan = replace(PLAN, hosts=(replace(HOST, checks=(replace(CHECK, parameters=parameters),)),))
    before = plan_digest(plan)
    parameters["a"] = 2
    assert plan_digest(plan) != before
