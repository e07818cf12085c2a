"""What ships with the product holds against the product's own readers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from orchestrator.documents.lint import lint
from orchestrator.documents.runbook import read_runbook
from orchestrator.documents.schema import runbook_schema
from orchestrator.documents.site import read_site
from orchestrator.documents.systems import read_systems
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import CheckTask
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from orchestrator.settings import content_root

ROUNDS = ("runbooks", "inventories/demo/runbooks", "inventories/template/runbooks")


@pytest.fixture(scope="module")
def checks() -> Registry[CheckPlugin]:
    return Registry(CHECKS, ("spec", "Parameters", "observe"))


def _site(name: str, folder: Path) -> Site:
    """A shipped site as it stands once it has been copied."""
    site = folder / name
    shutil.copytree(content_root() / "inventories" / name, site)
    (site / "vault.password").touch()
    return read_site(site / "wardround.yml", content_root())


@pytest.mark.parametrize("name", ["demo", "template"])
def test_a_shipped_site_has_no_error_and_nothing_that_nobody_accepted(
    name: str, tmp_path: Path, checks: Registry[CheckPlugin]
) -> None:
    site = _site(name, tmp_path)
    result = lint([site.root], site, checks)
    assert result.files >= 4
    assert [str(found) for found in result.diagnostics] == []


@pytest.mark.parametrize("folder", ROUNDS)
def test_a_morning_round_looks_at_fourteen_things_or_more_on_every_host(
    folder: str, checks: Registry[CheckPlugin]
) -> None:
    path = content_root() / folder / "inspection" / "morning.yml"
    first = read_runbook(str(path), path.read_bytes(), checks).plays[0]
    assert first.hosts == "all"
    assert len(first.tasks) >= 14


def test_the_evening_looks_at_a_part_of_what_the_morning_looks_at(checks: Registry[CheckPlugin]) -> None:
    def tasks(name: str) -> dict[str, str]:
        path = content_root() / "runbooks" / "inspection" / f"{name}.yml"
        (play,) = read_runbook(str(path), path.read_bytes(), checks).plays
        return {task.id: task.check for task in play.tasks if isinstance(task, CheckTask)}

    evening, morning = tasks("evening"), tasks("morning")
    assert 10 <= len(evening) < len(morning)
    assert evening.items() <= morning.items()


@pytest.mark.parametrize("folder", ROUNDS)
def test_a_morning_round_names_a_schema_that_lies_where_it_says(folder: str) -> None:
    path = content_root() / folder / "inspection" / "morning.yml"
    header = path.read_text(encoding="utf-8").splitlines()[0]
    schema = header.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).is_file()


def test_the_shipped_schema_is_the_one_that_the_product_prints(checks: Registry[CheckPlugin]) -> None:
    shipped = json.loads((content_root() / "runbooks" / "runbook.schema.json").read_bytes())
    assert shipped == runbook_schema(checks), "run: wardround schema runbook > runbooks/runbook.schema.json"


def test_the_demo_hospital_has_the_core_systems_and_every_host_carries_one(tmp_path: Path) -> None:
    site = _site("demo", tmp_path)
    assert site.systems is not None
    catalogue = read_systems(str(site.systems), site.systems.read_bytes())
    business = [component for component in catalogue.components if component.seq is not None]
    assert len(business) >= 12
    for host in ("his-db01", "his-app02", "emr-app01", "lis-app01", "yb-front01", "pay-front01", "web01"):
        assert any(component.seq for component in catalogue.affected_by(host, ()))


def test_the_demo_has_a_routine_that_changes_the_hosts_marked_as_test_hosts(
    checks: Registry[CheckPlugin],
) -> None:
    path = content_root() / "inventories/demo/runbooks/routine/maintenance.yml"
    (play,) = read_runbook(str(path), path.read_bytes(), checks).plays
    assert play.hosts == "test"
    assert {action.effect for action in play.actions} == {Effect.READ, None}
    groups = yaml.safe_load((content_root() / "inventories/demo/inventory/hosts.yml").read_text())
    assert groups["all"]["children"]["test"]["vars"] == {"environment": "test"}
