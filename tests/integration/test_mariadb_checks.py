"""MariaDB checks MYS01-MYS08 against real servers."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.model.question import SqlAnswer, SqlProbe
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, Registry
from orchestrator.reach.sql_probe import Databases
from tests.checks.local_ask import LocalAsk
from tests.mariadb_server import PASSWORD, connect, execute, running_mariadb
from tests.redis_server import wait_until

REGISTRY: Registry[CheckPlugin] = Registry(CHECKS, ("spec", "Parameters", "observe"))
pytestmark = pytest.mark.xdist_group("mariadb")


class DatabaseAsk(LocalAsk):
    """Asks databases for real too."""

    def sql(self, url: str, statement: str) -> SqlAnswer:
        databases = Databases()
        try:
            answer = asyncio.run(databases.ask(SqlProbe(url, statement)))
        finally:
            databases.close()
        if answer.error:
            raise CannotTell(answer.error)
        return answer


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    with running_mariadb() as started:
        execute(
            started[1],
            "CREATE DATABASE his",
            "CREATE TABLE his.orders (id TINYINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, word INT)",
            "INSERT INTO his.orders VALUES (200, 0), (5, 0)",
        )
        yield started


def seen(check: str, **parameters: object) -> dict[str, object]:
    plugin = REGISTRY.get(check)
    found = plugin.observe(DatabaseAsk(), plugin.Parameters(**parameters))
    return {observation.metric: observation.value for observation in found}


def test_a_server_that_answers_is_alive_and_one_that_is_gone_is_not(server: tuple[str, int]) -> None:
    assert seen("mariadb_alive", url=server[0]) == {"state": "alive"}
    assert seen("mariadb_alive", url=f"mysql+pymysql://ward:{PASSWORD}@127.0.0.1:1/x") == {
        "state": "not alive"
    }


def test_connections_are_held_against_their_limit(server: tuple[str, int]) -> None:
    held = [connect(server[1]) for _ in range(9)]
    try:
        used = seen("mariadb_connections", url=server[0])["used_pct"]
        assert isinstance(used, float)
        assert 45 <= used <= 75
    finally:
        for connection in held:
            connection.close()


def test_a_server_that_follows_nobody_has_no_replication(server: tuple[str, int]) -> None:
    with pytest.raises(NotApplicable):
        seen("mariadb_replication", url=server[0])


def test_a_replica_tells_its_lag_and_a_stopped_one_is_seen(server: tuple[str, int]) -> None:
    with running_mariadb(2) as (url, port):
        execute(
            port,
            f"CHANGE MASTER TO master_host='127.0.0.1', master_port={server[1]}, master_user='ward',"
            f" master_password='{PASSWORD}', master_use_gtid=no, master_log_file='', master_log_pos=4",
            "SET GLOBAL sql_slave_skip_counter = 0",
        )
        with connect(server[1]) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            file, place = cursor.fetchone()[:2]
        execute(port, f"CHANGE MASTER TO master_log_file='{file}', master_log_pos={place}", "START SLAVE")
        wait_until(lambda: seen("mariadb_replication", url=url).get("threads") == "running", 30)
        assert seen("mariadb_replication", url=url)["lag_s"] == 0
        execute(port, "STOP SLAVE SQL_THREAD")
        assert seen("mariadb_replication", url=url) == {"threads": "stopped"}


def test_a_transaction_that_stays_open_is_seen_with_its_age(server: tuple[str, int]) -> None:
    assert seen("mariadb_long_transactions", url=server[0]) == {"oldest_min": 0.0}
    with connect(server[1]) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE his.orders SET word = 1 WHERE id = 5")
        wait_until(lambda: seen("mariadb_long_transactions", url=server[0]) == {"oldest_min": 0.1})
        cursor.execute("ROLLBACK")


def test_who_waits_for_a_lock_is_counted(server: tuple[str, int]) -> None:
    assert seen("mariadb_lock_waits", url=server[0]) == {"waiting": 0}
    with connect(server[1]) as holder, holder.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE his.orders SET word = 1 WHERE id = 5")
        waiter = threading.Thread(
            target=execute, args=(server[1], "UPDATE his.orders SET word = 2 WHERE id = 5")
        )
        waiter.start()
        try:
            wait_until(lambda: seen("mariadb_lock_waits", url=server[0]) == {"waiting": 1})
        finally:
            cursor.execute("ROLLBACK")
            waiter.join()


def test_the_history_list_has_a_length(server: tuple[str, int]) -> None:
    length = seen("mariadb_history", url=server[0])["length"]
    assert isinstance(length, float)
    assert 0 <= length < 50_000


def test_numbers_that_run_out_are_seen(server: tuple[str, int]) -> None:
    used = seen("mariadb_auto_increment", url=server[0])["used_ratio"]
    assert isinstance(used, float)
    assert 0.78 < used < 0.8


def test_the_newest_complete_backup_counts(tmp_path: Path) -> None:
    assert seen("mariadb_backup", directory=str(tmp_path)) == {"backups": 0}
    for name, hours in (("monday", 30), ("tuesday", 6)):
        (tmp_path / name).mkdir()
        complete = tmp_path / name / "xtrabackup_info"
        complete.write_text("tool_name = mariabackup\n")
        os.utime(complete, (time.time() - hours * 3600,) * 2)
    (tmp_path / "under way").mkdir()
    (tmp_path / "under way" / "ibdata1").write_text("")
    assert seen("mariadb_backup", directory=str(tmp_path)) == {"backups": 2, "age_h": 6.0}
    with pytest.raises(CannotTell):
        seen("mariadb_backup", directory=str(tmp_path / "nowhere"))
