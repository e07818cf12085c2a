"""Runs two rounds in one process over kept connections, and writes what the second one cost."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.usage import children, tree_cpu
from orchestrator.application.clock import system_clock
from orchestrator.application.legs import Legs
from orchestrator.application.recorder import records_thread
from orchestrator.application.reports import Reports
from orchestrator.application.round_request import RoundRequest
from orchestrator.bootstrap import Wardround, open_wardround
from orchestrator.language import Language
from orchestrator.model.actor import Actor, Proof
from orchestrator.reach.session import Reach
from orchestrator.records.leases import take_lease
from orchestrator.records.process import this_life


async def main(wardround: Wardround, servers: Sequence[int]) -> None:
    request = RoundRequest(runbook="bench", actor=Actor("benchmark", Proof.PROGRAM))
    reports, reach = wardround.reports, wardround.open_pool()
    try:
        # Whoever repeats rounds repeats their reports: the first of both fetches code and templates.
        number = await _round(wardround, reach, request)
        await asyncio.to_thread(_report, reports, number)
        # The hosts' shells are our logins' and live on: their CPU is read without waiting for their end.
        hosts, wall = tree_cpu(servers), time.perf_counter()
        client = time.process_time() + children()
        number = await _round(wardround, reach, request)
        await asyncio.to_thread(_report, reports, number)
        used = {
            "wall": time.perf_counter() - wall,
            "client_cpu": time.process_time() + children() - client,
            "host_cpu": tree_cpu(servers) - hosts,
        }
    finally:
        await reach.close()
    Path("warm.json").write_text(json.dumps(used))


async def _round(wardround: Wardround, reach: Reach, request: RoundRequest) -> int:
    with records_thread() as records:
        executor = await asyncio.wrap_future(records.submit(_executor))
        legs = Legs(
            wardround.site, wardround.checks, wardround.rounds, system_clock, reach, records, executor
        )
        run = await asyncio.wrap_future(records.submit(wardround.runs.ask_round, request))
        await legs.advance(run)
        number = (await asyncio.wrap_future(records.submit(wardround.runs.get, run))).run.round
    assert number is not None
    return number


def _executor() -> str:
    """Of a worker that lives, and will not be missed."""
    return take_lease(secrets.token_hex(8), this_life(), system_clock()).executor


def _report(reports: Reports, number: int) -> None:
    reports.write(reports.build(number), "html", Language.ZH, None)


if __name__ == "__main__":
    opened = open_wardround(Path(sys.argv[1]))
    # Touched before the event loop runs: Django opens its database outside of it.
    opened.rounds, opened.runs, opened.reports  # noqa: B018 - asked for what asking does
    asyncio.run(main(opened, [int(pid) for pid in os.environ["BENCH_SERVERS"].split()]))
