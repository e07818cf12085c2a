"""A storm over one site: there is always something under way, and blow follows blow."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from orchestrator.model.run import Attempt, Decision, Run, Wait
from tests.run_site import RunSite
from tests.storm.blows import Blows
from tests.storm.hands import Commands, Missed, Workers
from tests.storm.load import Load

PATIENCE = 300.0
"""Seconds for what is left to end, once the blows are over."""


class Storm:
    """One storm."""

    def __init__(
        self,
        site: RunSite,
        load: Load,
        blows: Blows,
        hands: Workers | Commands,
        chance: random.Random,
        runs: int,
    ) -> None:
        """`runs` are under way at any time, so that each blow hits something."""
        self._runs = runs
        self._site = site
        self._load = load
        self._blows = blows
        self._hands = hands
        self._chance = chance
        self.hit: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()

    def rage(self, blows: int, kinds: Sequence[str], deadline: float) -> None:
        """Until so many have hit, or it is too late; then let all that is under way end."""
        deck = self._deck(kinds)
        while self.hit.total() < blows and time.monotonic() < deadline:
            self._tend()
            kind = next(deck)
            try:
                self._blows.strike(kind)
                self.hit[kind] += 1
            except Missed:
                self.missed[kind] += 1
        self._hands.finish()
        late = time.monotonic() + PATIENCE
        while self._hands.open_runs() and time.monotonic() < late:
            self._hands.tend([])
            self._rule()
            time.sleep(0.2)

    def tell(self) -> None:
        print(f"blows: {_listed(self.hit)}; that hit nothing: {_listed(self.missed)}", flush=True)

    def _deck(self, kinds: Sequence[str]) -> Iterator[str]:
        """Each kind as often as any other, in any order."""
        while True:
            yield from self._chance.sample(kinds, len(kinds))

    def _tend(self) -> None:
        self._rule()
        missing = self._runs - self._hands.under_way()
        self._hands.tend([self._load.write_runbook() for _ in range(missing)])

    def _rule(self) -> None:
        """Somebody looks on the host what came of what nobody knows."""
        for run in self._hands.open_runs():
            if run.wait is not Wait.RULING:
                continue
            view = self._hands.wardround.runs.get(run.number)
            ruled = {(one.host, one.task, one.number) for one in view.rulings}
            for attempt in view.unruled:
                one = attempt.intent
                if (one.host, one.task, one.number) not in ruled:
                    self._hands.wardround.runs.rule(
                        run.number, one.host, one.task, self._seen(run, attempt), "seen on the host"
                    )

    def _seen(self, run: Run, attempt: Attempt) -> Decision:
        host, task = attempt.intent.host, attempt.intent.task
        line = f"{run.runbook.rpartition('/')[2]} {host} {task}"
        return Decision.DONE if line in self._site.lines(host) else Decision.RETRY


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"
