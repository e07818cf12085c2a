"""A frozen plan comes back as it was, or not at all; and only onto the hosts that it was made for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from orchestrator.errors import Refused, StoreError
from orchestrator.model.effect import Effect
from orchestrator.model.host import Host
from orchestrator.model.inventory import Inventory, InventoryHost, Verbatim
from orchestrator.model.plan import Plan
from orchestrator.model.runbook import Kind, Module, Task
from orchestrator.planning.thaw import find_hosts, thaw_plan
from orchestrator.records.store import Store
from tests.unit.planning_cast import (
    CHECKS,
    KEY,
    Shelf,
    action,
    host,
    inventory,
    limits,
    plan,
    play,
    runbook,
    task,
)

URL = "postgresql://his:{{ db_password }}@{{ inventory_hostname }}/his"
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def described(name: str = "db01", password: str = "hunter22", **variables: object) -> InventoryHost:
    given = {"environment": "test", "ansible_host": "10.0.0.1", **variables}
    return host(name, "db", vaulted=["db_password"], db_password=Verbatim(password), **given)


def made_of(*hosts: InventoryHost) -> Plan:
    book = runbook(
        play(
            task(warn=limits(used_pct="> 85.5"), crit=limits(used_pct=90, free_gb="outside 1..2")),
            task("database", {"url": URL}),
            action(arguments={"argv": ["echo", "{{ db_password }}"]}, verify="true"),
            action(Module.ASSERT, {"that": ["inventory_hostname is defined"]}),
            action(Module.PAUSE, {"minutes": 0.5}),
            action(Module.SHELL, effect=Effect.IDEMPOTENT),
            base="x",
        ),
        kind=Kind.ROUTINE,
    )
    return plan(book, inventory(*hosts))[0]


def frozen(made: Plan, folder: Path) -> bytes:
    store = Store(folder)
    return store.plan(store.freeze(made, {}))


def test_a_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    made = made_of(described(), described("db02"))
    assert thaw_plan(frozen(made, tmp_path), made.digest) == made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts, values, st.dictionaries(st.sampled_from("abc"), values, max_size=2), st.floats(0.1, 1e4))
def test_whatever_a_plan_holds_comes_back_with_the_same_digest(
    tmp_path: Path, title: str, value: Any, variables: dict[str, Any], pause: float
) -> None:
    argument = Verbatim(value) if isinstance(value, str) else value
    stock = inventory(host("a", thing=argument), host("b", thing=argument))
    tasks: list[Task] = [
        task("disk", {"path": title.replace("{", "(")}),
        action(Module.DEBUG, {"msg": "{{ thing }}"}),
        action(Module.PAUSE, {"seconds": pause}),
    ]
    fixed = {name: Verbatim(one) if isinstance(one, str) else one for name, one in variables.items()}
    made, _ = plan(runbook(play(*tasks, **fixed), kind=Kind.ROUTINE), stock)
    thawed = thaw_plan(frozen(made, tmp_path), made.digest)
    assert (thawed, thawed.digest) == (made, made.digest)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_altered_byte_makes_another_plan_of_it(tmp_path: Path, data: st.DataObject) -> None:
    made = made_of(described())
    content = bytearray(frozen(made, tmp_path))
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    assume(content[place] != byte)
    content[place] = byte
    try:
        thawed = thaw_plan(bytes(content), made.digest)
    except StoreError:
        return
    assert thawed == made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"uptime"', b'"reboot"'),
        (b'"environment":"test"', b'"environment":"prod"'),
        (b'"idempotent"', b'"read"'),
        (b'"digest":"', b'"digest":"0'),
        (b"10.0.0.1", b"10.0.0.2"),
    ],
)
def test_a_plan_that_was_tampered_with_is_refused(old: bytes, new: bytes, tmp_path: Path) -> None:
    made = made_of(described())
    content = frozen(made, tmp_path)
    assert old in content
    with pytest.raises(StoreError, match="is not the plan"):
        thaw_plan(content.replace(old, new), made.digest)


def test_a_plan_under_another_plans_digest_is_refused(tmp_path: Path) -> None:
    made, other = made_of(described()), made_of(described("db02"))
    with pytest.raises(StoreError, match="is not the plan"):
        thaw_plan(frozen(made, tmp_path), other.digest)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"digest": ""}'])
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(StoreError, match="is not the plan"):
        thaw_plan(content, "0" * 64)


def found(made: Plan, stock: Inventory, checks: Shelf = CHECKS) -> dict[str, Host]:
    return dict(find_hosts(made, stock, checks, KEY, 10.0))


def test_the_hosts_are_found_again_with_their_secrets() -> None:
    made = made_of(described(), described("db02"))
    again = found(made, inventory(described("new"), described("db02"), described()))
    assert list(again) == ["db01", "db02"]
    assert [secret.reveal() for secret in again["db01"].secrets] == ["hunter22"]


def test_a_variable_that_the_plan_does_not_use_may_change() -> None:
    assert found(made_of(described()), inventory(described(remark="new")))


def without_password() -> InventoryHost:
    return host("db01", "db", environment="test", ansible_host="10.0.0.1")


@pytest.mark.parametrize(
    "now",
    [
        lambda: described("other"),
        lambda: described(ansible_host="10.0.0.2"),
        lambda: described(ansible_port=2222),
        lambda: described(ansible_user="root"),
        lambda: described(password="hunter23"),
        without_password,
        lambda: described(environment="production"),
        lambda: described(environment=["test"]),
        lambda: described(environment="{{ gone }}"),
    ],
    ids=["vanished", "address", "port", "user", "secret", "no secret", "purpose", "list", "undefined"],
)
def test_a_host_that_is_not_what_was_planned_for_is_refused_by_name(now: Callable[[], InventoryHost]) -> None:
    made = made_of(described(), described("db02"))
    with pytest.raises(Refused, match=r"the inventory changed.*: db01") as caught:
        found(made, inventory(now(), described("db02")))
    assert "db02" not in str(caught.value)
    assert caught.value.hint is not None


def test_a_check_that_is_not_installed_any_more_is_refused() -> None:
    left = Shelf({name: CHECKS.get(name) for name in CHECKS.names if name != "database"})
    with pytest.raises(Refused, match="the check database is not there"):
        found(made_of(described()), inventory(described()), left)


def test_the_frozen_form_holds_no_secret(tmp_path: Path) -> None:
    content = frozen(made_of(described()), tmp_path)
    assert b"hunter22" not in content
    assert json.loads(content)["hosts"][0]["steps"][0]["secret"] == ["argv"]
