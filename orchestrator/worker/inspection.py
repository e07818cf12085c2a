"""An inspection that somebody waits for: asked for, carried out, and stopped when they are called away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from orchestrator.application.round_request import OnProgress, RoundRequest
from orchestrator.bootstrap import Wardround
from orchestrator.errors import Busy, Refused, StoreError, UnreachableReason
from orchestrator.language import Text
from orchestrator.model.round import HostFailure, Progress
from orchestrator.model.run import Run, RunEvent, RunEventKind, RunState
from orchestrator.model.verdict import Verdict
from orchestrator.worker.start import Hands, some_worker


def run_round(wardround: Wardround, request: RoundRequest, on_progress: OnProgress) -> int:
    """Have a round carried out, and return its number. Ctrl-C, SIGTERM and SIGHUP end it as cancelled, with
    what was collected; a second one leaves it at once.

    Raises:
        NotFound, Refused, Busy: nothing was reached.
        StoreError: the records can't be written.
        KeyboardInterrupt: stopped before there was a round.
    """
    runs = wardround.runs
    number = runs.ask_round(request)
    after = 0
    with _signals(), some_worker(wardround, number) as hands:
        try:
            after = _follow(wardround, number, after, hands, on_progress)
        except KeyboardInterrupt:
            if not runs.get(number).run.state.over:
                runs.stop_round(number, request.actor)
            _follow(wardround, number, 0, hands, lambda _: None)
        except Busy:
            runs.stop_round(number, request.actor)
            _follow(wardround, number, 0, hands, lambda _: None, patient=True)
            raise
    return _round_of(runs.get(number).run)


def _follow(
    wardround: Wardround,
    number: int,
    after: int,
    hands: Hands,
    on_progress: OnProgress,
    *,
    patient: bool = False,
) -> int:
    for event in wardround.runs.follow(number, after, hands.check):
        after = event.sequence
        if event.kind is RunEventKind.PROGRESS:
            on_progress(_progress(event))
        if event.kind is RunEventKind.WAITS and not patient:
            raise Busy(_text(event.data["reason"]))
    return after


def _round_of(run: Run) -> int:
    if run.round is not None:
        return run.round
    reason = run.reason or run.state.label
    if run.state is RunState.REFUSED:
        raise Refused(reason)
    if run.state is RunState.CANCELLED:
        raise KeyboardInterrupt
    raise StoreError(reason)


def _progress(event: RunEvent) -> Progress:
    data = event.data
    counts = data["counts"]
    failure = None
    if data.get("failure"):
        failure = HostFailure(UnreachableReason(str(data["reason"])), _text(data["failure"]))
    return Progress(
        host=event.host,
        verdict=Verdict(str(data["verdict"])),
        failure=failure,
        hosts_done=int(str(data["done"])),
        hosts_all=int(str(data["hosts"])),
        counts={Verdict(name): count for name, count in counts.items()} if isinstance(counts, dict) else {},
    )


def _text(stored: object) -> Text:
    zh, en = stored if isinstance(stored, list) else ("", "")
    return Text(zh, en)


@contextmanager
def _signals() -> Iterator[None]:
    """A terminal that is closed and a service that is stopped end a round as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
