"""Whoever carries a storm's runs out: two workers, or each run's own command."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from orchestrator.application.clock import system_clock
from orchestrator.bootstrap import open_wardround
from orchestrator.errors import StoreError
from orchestrator.execution.dbos_engine import DbosEngine
from orchestrator.model.lease import Lease
from orchestrator.model.run import Run, Wait
from orchestrator.records.leases import list_leases
from orchestrator.records.postings import leg_due, post_again
from orchestrator.worker.start import ENGINE_FILE
from tests.run_site import Process, RunSite

WORKERS = ("anna", "bert")
HOUR = 3600
_WAIT = timedelta(minutes=1)
"""What a run may wait for a time, where no clock was set."""


class Missed(Exception):
    """A blow that hit nothing."""


class Workers:
    """Runs are asked for, and two workers carry them out. Each has a clock of its own."""

    def __init__(self, site: RunSite) -> None:
        self._site = site
        self._off = dict.fromkeys(WORKERS, 0)
        self.living: dict[str, Process] = {}
        self.wardround = open_wardround(site.root)
        for name in WORKERS:
            self._set_clock(name, 0)

    def under_way(self) -> int:
        return len(self.open_runs()) - len(self._stalled())

    def open_runs(self) -> list[Run]:
        return [run for run in self.wardround.runs.list(1000) if not run.state.over]

    def tend(self, wanted: list[str]) -> None:
        """Have both workers, and these runs asked for."""
        for name in WORKERS:
            if name not in self.living or not self.living[name].alive:
                self.living[name] = self._site.worker(name, self._program(name))
        for name in wanted:
            self.wardround.runs.ask(name)
        if self._stalled():
            self.step_clock(max(WORKERS, key=self._off.__getitem__), HOUR)

    def victim(self, chance: random.Random) -> Process:
        return self.living[chance.choice(WORKERS)]

    def freeze(self, chance: random.Random) -> None:
        """Stop one past its lease, wake it when another has taken over, and see that it ends."""
        name, lease = self._one(chance)
        frozen = self.living[name]
        frozen.send(signal.SIGSTOP)
        try:
            # One that has SQLite's one lock as it is frozen keeps all others from writing, and so from this.
            if not until_true(lambda: all(one.fence != lease.fence for one in list_leases()), 60):
                raise Missed
        finally:
            frozen.send(signal.SIGCONT)
        code = frozen.wait()
        assert code == 4, f"a worker that was fenced ended with {code}: {frozen.said()}"

    def share(self, chance: random.Random) -> None:
        """Have the other worker take up what one has in hand, who lives and goes on with it."""
        name, lease = self._one(chance)
        mine = {run.number for run in self.open_runs() if run.executor == lease.executor}
        if not mine:
            raise Missed
        shared = self.living[name]
        shared.send(signal.SIGSTOP)  # or it would take them up again itself
        try:
            asyncio.run(self._recover(lease.executor))
            post_again(lease.executor)
            if not until_true(lambda: bool(mine - self._of(lease.executor)), 10):
                raise Missed
        except StoreError as error:  # as above
            raise Missed from error
        finally:
            shared.send(signal.SIGCONT)

    def step_clock(self, name: str, seconds: int) -> None:
        self._set_clock(name, self._off[name] + seconds)

    def finish(self) -> None:
        """Nobody waits for a time any more that only a wrong clock has put off."""
        furthest = max(self._off.values())
        for name in WORKERS if any(self._off.values()) else ():
            self._set_clock(name, furthest + 2 * HOUR)

    async def _recover(self, executor: str) -> None:
        site = self.wardround.site
        engine = DbosEngine(site.database or site.state / ENGINE_FILE, system_clock)
        try:
            await engine.recover(executor)
        finally:
            await engine.close()

    def _one(self, chance: random.Random) -> tuple[str, Lease]:
        name = chance.choice(WORKERS)
        return name, next(one for one in list_leases() if one.identity == name and not one.dead)

    def _of(self, executor: str) -> set[int]:
        return {run.number for run in self.open_runs() if run.executor == executor}

    def _stalled(self) -> list[Run]:
        """Runs that wait longer than they should, since a clock was set back."""
        late = system_clock() + timedelta(seconds=max(self._off.values())) + _WAIT
        return [run for run in self.open_runs() if run.until and run.until > late]

    def _set_clock(self, name: str, seconds: int) -> None:
        self._off[name] = seconds
        fresh = self._clock(name).with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.rename(self._clock(name))

    def _clock(self, name: str) -> Path:
        return self._site.root / f"clock-{name}"

    def _program(self, name: str) -> Sequence[str | Path]:
        return (sys.executable, "-m", "tests.storm.stepped_clock", self._clock(name))


class Commands:
    """Each run has a command that carries it out, and one that resumes it when that was killed."""

    def __init__(self, site: RunSite) -> None:
        self._site = site
        self._of: dict[str, Process] = {}
        self.wardround = open_wardround(site.root)

    def under_way(self) -> int:
        """One that was killed before it asked for its run is under way no more."""
        names = {_name(run) for run in self.open_runs()}
        return sum(process.alive or name in names for name, process in self._of.items())

    def open_runs(self) -> list[Run]:
        return [run for run in self.wardround.runs.list(1000) if not run.state.over]

    def tend(self, wanted: list[str]) -> None:
        for name in wanted:
            self._of[name] = self._site.begin("run", "start", name)
        for run in self.open_runs():
            name = _name(run)
            idle = run.wait in (Wait.OTHER_RUN, Wait.RULING) and not leg_due(run.number, system_clock())
            if not self._of[name].alive and not idle:
                self._of[name] = self._site.begin("run", "resume", str(run.number))

    def victim(self, chance: random.Random) -> Process:
        """One that has come as far as to say something, for its first seconds hold nothing of ours."""
        until_true(lambda: bool(self._speaking()) or not self._living())
        return chance.choice(self._speaking() or self._living() or list(self._of.values()))

    def finish(self) -> None:
        pass

    def _living(self) -> list[Process]:
        return [one for one in self._of.values() if one.alive]

    def _speaking(self) -> list[Process]:
        return [one for one in self._living() if one.said()]


def until_true(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Wait for it; whether it came."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _name(run: Run) -> str:
    return run.runbook.rpartition("/")[2]
