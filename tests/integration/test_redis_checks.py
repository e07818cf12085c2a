"""Redis checks RDS01-RDS05 against real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import CannotTell
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from tests.checks.local_ask import LocalAsk
from tests.redis_server import cli, running_redis, wait_until

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))
pytestmark = pytest.mark.xdist_group("redis")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("redis") / "master"
    with running_redis(folder, "maxmemory 20mb", "maxmemory-policy allkeys-lru", "appendonly yes") as port:
        yield port


@pytest.fixture(scope="module")
def replica(master: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("redis") / "replica"
    with running_redis(folder, f"replicaof 127.0.0.1 {master}", "repl-diskless-sync-delay 0") as port:
        wait_until(lambda: "master_link_status:up" in cli(port, "info", "replication"))
        yield port


def seen(check: str, port: int, **parameters: object) -> dict[str, object]:
    plugin = REGISTRY.get(check)
    found = plugin.observe(LocalAsk(), plugin.Parameters(port=port, **parameters))  # type: ignore[call-arg]
    return {observation.metric: observation.value for observation in found}


def test_memory_is_held_against_its_limit(master: int) -> None:
    used = seen("redis_memory", master)["used_pct"]
    assert isinstance(used, float)
    assert 1 < used < 60


def test_without_a_limit_memory_is_held_against_the_machine(replica: int) -> None:
    used = seen("redis_memory", replica)["used_pct"]
    assert isinstance(used, float)
    assert used < 5


def test_a_master_says_how_many_replicas_it_lacks(master: int, replica: int) -> None:
    wait_until(lambda: "state=online" in cli(master, "info", "replication"))
    assert seen("redis_replication", master, replicas=1) == {"role": "master", "missing_replicas": 0}
    assert seen("redis_replication", master, replicas=3)["missing_replicas"] == 2


def test_a_replica_says_whether_it_hangs_on_its_master(replica: int, tmp_path: Path) -> None:
    assert seen("redis_replication", replica) == {"role": "slave", "link": "up"}
    with running_redis(tmp_path / "lost", "replicaof 127.0.0.1 1") as lost:
        assert seen("redis_replication", lost)["link"] == "down"


def test_a_save_that_fails_is_seen(tmp_path: Path) -> None:
    with running_redis(tmp_path / "ill", "rename-command KEYS ''") as port:
        assert seen("redis_persistence", port) == {"rdb": "ok"}
        # A folder in the way of the file that it renames its save to.
        (tmp_path / "ill" / "dump.rdb").mkdir()
        cli(port, "bgsave")
        wait_until(lambda: "rdb_last_bgsave_status:err" in cli(port, "info", "persistence"))
        assert seen("redis_persistence", port) == {"rdb": "err"}


def test_an_append_only_file_is_looked_at_where_there_is_one(master: int) -> None:
    assert seen("redis_persistence", master) == {"rdb": "ok", "aof": "ok"}


def test_evictions_and_refused_connections_are_counted(tmp_path: Path) -> None:
    with running_redis(tmp_path / "small", "maxmemory 3mb", "maxmemory-policy allkeys-lru") as port:
        assert seen("redis_refusals", port) == {"rejected": 0, "evicted": 0}
        cli(port, "eval", "for i=1,4000 do redis.call('set','k'..i,string.rep('x',1000)) end", "0")
        evicted = seen("redis_refusals", port)["evicted"]
        assert isinstance(evicted, float)
        assert evicted > 100


def test_sentinels_say_whether_they_could_decide(master: int, replica: int, tmp_path: Path) -> None:
    watch = f"sentinel monitor his 127.0.0.1 {master} 1"
    with running_redis(tmp_path / "sentinel", watch, sentinel=True) as port:
        assert seen("redis_sentinel", port, master="his") == {"quorum": "OK"}
        cli(port, "sentinel", "set", "his", "quorum", "3")
        assert seen("redis_sentinel", port, master="his") == {"quorum": "NOQUORUM"}
        with pytest.raises(CannotTell):
            seen("redis_sentinel", port, master="nobody")


def test_a_password_is_read_from_a_file_on_the_host_and_its_lack_is_said(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    with running_redis(tmp_path / "closed", "requirepass s3cret") as port:
        assert seen("redis_persistence", port, password_file=str(password)) == {"rdb": "ok"}
        with pytest.raises(CannotTell, match="refuses"):
            seen("redis_persistence", port)
        password.write_text("wrong\n")
        with pytest.raises(CannotTell):
            seen("redis_persistence", port, password_file=str(password))
        with pytest.raises(CannotTell, match="lacks a file"):
            seen("redis_persistence", port, password_file=str(tmp_path / "missing"))


def test_a_server_that_is_not_there_is_unknown_and_never_well() -> None:
    for check in (
        "redis_memory",
        "redis_replication",
        "redis_persistence",
        "redis_refusals",
        "redis_sentinel",
    ):
        with pytest.raises(CannotTell):
            seen(check, 1)
