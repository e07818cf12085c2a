"""Who may own a finding: a site with accounts knows its people, a demo takes any name."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.application.findings import Findings
from orchestrator.errors import InputError, NotFound
from orchestrator.model.verdict import Verdict
from orchestrator.records.models import Account, Finding
from tests.integration.test_people import Clock, make_site
from tests.people import APPROVER, OUTSIDER, REQUESTER, Cast
from tests.rounds import plan, recorded, seen


@pytest.fixture
def number(database: Path) -> int:
    recorded(plan("db1"), seen("db1", Verdict.CRIT))
    return Finding.objects.get().number


@pytest.fixture
def findings(database: Path, tmp_path: Path) -> Findings:
    """As the requester, who is logged in, has them."""
    clock = Clock()
    site = make_site(tmp_path, database)
    cast = Cast(site, tmp_path / "sessions", clock).enter()
    cast.log_in(REQUESTER)
    return Findings(site, cast.people, clock)


def test_a_finding_is_given_to_an_account_however_its_name_is_typed(findings: Findings, number: int) -> None:
    assert findings.assign(number, f" {APPROVER.upper()} ", None, "").owner == APPROVER


def test_a_name_that_is_no_account_is_refused_with_the_nearest(findings: Findings, number: int) -> None:
    with pytest.raises(NotFound) as nobody:
        findings.assign(number, "aprover", None, "")
    assert APPROVER in str(nobody.value.hint)
    assert Finding.objects.get().owner == ""


def test_a_blocked_account_owns_nothing_new(findings: Findings, number: int) -> None:
    Account.objects.filter(name=OUTSIDER).update(is_active=False)
    with pytest.raises(InputError, match="blocked"):
        findings.assign(number, OUTSIDER, None, "")


def test_a_site_in_single_user_mode_takes_any_name(database: Path, tmp_path: Path, number: int) -> None:
    clock = Clock()
    site = make_site(tmp_path, database, single_user=True)
    findings = Findings(site, Cast(site, tmp_path / "sessions", clock).people, clock)
    assert findings.assign(number, "王工", None, "").owner == "王工"
