"""A round that nobody waits for: its report is ready when somebody asks for it in the morning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.application.round_request import RoundRequest
from orchestrator.bootstrap import Wardround, open_wardround
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.run import RunState
from orchestrator.records import database as records
from orchestrator.records.models import KeptForecasts
from tests.run_site import RunSite, spool_option, until
from tests.sshd import needs_sshd, running_sshd

pytestmark = needs_sshd
DISKS = [
    {
        "name": "disks",
        "kind": "inspection",
        "hosts": "t1",
        "tasks": [{"name": "room", "id": "room", "check": {"filesystem_usage": {}}}],
    }
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunSite]:
    with running_sshd(tmp_path, options=[spool_option(tmp_path)]) as (server,):
        site = RunSite.make(tmp_path, server, ("t1",))
        (site.root / "runbooks" / "inspection" / "disks.yml").write_text(json.dumps(DISKS))
        yield site
        site.end()
    records.disconnect()


def ask(wardround: Wardround) -> int:
    return wardround.runs.ask_round(RoundRequest(runbook="disks", actor=Actor("timetable", Proof.PROGRAM)))


def test_the_worker_that_ran_it_has_worked_its_forecasts_out(site: RunSite) -> None:
    wardround = open_wardround(site.root)
    number = ask(wardround)
    site.worker()
    until(lambda: wardround.runs.get(number).run.state.over)
    run = wardround.runs.get(number).run
    assert run.state is RunState.SUCCEEDED, run.reason
    until(KeptForecasts.objects.filter(round=run.round).exists)
