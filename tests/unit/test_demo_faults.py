"""The demo's days: what is wrong on each, and what changes from one to the next."""

from __future__ import annotations

import pytest

from orchestrator.demo.faults import FAULTS
from orchestrator.demo.hospital import HOSTS


def _wrong(day: int) -> set[str]:
    return {fault.id for fault in FAULTS if fault.present(day)}


def test_the_first_day_shows_every_kind_of_fault() -> None:
    planted = ("volume-full", "backup-stale", "backup-shrunk", "certificate", "emr-stopped", "his-errors")
    assert _wrong(0) == {*planted, "host-down"}


@pytest.mark.parametrize("day", range(1, 9))
def test_each_further_day_clears_something_and_brings_something_new(day: int) -> None:
    assert _wrong(day - 1) - _wrong(day)
    assert _wrong(day) - _wrong(day - 1)


@pytest.mark.parametrize("day", [1, 2])
def test_something_persists_within_the_first_three_days(day: int) -> None:
    assert _wrong(day) & _wrong(day - 1)


def test_every_fault_is_planted_on_a_host_that_exists() -> None:
    assert {fault.host for fault in FAULTS} <= {host.name for host in HOSTS}


def test_no_two_hosts_share_an_address_or_a_port() -> None:
    ports = [host.service.port for host in HOSTS if host.service]
    assert len({host.address for host in HOSTS}) == len(HOSTS)
    assert len(set(ports)) == len(ports)
