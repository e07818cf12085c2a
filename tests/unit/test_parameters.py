"""Hosts that share a check share its parameters, and never what is their own."""

from __future__ import annotations

from orchestrator.execution.parameters import Resolver
from orchestrator.model.inventory import Verbatim
from tests.inspections import AnyParameters, check, planned_check
from tests.inspections import host as reached
from tests.unit.planning_cast import CHECKS, host, inventory, plan, play, runbook, task


def test_a_check_that_hosts_share_is_validated_once() -> None:
    shared, plugin, resolver = planned_check("x", parameters={"text": "a"}), check(lambda ask: []), Resolver()
    first, second = (resolver.resolve(shared, plugin, reached(name)) for name in ("db01", "db02"))
    assert first == AnyParameters(text="a")
    assert second is first


def test_each_host_gets_its_own_secret_though_the_hosts_share_the_check() -> None:
    stock = inventory(
        *(
            host(name, vaulted=["db_password"], db_password=Verbatim(password))
            for name, password in (("db01", "hunter22"), ("db02", "correct-horse"))
        )
    )
    made, hosts = plan(runbook(play(task("database", {"url": "pg://{{ db_password }}@his"}))), stock)
    [first], [second] = (one.checks for one in made.hosts)
    assert second is first
    plugin, resolver = CHECKS.get("database"), Resolver()
    found = [resolver.resolve(first, plugin, hosts[name]).model_dump()["url"] for name in ("db01", "db02")]
    assert found == ["pg://hunter22@his", "pg://correct-horse@his"]


def test_what_the_sites_own_python_may_alter_is_made_for_each_host() -> None:
    shared, resolver = planned_check("x", parameters={"text": "a"}), Resolver()
    plugin = check(lambda ask: [], site_python=True)
    first, second = (resolver.resolve(shared, plugin, reached(name)) for name in ("db01", "db02"))
    assert first == second
    assert second is not first
