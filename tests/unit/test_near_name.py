"""Did you mean: a slip of the hand finds its name, and a far name is never offered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.near_name import near_names

HOSTS = ("db1", "his-ap01", "his-db01", "pacs-db01", "web1")
CHECKS = ("cpu_usage", "filesystem_usage", "memory_available", "postgres_alive", "swap_usage", "uptime")


@pytest.mark.parametrize(
    ("written", "known", "meant"),
    [
        ("db2", HOSTS, ("db1",)),
        ("his-bd01", HOSTS, ("his-db01", "his-ap01")),
        ("HIS-DB01", HOSTS, ("his-db01",)),
        ("memory_availble", CHECKS, ("memory_available",)),
        ("filesystems", CHECKS, ("filesystem_usage",)),
        ("memory", CHECKS, ("memory_available",)),
        ("wran", ("warn", "crit", "when"), ("warn",)),
        ("hsots", ("hosts", "roles"), ("hosts",)),
    ],
)
def test_a_slip_finds_what_was_meant(written: str, known: tuple[str, ...], meant: tuple[str, ...]) -> None:
    assert near_names(written, known) == meant


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("zebra", CHECKS),
        ("disk_usage", ("memory_used", "uptime")),
        ("an", ("wang", "li", "ma")),
        ("mysql_alive", ("redis_alive",)),
        ("", HOSTS),
        ("日志", ("磁盘", "内存")),
        ("evening", ("morning", "reachable")),
    ],
)
def test_what_is_far_is_not_offered(written: str, known: tuple[str, ...]) -> None:
    assert near_names(written, known) == ()


@given(st.text(min_size=3, max_size=20), st.data())
def test_one_slip_in_three_letters_or_more_is_always_found(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    dropped = name[:place] + name[place + 1 :]
    assert near_names(dropped, [name]) == (name,)
    assert near_names(name, [name]) == (name,)
