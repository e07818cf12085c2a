"""Blows at random over runs of mixed effects: `python -m tests.storm.runs --blows 200 --seed 1`.

With `--hands worker` two `wardround worker` processes carry the runs out; with `--hands command` each run's
own `wardround run start` does, and `wardround run resume` goes on after it was killed. Blows: `kill` (SIGKILL
of one of these), `cut` (all logins on the hosts are killed), `drop` (all packets are lost for seconds; for
root, in a network namespace of its own), `freeze` (a worker is stopped past its lease, and woken once another
has taken over).

It prints its seed and its counts, and ends with 1 when an effect of `once` happened twice, one was lost, an
outcome was said to be unknown, or a run did not end. No blow of these makes an outcome unknown.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.application.clock import system_clock
from orchestrator.bootstrap import Wardround, open_wardround
from orchestrator.model.run import Attempt, Run, RunState, TaskState, Wait
from orchestrator.records.leases import list_leases
from orchestrator.records.postings import leg_due
from orchestrator.records.run_log import run_events
from tests.postgres import running_postgres
from tests.run_site import Process, RunSite, spool_option
from tests.sshd import Sshd, running_sshd

HOSTS = ("t1", "t2", "t3", "t4")
OPEN = 4
"""Runs that there are always under way, so that each blow hits something."""
LOOK: dict[str, object] = {"id": "look", "command": "test -d /", "effect": "read"}
NAMESPACE = "WARDROUND_STORM_NAMESPACE"
PATIENCE = 300.0
"""Seconds for what is left to end, once the blows are over."""
WRITING = ("once-a", "once-b", "same")
_NOT_KNOWN = (TaskState.UNKNOWN, TaskState.INTENDED)
WORKERS = ("anna", "bert")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blows", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1800.0, help="no more blows after that")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--hands", choices=("worker", "command"), default="worker")
    parser.add_argument("--kinds", nargs="+", choices=("kill", "cut", "drop", "freeze"), default=["kill"])
    options = parser.parse_args()
    if "drop" in options.kinds and NAMESPACE not in os.environ:
        enter_namespace()
    print(
        f"runs on {options.database}, by {options.hands}: {options.blows} blows of "
        f"{' '.join(options.kinds)}, seed {options.seed}",
        flush=True,
    )
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wardround-storm-")))
        (server,) = stack.enter_context(running_sshd(folder, options=[spool_option(folder)]))
        settings = _database(stack, folder) if options.database == "postgresql" else ""
        site = RunSite.make(folder, server, HOSTS, settings)
        stack.callback(site.end)
        site.write("looks", [LOOK])
        accepted = site.run("runbook", "accept", "looks", "--reason", "it only looks", "--yes")
        assert accepted.returncode == 0, accepted.stderr
        hands = Workers if options.hands == "worker" else Commands
        storm = Storm(site, server, hands(site), random.Random(options.seed))
        storm.rage(options.blows, options.kinds, time.monotonic() + options.seconds)
        return storm.tell()


class Workers:
    """Runs are asked for, and two workers carry them out."""

    def __init__(self, site: RunSite) -> None:
        self._site = site
        self.living: dict[str, Process] = {}
        self.wardround = open_wardround(site.root)

    def under_way(self) -> int:
        return sum(not run.state.over for run in self.wardround.runs.list(50))

    def tend(self, wanted: list[str]) -> None:
        """Have both workers, and these runs asked for."""
        for name in WORKERS:
            if name not in self.living or not self.living[name].alive:
                self.living[name] = self._site.worker(name)
        for name in wanted:
            self.wardround.runs.ask(name)

    def victim(self, chance: random.Random) -> Process:
        return self.living[chance.choice(WORKERS)]

    def freeze(self, chance: random.Random) -> int:
        """Stop one past its lease, wake it, and have it end; returns its exit code."""
        name = chance.choice(WORKERS)
        frozen = self.living[name]
        (lease,) = [one for one in list_leases() if one.identity == name and not one.dead]
        frozen.send(signal.SIGSTOP)
        until_true(lambda: all(one.fence != lease.fence for one in list_leases()))
        frozen.send(signal.SIGCONT)
        return frozen.wait()


class Commands:
    """Each run has a command that carries it out."""

    def __init__(self, site: RunSite) -> None:
        self._site = site
        self._of: dict[str, Process] = {}
        self.wardround = open_wardround(site.root)

    def under_way(self) -> int:
        """One that was killed before it asked for its run is under way no more."""
        open_runs = {run.runbook.rpartition("/")[2] for run in self._open()}
        return sum(process.alive or name in open_runs for name, process in self._of.items())

    def tend(self, wanted: list[str]) -> None:
        for name in wanted:
            self._of[name] = self._site.begin("run", "start", name)
        for run in self._open():
            name = run.runbook.rpartition("/")[2]
            idle = run.wait is Wait.OTHER_RUN and not leg_due(run.number, system_clock())
            if not self._of[name].alive and not idle:
                self._of[name] = self._site.begin("run", "resume", str(run.number))

    def _open(self) -> list[Run]:
        return [run for run in self.wardround.runs.list(1000) if not run.state.over]

    def victim(self, chance: random.Random) -> Process:
        """One that has come as far as to say something, for its first seconds hold nothing of ours."""
        until_true(lambda: bool(self._speaking()) or not self._living())
        return chance.choice(self._speaking() or self._living() or list(self._of.values()))

    def _living(self) -> list[Process]:
        return [one for one in self._of.values() if one.alive]

    def _speaking(self) -> list[Process]:
        return [one for one in self._living() if one.said()]

    def freeze(self, chance: random.Random) -> int:
        raise SystemExit("a command is not frozen: its lease is its own")


class Storm:
    """One storm over one site."""

    def __init__(self, site: RunSite, server: Sshd, hands: Workers | Commands, chance: random.Random) -> None:
        self._site = site
        self._server = server
        self._hands = hands
        self._chance = chance
        self._hosts: dict[str, list[str]] = {}
        """Runbook -> its hosts: some runs want the same one, and some do not."""
        self._blows: Counter[str] = Counter()

    @property
    def _wardround(self) -> Wardround:
        return self._hands.wardround

    def rage(self, blows: int, kinds: list[str], deadline: float) -> None:
        while self._blows.total() < blows and time.monotonic() < deadline:
            self._tend()
            self._strike(self._chance.choice(kinds))
        until_true(self._all_over, PATIENCE, self._hands.tend)

    def tell(self) -> int:
        """Print what came of it; 1 when something is wrong."""
        runs = self._wardround.runs.list(100_000)
        effects = Counter(line for host in HOSTS for line in self._site.lines(host))
        wrong = {
            "twice": {effect for effect, count in effects.items() if count > 1},
            "lost": {place for run in runs for place in self._said_done(run) if not effects[place]},
            "denied": {place for run in runs for place in self._said_not_begun(run) if effects[place]},
            "unknown": {place for run in runs for place in self._places(run, *_NOT_KNOWN)},
            "not ended as they must": {
                f"run {run.number} {run.state}" for run in runs if not self._well(run)
            },
            "with a gap": {f"run {run.number}" for run in runs if self._gap(run.number, run.last_event)},
        }
        blows = ", ".join(f"{count} {kind}" for kind, count in sorted(self._blows.items()))
        states = ", ".join(f"{count} {state}" for state, count in Counter(run.state for run in runs).items())
        counts = ", ".join(f"{len(found)} {what}" for what, found in wrong.items())
        print(f"{blows}; {len(runs)} runs: {states}; {effects.total()} effects; {counts}", flush=True)
        for what, found in wrong.items():
            for place in sorted(found)[:20]:
                print(f"  {what}: {place}")
        return 1 if not runs or any(wrong.values()) else 0

    def _said_done(self, run: Run) -> set[str]:
        """Effects that a run says happened."""
        done = {place for place in self._places(run, TaskState.OK) if place.rpartition(" ")[2] in WRITING}
        if run.state is RunState.SUCCEEDED:
            done |= {f"{_name(run)} {host} {task}" for host in self._hosts[_name(run)] for task in WRITING}
        return done

    def _said_not_begun(self, run: Run) -> set[str]:
        return self._places(run, TaskState.UNREACHABLE, TaskState.SKIPPED)

    def _places(self, run: Run, *states: TaskState) -> set[str]:
        """Where the latest attempt is in one of these states."""
        latest = {(one.intent.host, one.intent.task): one for one in self._attempts(run)}
        found = {
            place: one.outcome.state if one.outcome else TaskState.INTENDED for place, one in latest.items()
        }
        return {f"{_name(run)} {host} {task}" for (host, task), state in found.items() if state in states}

    def _well(self, run: Run) -> bool:
        """A host that could not be reached when its task was to begin stays out, and says so."""
        if run.state is RunState.FAILED:
            return bool(self._places(run, TaskState.UNREACHABLE)) and bool({"cut", "drop"} & set(self._blows))
        return run.state is RunState.SUCCEEDED

    def _attempts(self, run: Run) -> Sequence[Attempt]:
        return self._wardround.runs.get(run.number).attempts

    def _gap(self, number: int, last: int) -> bool:
        sequences: list[int] = []
        while found := [event.sequence for event in run_events(number, len(sequences))]:
            sequences += found
        return sequences != list(range(1, last + 1))

    def _tend(self) -> None:
        self._hands.tend([self._new_runbook() for _ in range(OPEN - self._hands.under_way())])

    def _new_runbook(self) -> str:
        """Mixed effects, each of which writes down that it happened."""
        name = f"r{len(self._hosts):04d}"
        self._hosts[name] = self._chance.sample(HOSTS, self._chance.randrange(1, 3))
        seconds = [round(self._chance.uniform(0, 1.0), 2) for _ in range(2)]

        def writes(task: str, then: str) -> dict[str, object]:
            host = "{{ inventory_hostname }}"
            said = f"echo {name} {host} {task} >> {self._site.effects}/{host}"
            return {"id": task, "shell": f"{said}; {then}"}

        self._site.write(
            name,
            [
                writes("once-a", f"sleep {seconds[0]}"),
                LOOK,
                {"id": "rest", "pause": {"seconds": 1}},
                writes("once-b", f"seq 1 2000; sleep {seconds[1]}; echo end >&2"),
                {"id": "say", "debug": {"msg": "said"}},
                writes("same", "true"),
            ],
            hosts=":".join(self._hosts[name]),
        )
        return name

    def _strike(self, kind: str) -> None:
        self._blows[kind] += 1
        victim = self._hands.victim(self._chance)
        time.sleep(self._chance.uniform(0, 2.5))
        if kind == "cut":
            self._server.end_connections()
        elif kind == "drop":
            _link("down")
            time.sleep(self._chance.uniform(0.5, 8))
            _link("up")
        elif kind == "freeze":
            code = self._hands.freeze(self._chance)
            assert code == 4, f"a worker that was fenced ended with {code}"
        else:
            victim.kill()

    def _all_over(self) -> bool:
        return all(run.state.over or run.wait == "ruling" for run in self._wardround.runs.list(100_000))


def _name(run: Run) -> str:
    return run.runbook.rpartition("/")[2]


def enter_namespace() -> None:
    """Begin anew where there is no network but our own loopback, which may be cut."""
    script = 'ip link set lo up && exec "$@"'
    again = [sys.executable, "-m", "tests.storm.runs", *sys.argv[1:]]
    os.environ[NAMESPACE] = "1"
    os.execvp("unshare", ["unshare", "-n", "sh", "-c", script, "sh", *again])


def _link(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


def until_true(
    condition: Callable[[], bool], seconds: float = 120.0, tend: Callable[[list[str]], None] = lambda _: None
) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        tend([])
        time.sleep(0.2)


def _database(stack: contextlib.ExitStack, folder: Path) -> str:
    parts = urlsplit(stack.enter_context(running_postgres()))
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(parts.password or "")
    url = f"postgresql://{parts.username}@{parts.hostname}:{parts.port}/postgres"
    return f"database: {url}\ndatabase_password_file: {secret}\n"


if __name__ == "__main__":
    sys.exit(main())
