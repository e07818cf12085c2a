"""What came of a storm: what runs say, held against what happened and what the hosts have kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator.application.runs import RunView
from orchestrator.bootstrap import Wardround
from orchestrator.model.run import Attempt, Run, RunState, TaskState
from orchestrator.records.run_log import run_events
from tests.run_site import RunSite
from tests.storm.blows import UNREACHABLE
from tests.storm.load import HOSTS, ONCE, Load
from tests.storm.target import Target


@dataclass(frozen=True)
class Reckoning:
    """All runs of one site, once they are over."""

    site: RunSite
    target: Target
    wardround: Wardround
    load: Load
    kinds: Collection[str]
    """Of the blows that hit."""

    def tell(self) -> bool:
        """Print it all; whether everything is as it must be."""
        views = [self.wardround.runs.get(run.number) for run in self.wardround.runs.list(100_000)]
        happened = Counter(line for host in HOSTS for line in self.site.lines(host))
        wrong = self._wrong(views, happened)
        every = [one for view in views for one in view.attempts]
        said = Counter(_state(one) for one in every)
        states = ", ".join(f"{count} {state}" for state, count in Counter(v.run.state for v in views).items())
        print(
            f"{len(views)} runs: {states}; {happened.total()} effects of once; {len(every)} attempts, "
            f"{said[TaskState.SKIPPED]} of them forbidden before they began, "
            f"{said[TaskState.UNREACHABLE]} without a way to the host, {said[TaskState.UNKNOWN]} unknown, "
            f"{sum(len(view.rulings) for view in views)} ruled on"
        )
        print(", ".join(f"{len(found)} {what}" for what, found in wrong.items()), flush=True)
        for what, found in wrong.items():
            for place in sorted(found)[:20]:
                print(f"  {what}: {place}")
        succeeded = any(view.run.state is RunState.SUCCEEDED for view in views)
        return succeeded and not any(wrong.values())

    def _wrong(self, views: list[RunView], happened: Mapping[str, int]) -> Mapping[str, set[str]]:
        latest = {_place(view.run, one): one for view in views for one in view.latest}
        once = {place: one for place, one in latest.items() if place.rpartition(" ")[2] in ONCE}
        chain = self.wardround.audit.verify(())
        return {
            "twice": {place for place, count in happened.items() if count > 1},
            "lost": {p for p, one in once.items() if _says_begun(one) and not happened[p]}
            | {place for view in views for place in self._due(view.run) if not happened[place]},
            "denied": {p for p, one in once.items() if _says_never_begun(one) and happened[p]},
            "unknown untruly": {
                _place(view.run, one)
                for view in views
                for one in view.attempts
                if _state(one) is TaskState.UNKNOWN and not self._is_true(one)
            },
            "told untruly": {
                f"{_place(view.run, one)} {_state(one)}"
                for view in views
                for one in view.attempts
                if _state(one) is not TaskState.UNKNOWN and not self._is_true(one)
            },
            "not ended as they must": {
                f"run {view.run.number} {view.run.state} {view.run.wait or ''}"
                for view in views
                if not self._well(view)
            },
            "with a gap": {f"run {view.run.number}" for view in views if _has_gap(view.run)},
            "breaks of the log": set() if chain.sound else {str(chain.broken)},
        }

    def _due(self, run: Run) -> set[str]:
        """Effects that must have happened, if a run is said to have succeeded."""
        name = _name(run)
        if run.state is not RunState.SUCCEEDED:
            return set()
        return {f"{name} {host} {task}" for host in self.load.hosts[name] for task in ONCE}

    def _is_true(self, attempt: Attempt) -> bool:
        """Whether what is said of an attempt is what its host has kept of it."""
        if not attempt.intent.spool or attempt.outcome is None:
            return (
                attempt.outcome is not None
            )  # it was entered when it was over: a run that is over has no other
        state, rc = attempt.outcome.state, attempt.outcome.rc
        kept = self.target.kept(attempt.intent)
        if kept is None or not kept.boot:
            return state is TaskState.SKIPPED or (state is TaskState.FAILED and rc is None)
        if kept.how:
            said = TaskState.OK if kept.rc == "0" else TaskState.FAILED
            return (kept.how, kept.rc, state) == ("exited", str(rc), said)
        # Nothing was written down: true of what another boot had under way, and of nothing else here.
        return kept.boot != self.target.boot and state is TaskState.UNKNOWN

    def _well(self, view: RunView) -> bool:
        """Nobody gives up here, so each ends; failed only where a blow of this storm does that."""
        states = {_state(one) for one in view.latest}
        if view.run.state is RunState.FAILED:
            away = TaskState.UNREACHABLE in states and bool(UNREACHABLE & set(self.kinds))
            return away or (TaskState.FAILED in states and "full-spool" in self.kinds)
        return view.run.state is RunState.SUCCEEDED


def _state(attempt: Attempt) -> TaskState:
    return attempt.outcome.state if attempt.outcome else TaskState.INTENDED


def _says_begun(attempt: Attempt) -> bool:
    outcome = attempt.outcome
    return outcome is not None and (outcome.state is TaskState.OK or outcome.rc is not None)


def _says_never_begun(attempt: Attempt) -> bool:
    outcome = attempt.outcome
    if outcome is None:
        return False
    failed = outcome.state is TaskState.FAILED and outcome.rc is None
    return failed or outcome.state in (TaskState.UNREACHABLE, TaskState.SKIPPED)


def _has_gap(run: Run) -> bool:
    sequences: list[int] = []
    while found := [event.sequence for event in run_events(run.number, len(sequences))]:
        sequences += found
    return sequences != list(range(1, run.last_event + 1))


def _place(run: Run, attempt: Attempt) -> str:
    return f"{_name(run)} {attempt.intent.host} {attempt.intent.task}"


def _name(run: Run) -> str:
    return run.runbook.rpartition("/")[2]
