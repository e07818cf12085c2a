"""What a storm strikes with. Each blow returns when it has passed."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from orchestrator.errors import StoreError
from orchestrator.model.server import Server
from orchestrator.records.leases import list_leases
from tests.postgres import stopped_postgres
from tests.storm.disk import filled
from tests.storm.hands import HOUR, WORKERS, Commands, Missed, Workers, until_true
from tests.storm.target import Target

KINDS: Mapping[str, str] = {
    "kill": "SIGKILL of a worker, or of a run's own command",
    "cut": "all logins on the hosts are killed",
    "drop": "for seconds all packets are lost, those to the database too",
    "restart": "the hosts' sshd ends and comes again",
    "reboot": "the hosts lose their power: another boot id, and nothing that ran is left",
    "full-site": "the disk with journal, queue and artifacts fills up for seconds",
    "full-spool": "so does the disk that the hosts keep launches on",
    "clock": "a worker's clock is set by an hour, either way",
    "freeze": "a worker is stopped past its lease, and woken when another has taken over",
    "share": "a run is taken up by the second worker while the first lives and is at it",
    "database": "PostgreSQL is stopped for seconds, in an orderly way or not",
    "full-database": "the disk that PostgreSQL has its data on fills up for seconds",
}
FOR_ROOT = frozenset({"drop", "restart", "reboot", "full-site", "full-spool", "full-database"})
"""They need namespaces of their own."""
FOR_POSTGRESQL = frozenset({"database", "full-database"})
FOR_WORKERS = frozenset({"clock", "freeze", "share"})
UNREACHABLE = frozenset({"cut", "drop", "restart", "reboot"})
"""After these a host may have been away when its task was to begin: it stays out, and says so."""


class Blows:
    """The blows on one site."""

    def __init__(
        self, target: Target, hands: Workers | Commands, chance: random.Random, postgres: Path
    ) -> None:
        """`postgres` is where the database's server has its data, if there is one."""
        self._postgres = postgres
        self._hands = hands
        self._chance = chance
        self._state = hands.wardround.site.state
        self._database = hands.wardround.site.database
        self._blows: dict[str, Callable[[], None]] = {
            "kill": self._kill,
            "cut": target.cut,
            "drop": self._drop,
            "restart": lambda: target.restart_sshd(chance.uniform(0, 3)),
            "reboot": lambda: target.reboot(chance.uniform(0, 5)),
            "full-site": lambda: self._fill(self._state),
            "full-spool": lambda: self._fill(target.spools),
            "database": self._stop_database,
            "full-database": self._fill_database,
        }
        if isinstance(hands, Workers):
            self._blows |= {
                "clock": lambda: hands.step_clock(chance.choice(WORKERS), chance.choice((-HOUR, HOUR))),
                "freeze": lambda: hands.freeze(chance),
                "share": lambda: hands.share(chance),
            }

    def strike(self, kind: str) -> None:
        """At a random moment.

        Raises:
            Missed: it hit nothing.
        """
        time.sleep(self._chance.uniform(0, 2.5))
        self._blows[kind]()

    def _kill(self) -> None:
        victim = self._hands.victim(self._chance)
        time.sleep(self._chance.uniform(0, 1.0))
        if not victim.alive:
            raise Missed
        victim.kill()

    def _drop(self) -> None:
        _link("down")
        time.sleep(self._chance.uniform(0.5, 8))
        _link("up")

    def _fill(self, folder: Path) -> None:
        with filled(folder):
            time.sleep(self._chance.uniform(0.5, 6))

    def _stop_database(self) -> None:
        assert isinstance(self._database, Server)
        mode: Literal["fast", "immediate"] = self._chance.choice(("fast", "immediate"))
        with stopped_postgres(self._database, mode):
            time.sleep(self._chance.uniform(0.2, 8))
        # Our own connection is one that the server has forgotten.
        until_true(_answers)

    def _fill_database(self) -> None:
        self._fill(self._postgres)
        until_true(_answers)


def _answers() -> bool:
    try:
        list_leases()
    except StoreError:
        return False
    return True


def _link(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)
