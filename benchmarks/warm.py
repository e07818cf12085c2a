"""Runs two rounds in one process over kept connections, and writes what the second one cost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.usage import children, tree_cpu
from orchestrator.application.recorder import records_thread
from orchestrator.application.reports import Reports
from orchestrator.application.round_request import RoundRequest
from orchestrator.bootstrap import Wardround, open_wardround
from orchestrator.language import Language
from orchestrator.model.actor import Actor, Proof
from orchestrator.reach.session import Reach


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
        number, _ = await wardround.rounds.run(reach, request, lambda _: None, records)
    return number


def _report(reports: Reports, number: int) -> None:
    reports.write(reports.build(number), "html", Language.ZH, None)


if __name__ == "__main__":
    opened = open_wardround(Path(sys.argv[1]))
    # Touched before the event loop runs: Django opens its database outside of it.
    opened.rounds, opened.reports  # noqa: B018 - asked for what asking does
    asyncio.run(main(opened, [int(pid) for pid in os.environ["BENCH_SERVERS"].split()]))
