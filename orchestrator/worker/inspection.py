"""An inspection that somebody waits for: asked for, carried out, and stopped when they are called away."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
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
    with _signals() as called:
        number = runs.ask_round(request)
        with some_worker(wardround, number) as hands:

            def check() -> None:
                hands.check()
                if called:
                    raise KeyboardInterrupt

            try:
                _follow(wardround, number, check, on_progress)
            except KeyboardInterrupt:
                _stop(wardround, number, request, hands)
            except Busy:
                _stop(wardround, number, request, hands)
                raise
    return _round_of(runs.get(number).run)


def _stop(wardround: Wardround, number: int, request: RoundRequest, hands: Hands) -> None:
    """Stop it, and wait until it has."""
    runs = wardround.runs
    if not runs.get(number).run.state.over:
        runs.stop_round(number, request.actor)
    _follow(wardround, number, hands.check, lambda _: None, patient=True)


def _follow(
    wardround: Wardround,
    number: int,
    check: Callable[[], None],
    on_progress: OnProgress,
    *,
    patient: bool = False,
) -> None:
    for event in wardround.runs.follow(number, 0, check):
        if event.kind is RunEventKind.PROGRESS:
            on_progress(_progress(event))
        if event.kind is RunEventKind.WAITS and not patient:
            raise Busy(_text(event.data["reason"]))


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
def _signals() -> Iterator[list[int]]:
    """A terminal that is closed and a service that is stopped end a round as Ctrl-C does. The first one is
    only noted: raised in the middle of a query it would leave a connection that holds a lock."""
    called: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if called:
            raise KeyboardInterrupt
        called.append(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield called
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
