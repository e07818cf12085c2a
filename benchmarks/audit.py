"""How long the log of events takes: to be added to in one transaction, and to be verified as a whole.

python -m benchmarks.audit --added 10000 --verified 300000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.model.actor import PROGRAM
from orchestrator.model.site import HashAlgorithm
from orchestrator.records.audit_place import keep_head_in
from orchestrator.records.database import disconnect, open_database

START = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--added", type=int, default=10_000, help="events in one transaction")
    parser.add_argument("--verified", type=int, default=300_000, help="events of the log that is verified")
    parser.add_argument("--hash", type=HashAlgorithm, default=HashAlgorithm.SM3, choices=list(HashAlgorithm))
    chosen = parser.parse_args()
    print("| what | wall | our CPU |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="wardround-audit-") as folder:
        open_database(Path(folder))
        keep_head_in(Path(folder) / "audit", chosen.hash)
        with timed(f"add {chosen.added} events in one transaction, {chosen.hash}"):
            add(chosen.added)
        for _ in range(chosen.verified // chosen.added - 1):
            add(chosen.added)
        from orchestrator.records.chain_walk import read_log
        from orchestrator.records.vouching import forged_rows

        with timed(f"verify {chosen.verified // chosen.added * chosen.added} events, {chosen.hash}"):
            verified, found = read_log()
            assert verified.broken is None
            assert forged_rows(found) == ()
        disconnect()


def add(events: int) -> None:
    from orchestrator.records.events import append_events
    from orchestrator.records.models.event import EventKind

    data = {"round": 12, "finding": "b" * 32, "verdict": "crit", "value": 97.5}
    entries = [(EventKind.FINDING_OPENED, f"his-db{number:05d} disk /data", data) for number in range(events)]
    append_events(START, PROGRAM, entries)


@contextmanager
def timed(what: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"| {what} | {time.perf_counter() - wall:.2f} s | {time.process_time() - cpu:.2f} s |", flush=True)


if __name__ == "__main__":
    main()
